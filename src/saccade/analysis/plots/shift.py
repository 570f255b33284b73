"""Draws the hidden shift of top and other tokens: two bars per task, with intervals."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saccade.analysis.intervals import has_intervals
from saccade.analysis.labels import counted, label
from saccade.analysis.plots.bars import draw_bars
from saccade.analysis.plots.fitting import across, titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.style import COLUMN, HIGHLIGHT, MUTED, axes_of, style
from saccade.analysis.ranking import panel_title

BARS = {"top": (HIGHLIGHT, -0.19), "rest": (MUTED, 0.19)}
"""Colour, and where the bar lies around the line of its task."""


def plot_shift_bars(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Two bars per task, the top tokens above the others, whiskers for the intervals."""
    tasks = list(dict.fromkeys(frame["task"]))
    with style():
        ax = axes_of(ax, (1.4 * COLUMN, 1.35 + 0.5 * len(tasks)))
        for part, (colour, offset) in BARS.items():
            rows = frame[frame["part"] == part].set_index("task").loc[tasks]
            draw_bars(ax, rows, np.arange(len(tasks)) + offset, colour, height=0.36)
        _write_ratios(ax, frame, tasks)
        ax.set_yticks(range(len(tasks)), [_task(frame, task) for task in tasks])
        ax.set_ylim(len(tasks) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        name = label(frame.attrs.get("shift", "hidden_shift")).text
        interval = ", 95 % interval" if has_intervals(frame) else ""
        ax.set_xlabel(f"mean {name} of a question{interval}")
        names = [panel_title("top", frame.attrs.get("top")), "Other tokens"]
        ax.legend(ax.containers[::2], names, loc="lower left", bbox_to_anchor=(0, 1))
        _write_title(ax, f"{name.capitalize()}, by nearness to the image")
    return ax


def plot_shift(frame: pd.DataFrame) -> Figure:
    """The whole figure."""
    figure = plot_shift_bars(frame).get_figure(root=True)
    assert figure is not None
    plt.close(figure)
    return figure


def _write_ratios(ax: Axes, frame: pd.DataFrame, tasks: list[str]) -> None:
    """How many times larger, at the end of the upper bar."""
    table: Any = frame.set_index(["part", "task"])
    for place, task in enumerate(tasks):
        top, rest = (table.loc[(part, task), "mean"] for part in BARS)
        end = np.nanmax([table.loc[("top", task), "high"], top])
        if rest > 0:
            ax.annotate(
                f"{top / rest:.2f}×",
                (end, place + BARS["top"][1]),
                (5, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
            )
    ax.margins(x=0.14)


def _write_title(ax: Axes, title: str) -> None:
    """Above the legend, and no wider than what the names of the tasks leave."""
    lines = [line for tick in ax.get_yticklabels() for line in tick.get_text().split("\n")]
    beside = max(across(line, rcParams["ytick.labelsize"]) for line in lines)
    titled(ax, title, beside=beside + 0.2)
    ax.set_title(ax.get_title(loc="left"), pad=34)


def _task(frame: pd.DataFrame, task: str) -> str:
    """A task's name with its number of questions."""
    n = int(frame.loc[frame["task"] == task, "n_questions"].max())
    return f"{named(task)}\nn = {counted(n, 'question')}"
