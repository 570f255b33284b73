"""FIGURES: every figure by id. To add one: write compute, plot and describe, and list them here.

Functions are named as `module:function` and fetched when used, so that reading this table costs
nothing: `saccade list figures` loads neither pandas nor matplotlib.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True)
class Finding:
    """What a figure's numbers say: a sentence computed from them, and the numbers themselves."""

    sentence: str
    numbers: "pd.DataFrame"


@dataclass(frozen=True)
class Figure:
    """One figure: which table it reads, and the names of the functions that make it."""

    id: str
    title: str
    paper: str
    """The published figure it redraws."""
    line: str
    """What it shows, in one line."""
    signals: tuple[str, ...]
    """Token columns it cannot do without."""
    reads: Literal["tokens", "rollouts"]
    """The run's table that `compute` takes."""
    compute: str
    """Table to tidy frame."""
    plot: str
    """Frame to a whole matplotlib figure."""
    describe: str
    """Frame to `Finding`."""

    def frame(self, table: "pd.DataFrame", **options: Any) -> "pd.DataFrame":
        """The numbers behind the figure."""
        frame: pd.DataFrame = _fetch(self.compute)(table, **options)
        return frame

    def draw(self, frame: "pd.DataFrame") -> "Canvas":
        """The drawing of `frame`."""
        canvas: Canvas = _fetch(self.plot)(frame)
        return canvas

    def find(self, frame: "pd.DataFrame") -> Finding:
        """What `frame` says, in words and in numbers."""
        finding: Finding = _fetch(self.describe)(frame)
        return finding


def _fetch(name: str) -> Callable[..., Any]:
    """The function named `module:function`, the module relative to this package."""
    module, function = name.split(":")
    found: Callable[..., Any] = getattr(import_module(f"saccade.analysis.{module}"), function)
    return found


FIGURES: dict[str, Figure] = {
    figure.id: figure
    for figure in (
        Figure(
            id="pepo_2",
            title="Visual similarity of correct and incorrect responses",
            paper="PEPO, figure 2",
            line="Distribution over questions of visual similarity: all, top and bottom tokens.",
            signals=("visual_similarity",),
            reads="tokens",
            compute="distributions:similarity_distributions",
            plot="plots.similarity:plot_similarity_panels",
            describe="distributions:describe_similarity",
        ),
    )
}
