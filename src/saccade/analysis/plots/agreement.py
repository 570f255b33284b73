"""Draws how far signals agree: a lower triangle of numbers for each task and measure."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from saccade.analysis.agreement import MEASURES
from saccade.analysis.labels import label
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.panels import panels
from saccade.analysis.plots.style import COLUMN, style

SCALES = {"spearman": ("PuOr_r", -1.0, "rank correlation"), "overlap": ("Greens", 0.0, "overlap")}
"""Colours, where they start (all end at 1), and the measure's name."""
TASKS = 4
"""Tasks that are drawn, those with most questions; the others are in the table."""


def plot_agreement(
    frame: pd.DataFrame,
    *,
    measure: str = "spearman",
    task: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One measure in one task (the first, unless named), each pair of signals once."""
    task = task or str(frame["task"].iloc[0])
    rows = frame[(frame["task"] == task) & (frame["measure"] == measure)]
    signals = _signals(frame)
    colours, lowest, words = SCALES[measure]
    with style():
        ax = ax or plt.subplots(figsize=(1.2 * COLUMN, 2.7), layout="constrained")[1]
        table = rows.pivot(index="b", columns="a", values="mean")
        table = table.reindex(index=signals[1:], columns=signals[:-1])
        values = table.to_numpy(dtype=np.float64)
        ax.pcolormesh(values, cmap=colours, vmin=lowest, vmax=1, edgecolor="#ffffff", linewidth=1.5)
        _write_numbers(ax, values, lowest)
        ticks = np.arange(len(signals) - 1) + 0.5
        ax.set_yticks(ticks, [label(name).text for name in signals[1:]])
        ax.set_xticks(
            ticks,
            [label(name).text for name in signals[:-1]],
            rotation=35,
            ha="right",
            rotation_mode="anchor",
        )
        ax.invert_yaxis()
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        by_chance = f", by chance {rows['chance'].iloc[0]:.2f}" if measure == "overlap" else ""
        ax.set_title(f"{named(task)}, n = {rows['n_questions'].max()}\n{words}{by_chance}")
    return ax


def plot_agreements(frame: pd.DataFrame) -> Figure:
    """Both measures for each task, side by side."""
    sizes = frame.groupby("task")["n_questions"].max()
    tasks = sorted(sizes.nlargest(TASKS).index)
    keys = {f"{task}\0{measure}": (task, measure) for task in tasks for measure in MEASURES}

    def draw(key: str, ax: Axes) -> None:
        task, measure = keys[key]
        plot_agreement(frame, measure=measure, task=task, ax=ax)
        if measure != MEASURES[0]:
            ax.set_yticklabels([])
        if task != tasks[-1]:
            ax.set_xticklabels([])

    more = "" if len(tasks) == len(sizes) else f", {len(tasks)} of {len(sizes)} tasks shown"
    title = f"Agreement of signals within responses (n = questions{more})"
    return panels(list(keys), draw, title=title, columns=2, height=2.9)


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
