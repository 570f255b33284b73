"""Several panels of one kind in one figure: one for each task, or each signal."""

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from saccade.analysis.plots.style import COLUMN, style

MOST = 12
"""Panels that are drawn; what is left is in the table behind the figure."""


def panels(
    keys: Sequence[str],
    draw: Callable[[str, Axes], object],
    *,
    title: str,
    columns: int = 3,
    height: float = 2.3,
) -> Figure:
    """One panel per key, row by row, under one title; a lone panel is wider."""
    shown = list(keys)[:MOST]
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    with style():
        layout = ConstrainedLayoutEngine(wspace=0.05, hspace=0.06, h_pad=0.06)
        width = COLUMN * (1.5 if columns == 1 else columns)
        figure = Figure(figsize=(width, 0.3 + height * rows), layout=layout)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for key, ax in zip(shown, axes, strict=False):
            draw(key, ax)
        for ax in axes[len(shown) :]:
            ax.set_axis_off()
        more = f", {len(shown)} of {len(keys)} shown" if len(keys) > len(shown) else ""
        figure.suptitle(title + more, x=0.006, ha="left")
    return figure
