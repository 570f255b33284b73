"""Draws how far signals agree: a lower triangle of numbers for each task and measure."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from saccade.analysis.agreement import MEASURES
from saccade.analysis.labels import label
from saccade.analysis.plots.choosing import chosen, left_out, tasks_drawn
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.panels import add_legend, panels
from saccade.analysis.plots.style import COLUMN, axes_of, style

SCALES = {"spearman": ("PuOr_r", -1.0), "overlap": ("Greens", 0.0)}
"""Colours, and where they start; all end at 1."""
HALVES = {
    "#e08214": "rank correlation, below the diagonal",
    "#41ab5d": "overlap of top tokens, above the diagonal",
}
"""A colour of either measure, and what the legend says of it."""
ACROSS = 3
"""Panels in a row."""


def plot_agreement(frame: pd.DataFrame, *, task: str | None = None, ax: Axes | None = None) -> Axes:
    """One task (the first, unless named): below the diagonal rank correlation, above it overlap."""
    task = chosen(frame, "task", task)
    rows, signals = frame[frame["task"] == task], _signals(frame)
    with style():
        ax = axes_of(ax, (COLUMN, 3.0))
        for measure in MEASURES:
            _draw_half(ax, rows[rows["measure"] == measure], signals, measure)
        ticks = np.arange(len(signals)) + 0.5
        names = [label(name).text for name in signals]
        ax.set_yticks(ticks, names)
        ax.set_xticks(ticks, names, rotation=55, ha="right", rotation_mode="anchor")
        ax.set(xlim=(0, len(signals)), ylim=(len(signals), 0))
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        chance = rows.loc[rows["measure"] == "overlap", "chance"].iloc[0]
        n = rows["n_questions"].max()
        titled(ax, f"{named(task)}, n = {n}\noverlap by chance {chance:.2f}")
    return ax


def plot_agreements(frame: pd.DataFrame) -> Figure:
    """One panel per task; of many tasks those with most questions."""
    tasks = tasks_drawn(frame)

    def draw(task: str, ax: Axes) -> None:
        plot_agreement(frame, task=task, ax=ax)
        if tasks.index(task) % ACROSS:
            ax.set_yticklabels([])
        if tasks.index(task) + ACROSS < len(tasks):
            ax.set_xticklabels([])

    more = left_out("tasks", frame["task"].nunique())
    title = f"Agreement of signals within responses; n counts questions{more}"
    figure = panels(tasks, draw, title=title, columns=ACROSS, height=2.5)
    add_legend(figure, [Patch(color=colour) for colour in HALVES], list(HALVES.values()))
    return figure


def _draw_half(ax: Axes, rows: pd.DataFrame, signals: list[str], measure: str) -> None:
    """One measure of every pair in its colours, with its number."""
    colours, lowest = SCALES[measure]
    index, columns = ("b", "a") if measure == MEASURES[0] else ("a", "b")
    table = rows.pivot(index=index, columns=columns, values="mean").reindex(
        index=signals, columns=signals
    )
    values = table.to_numpy(dtype=np.float64)
    cells = np.ma.masked_invalid(values)
    ax.pcolormesh(cells, cmap=colours, vmin=lowest, vmax=1, edgecolor="#ffffff", linewidth=1.5)
    _write_numbers(ax, values, lowest)


def _signals(frame: pd.DataFrame) -> list[str]:
    """Every signal in the order of the run."""
    return list(dict.fromkeys([*frame["a"], *frame["b"]]))


def _write_numbers(ax: Axes, values: NDArray[np.float64], lowest: float) -> None:
    """Each cell's number, light on dark cells; no room need be made for what lies inside."""
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            strong = abs(value) > 0.66 if lowest < 0 else value > 0.6
            colour = "#fefefe" if strong else "#111111"
            place = (column + 0.5, row + 0.5)
            ax.text(
                *place,
                f"{value:.2f}".replace("-", "−"),
                ha="center",
                va="center",
                fontsize=7,
                color=colour,
            ).set_in_layout(False)
