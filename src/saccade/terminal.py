"""What a terminal shows: bars with an estimate while long work runs, and text it cannot obey.

Where standard error is no terminal, plain lines take the place of the bars. Of several processes at
one run only the first shows how far it is.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from saccade.team import Team

LINES = 10
"""Plain lines that one piece of work prints, about."""

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and newline, marks that turn the direction of writing, and the
surrogates that stand for undecodable bytes in file names."""


def inert(text: str) -> str:
    r"""The text with all that a terminal would obey spelt out: `\x1b[31m` stays those six letters.

    >>> print(inert("runs/\x1b[31mred"))
    runs/\x1b[31mred
    """
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def quiet_libraries() -> None:
    """Where standard error is no terminal, or shown by another process, nor does transformers."""
    if not sys.stderr.isatty() or not Team.here().first:
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()


@contextmanager
def progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """A callback `(done, total)` that shows on standard error how far the work `name` is.

    In the first of several processes that is its own share, and in the others nothing is shown.
    """
    team = Team.here()
    if not team.alone:
        name = f"{name} by {team}"
    if not team.first:
        yield lambda _done, _total: None
    elif sys.stderr.isatty():
        with _bar(name) as show:
            yield show
    else:
        yield _lines(name)


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that lives from the first news to the last, so that bars of later work follow it."""
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
    bars = Progress(*columns, console=Console(stderr=True))
    work = bars.add_task(name, total=None)

    def show(done: int, total: int) -> None:
        if not bars.finished:
            bars.start()
        bars.update(work, completed=done, total=total)
        if done >= total:
            bars.stop()

    try:
        yield show
    finally:
        bars.stop()


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
