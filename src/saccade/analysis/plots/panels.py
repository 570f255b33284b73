"""Several panels of one kind in one figure: one for each task, or each signal."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from saccade.analysis.plots.choosing import MOST, left_out
from saccade.analysis.plots.fitting import across, fitted, headed, room
from saccade.analysis.plots.style import COLUMN, PAGE, style

FREE = "free"
"""The label of a cell without a panel."""
HANDLE, APART = 0.25, 0.6
"""Inches by which a line before a name reduces the room for it, and from one name to the next."""


def panels(
    keys: Sequence[str],
    draw: Callable[[str, Axes], object],
    *,
    title: str,
    columns: int = 3,
    height: float = 2.3,
) -> Figure:
    """One panel per key, row by row, under one title; a lone panel is wider."""
    shown = list(keys)[: MOST["panels"]]
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    with style():
        layout = ConstrainedLayoutEngine(wspace=0.05, hspace=0.06, h_pad=0.06)
        width = min(PAGE, COLUMN * max(1.5, columns))
        figure = Figure(figsize=(width, 0.3 + height * rows), layout=layout)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for key, ax in zip(shown, axes, strict=False):
            draw(key, ax)
        for ax in axes[len(shown) :]:
            ax.set_axis_off()
            ax.set_label(FREE)
        headed(figure, title + left_out("panels", len(keys)))
    return figure


def add_legend(
    figure: Figure, handles: Sequence[Any], names: Sequence[str], *, title: str = ""
) -> None:
    """One legend for all panels: in the first cell that has no panel, or else below them."""
    free = next((ax for ax in figure.axes if ax.get_label() == FREE), None)
    with style():
        if free is None:
            widest = max((across(name, rcParams["legend.fontsize"]) for name in names), default=0)
            columns = max(1, int(figure.get_size_inches()[0] / (widest + APART)))
            figure.legend(handles, names, loc="outside lower left", ncols=columns, **_headed(title))
            return
        size = rcParams["legend.fontsize"]
        lines = [fitted(name, room(free) - HANDLE, size=size) for name in names]
        head = fitted(title, room(free), size=rcParams["font.size"])
        # The cell is as wide as the panels above it, and not as wide as its words.
        free.legend(handles, lines, loc="upper left", **_headed(head)).set_in_layout(False)


def _headed(title: str) -> dict[str, Any]:
    return {"title": title, "alignment": "left"} if title else {}
