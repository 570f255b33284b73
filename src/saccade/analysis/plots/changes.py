"""Draws differences with their intervals: a panel per measure, a line per task, zero in sight."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from saccade.analysis.comparing.changes import measure_name
from saccade.analysis.labels import label
from saccade.analysis.plots.choosing import chosen, left_out
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.panels import add_legend, panels
from saccade.analysis.plots.style import COLUMN, MUTED, PAPER, SERIES, axes_of, style

MARKERS = "osD^vP"
"""One for each colour of SERIES."""
UNITS = {"accuracy": "share of responses", "length": "tokens"}
"""What is counted in; of a signal its label says it."""
CORRECTIONS = {"p_holm": "Holm", "p_bh": "Benjamini-Hochberg"}
TITLES = {
    "free": "What changed against {first}, each model in its own words",
    "forced": "What changed, after less before, both models reading the same responses",
    "verdicts": "Change of correct less that of incorrect responses, read by both models",
}


def plot_changes(
    frame: pd.DataFrame, *, measure: str | None = None, ax: Axes | None = None
) -> Axes:
    """One measure (the first, unless named): a dot and its interval per task and series.

    A full mark is a difference that holds after Holm's correction; a hollow one does not.
    """
    measure = chosen(frame, "measure", measure)
    rows = frame[frame["measure"] == measure]
    tasks = list(dict.fromkeys(rows["task"]))
    names = list(dict.fromkeys(frame["series"]))[: len(SERIES)]
    with style():
        ax = axes_of(ax, (COLUMN, 0.9 + 0.32 * len(tasks)))
        for number, name in enumerate(names):
            part = rows[rows["series"] == name].set_index("task").reindex(tasks)
            offset = 0.56 * ((number + 0.5) / len(names) - 0.5)
            draw_dots(ax, part, np.arange(len(tasks)) + offset, number=number)
        ax.axvline(0, color=MUTED, linewidth=0.7, zorder=0)
        counts = rows.groupby("task")["questions"].max()
        ax.set_yticks(range(len(tasks)), [f"{named(task)}, n = {counts[task]}" for task in tasks])
        ax.set_ylim(len(tasks) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.xaxis.set_major_locator(MaxNLocator(4))
        unit = UNITS.get(measure, label(measure).unit)
        ax.set_xlabel(f"difference, {unit}" if unit else "difference")
        titled(ax, measure_name(measure))
    return ax


def draw_dots(ax: Axes, rows: pd.DataFrame, places: Any, *, number: int, p: str = "p_holm") -> None:
    """One series: intervals as lines, differences as dots, full where the corrected `p` holds."""
    colour, held = SERIES[number][0], (rows[p] < 0.05).to_numpy()
    ax.hlines(places, rows["low"], rows["high"], color=colour, linewidth=1.4)
    ax.scatter(
        rows["difference"],
        places,
        s=17,
        marker=MARKERS[number],
        facecolor=[colour if sure else PAPER for sure in held],
        edgecolor=colour,
        linewidth=1.1,
        zorder=3,
    )


def plot_all_changes(frame: pd.DataFrame) -> Figure:
    """One panel per measure; tasks are named in the first of each row."""
    measures = list(dict.fromkeys(frame["measure"]))
    title = TITLES[frame.attrs["kind"]].format(first=named(str(frame.attrs.get("first"))))
    figure = panels(
        measures,
        lambda measure, ax: plot_changes(frame, measure=measure, ax=ax),
        title=f"{title}; n counts questions{left_out('runs', frame['series'].nunique())}",
        height=0.95 + 0.22 * frame["task"].nunique(),
    )
    for number, ax in enumerate(figure.axes):
        if number % 3 and number < len(measures):
            ax.set_yticklabels([])
    name_series(figure, frame)
    return figure


def name_series(figure: Figure, frame: pd.DataFrame, *, p: str = "p_holm") -> None:
    """Under a figure: which colour is whose, and what a full dot says."""
    forced = frame.attrs.get("kind") != "free"
    names = list(dict.fromkeys(frame["series"]))
    with style():
        handles = [
            Line2D([], [], color=colour, marker=marker, markersize=4)
            for _, (colour, _), marker in zip(names, SERIES, MARKERS, strict=False)
        ]
    labels = [f"responses of {named(name)}" if forced else named(name) for name in names]
    what = f"95 % interval; full where p < 0.05, corrected ({CORRECTIONS[p]})"
    add_legend(figure, handles, labels[: len(handles)], title=what)
