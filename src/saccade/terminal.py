"""What long work shows while it runs: a bar with an estimate on a terminal, else plain lines."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LINES = 10
"""Plain lines that one piece of work prints, about."""


@contextmanager
def progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """A callback `(done, total)` that shows on standard error how far the work `name` is."""
    if sys.stderr.isatty():
        with _bar(name) as show:
            yield show
    else:
        yield _lines(name)


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(escape(name)), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        work = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(work, completed=done, total=total)


def _lines(name: str) -> Callable[[int, int], None]:
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        share = done * LINES // max(1, total)
        if share > shown:
            shown = share
            sys.stderr.write(f"{name}: {done} of {total}\n")
            sys.stderr.flush()

    return show
