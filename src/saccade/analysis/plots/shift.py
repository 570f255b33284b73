"""Draws the hidden shift of top and other tokens: two bars per task, with intervals."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saccade.analysis.labels import label
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.style import COLUMN, HIGHLIGHT, INK, MUTED, style
from saccade.analysis.ranking import panel_title

BARS = {"top": (HIGHLIGHT, -0.19), "rest": (MUTED, 0.19)}
"""Colour, and where the bar lies around the line of its task."""


def plot_shift_bars(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Two bars per task, the top tokens above the others, whiskers for the intervals."""
    tasks = list(dict.fromkeys(frame["task"]))
    with style():
        if ax is None:
            size = (1.4 * COLUMN, 1.15 + 0.5 * len(tasks))
            _, ax = plt.subplots(figsize=size, layout="constrained")
        for part, (colour, offset) in BARS.items():
            rows = frame[frame["part"] == part].set_index("task").loc[tasks]
            _draw_bars(ax, rows, np.arange(len(tasks)) + offset, colour)
        _write_ratios(ax, frame, tasks)
        ax.set_yticks(range(len(tasks)), [_counted(frame, task) for task in tasks])
        ax.set_ylim(len(tasks) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        name = label(frame.attrs.get("shift", "hidden_shift")).text
        ax.set_xlabel(f"mean {name} of a question, 95 % interval")
        ax.set_title(f"{name.capitalize()}, by nearness to the image", pad=20)
        names = [panel_title("top", frame.attrs.get("top")), "Other tokens"]
        ax.legend(ax.containers[::2], names, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax


def plot_shift(frame: pd.DataFrame) -> Figure:
    """The whole figure."""
    figure = plot_shift_bars(frame).get_figure(root=True)
    assert figure is not None
    plt.close(figure)
    return figure


def _draw_bars(ax: Axes, rows: pd.DataFrame, places: Any, colour: str) -> None:
    """The bars of one kind, and their whiskers where there is an interval."""
    ax.barh(places, rows["mean"], height=0.36, color=colour)
    ends = np.clip([rows["mean"] - rows["low"], rows["high"] - rows["mean"]], 0, None)
    ax.errorbar(
        rows["mean"], places, xerr=ends, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2.2
    )


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


def _counted(frame: pd.DataFrame, task: str) -> str:
    """A task's name with its number of questions."""
    n = frame.loc[frame["task"] == task, "n_questions"].max()
    return f"{named(task)}\nn = {n} questions"
