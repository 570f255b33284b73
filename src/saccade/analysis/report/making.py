"""What a report is made with: its folder, its scales, numbers computed ahead, and its progress."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from saccade.analysis.report.folder import Folder
from saccade.analysis.scales import Scale

T = TypeVar("T")

AHEAD = 2
"""Figures computed at a time: one is in Python while the other waits for an answer in SQL."""

Progress = Callable[[int, int], None]
"""Called with how many steps are done and how many there are."""


@dataclass
class Making:
    """One report as it is made."""

    folder: Folder
    scales: Mapping[str, Scale]
    """One for each signal, so that all strips of the report compare."""
    ahead: Executor
    """Computes numbers while figures are drawn."""
    steps: int
    """Figures, and the page."""
    on_progress: Progress | None = None
    done: int = 0

    def tell(self) -> None:
        """Say how far it is."""
        if self.on_progress is not None:
            self.on_progress(self.done, self.steps)

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        self.tell()

    def each(self, figures: Iterable[T]) -> Iterator[T]:
        """Figures as they are done, one step each."""
        for figure in figures:
            yield figure
            self.step()


@contextmanager
def look_ahead() -> Iterator[Executor]:
    """Threads that compute; at the end, or if it goes wrong, what is not begun is dropped."""
    ahead = ThreadPoolExecutor(AHEAD)
    try:
        yield ahead
    finally:
        ahead.shutdown(cancel_futures=True)
