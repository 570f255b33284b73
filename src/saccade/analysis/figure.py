"""What a figure is: its words, and the names of the three functions that make it.

Functions are named as `module:function` and fetched when used, so that a table of figures costs
nothing to read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from saccade.errors import SaccadeError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Canvas

    from saccade.analysis.comparing import Pair
    from saccade.store import Source

    Read = Source | Mapping[str, Source] | Mapping[str, Pair]


@dataclass(frozen=True)
class Finding:
    """What a figure's numbers say: a sentence computed from them, and the numbers themselves."""

    sentence: str
    numbers: "pd.DataFrame"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        html: str = _fetch("report.notebook:finding_html")(self)
        return html


@dataclass(frozen=True)
class Figure:
    """One figure: what it reads, and the names of the functions that make it."""

    id: str
    title: str
    paper: str
    """The published figure it redraws; empty for one of our own."""
    line: str
    """What it shows, in one line."""
    signals: tuple[str, ...]
    """Token columns it cannot do without."""
    reads: Literal["run", "runs", "compared", "forced"]
    """What `compute` takes: a run, to ask it in SQL, or a table of its tokens; `runs`, all runs of
    a report by name, in order; `compared`, the same where there are several; or `forced`, pairs of
    models that read the same responses, by who gave these."""
    compute: str
    """Table or run to tidy frame."""
    plot: str
    """Frame to Axes, or to a whole matplotlib figure."""
    describe: str
    """Frame to `Finding`."""
    of_training: bool = False
    """Whether only a training has it: several steps, a training's log, or several settings."""

    def frame(self, source: "Read", **options: Any) -> "pd.DataFrame":
        """The numbers behind the figure."""
        frame: pd.DataFrame = _fetch(self.compute)(source, **options)
        return frame

    def draw(self, frame: "pd.DataFrame") -> "Canvas":
        """The drawing of `frame`, which pyplot no longer holds."""
        from matplotlib.pyplot import close

        self._check(frame)
        drawn = _fetch(self.plot)(frame)
        canvas: Canvas = getattr(drawn, "figure", drawn)
        close(canvas)
        return canvas

    def find(self, frame: "pd.DataFrame") -> Finding:
        """What `frame` says, in words and in numbers."""
        self._check(frame)
        finding: Finding = _fetch(self.describe)(frame)
        return finding

    def _check(self, frame: "pd.DataFrame") -> None:
        """Refuse a frame that has lost its facts: its titles would be guesses."""
        if not frame.attrs:
            raise SaccadeError(
                f"The figure {self.id} is drawn from a frame with its facts (frame.attrs), and this"
                " one has none, as a table read from a CSV file. Compute it again:"
                f" FIGURES[{self.id!r}].frame(run)."
            )


def _fetch(name: str) -> Callable[..., Any]:
    """The function named `module:function`, the module relative to this package."""
    module, function = name.split(":")
    found: Callable[..., Any] = getattr(import_module(f"saccade.analysis.{module}"), function)
    return found
