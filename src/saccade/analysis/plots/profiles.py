"""Draws profiles, along layers and along the response: a line of means in a band of intervals."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from saccade.analysis.labels import label
from saccade.analysis.plots.choosing import chosen, left_out, tasks_drawn
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.panels import add_legend, panels
from saccade.analysis.plots.similarity import GROUPS
from saccade.analysis.plots.style import COLUMN, SERIES, axes_of, legend_above, style


def draw_band(
    ax: Axes,
    rows: pd.DataFrame,
    x: str,
    *,
    colour: str,
    dashes: Any,
    name: str,
    dots: bool = True,
) -> None:
    """A line with a dot at every mean, or a thin one without, and the band of its intervals."""
    rows = rows.sort_values(x)
    places, mean, low, high = (
        rows[c].to_numpy(dtype=np.float64) for c in (x, "mean", "low", "high")
    )
    ax.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0)
    drawn = {"marker": "o", "markersize": 2.6} if dots else {"linewidth": 1.0}
    ax.plot(places, mean, color=colour, linestyle=dashes, label=name, **drawn)


def plot_layer_profile(
    frame: pd.DataFrame, *, task: str | None = None, ax: Axes | None = None
) -> Axes:
    """One task (the first, unless named): correct and incorrect at every hidden state."""
    task = chosen(frame, "task", task)
    rows = frame[frame["task"] == task]
    with style():
        ax = axes_of(ax, (COLUMN, 2.5))
        for verdict, (name, colour, dashes) in GROUPS.items():
            group = rows[rows["correct"] == verdict]
            n = int(group["n_questions"].max()) if len(group) else 0
            words = f"{name}, n = {n}" if n else f"no {name} responses"
            draw_band(ax, group, "layer", colour=colour, dashes=dashes, name=words)
        titled(ax, named(task))
        ax.set_xlabel("hidden state (0: embeddings)")
        ax.set_ylabel(f"mean {label(frame.attrs.get('signal', 'visual_similarity')).text}")
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        legend_above(ax)
    return ax


def plot_layers(frame: pd.DataFrame) -> Figure:
    """One panel per task."""
    name = label(frame.attrs.get("signal", "visual_similarity")).text
    return panels(
        list(dict.fromkeys(frame["task"])),
        lambda task, ax: plot_layer_profile(frame, task=task, ax=ax),
        title=f"{name.capitalize()} by hidden state; n counts questions",
    )


def plot_position_profile(
    frame: pd.DataFrame, *, signal: str | None = None, ax: Axes | None = None
) -> Axes:
    """One signal (the first, unless named) along the response, a line per task.

    Of many tasks those with most questions are drawn.
    """
    signal = chosen(frame, "signal", signal)
    rows = frame[frame["signal"] == signal]
    sizes = frame.groupby("task")["n_questions"].max()
    with style():
        ax = axes_of(ax, (COLUMN, 2.5))
        for task, (colour, dashes) in zip(tasks_drawn(frame), SERIES, strict=False):
            words = f"{named(task)}, n = {sizes[task]}"
            group = rows[rows["task"] == task]
            draw_band(ax, group, "at", colour=colour, dashes=dashes, name=words)
        titled(ax, label(signal).text)
        ax.set_ylabel("mean of a question")
        _places(ax, frame)
    return ax


def _places(ax: Axes, frame: pd.DataFrame) -> None:
    """The axis along the response: shares of it, or tokens."""
    if frame.attrs.get("along") == "tokens":
        ax.set_xlabel("token of the response, from 0")
        ax.set_xlim(left=0)
        return
    ax.set_xlabel("place in the response")
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))


def plot_positions(frame: pd.DataFrame) -> Figure:
    """One panel per signal, with one legend."""
    more = ", token by token" if frame.attrs.get("along") == "tokens" else ""
    more += f"; n counts questions{left_out('tasks', frame['task'].nunique())}"
    figure = panels(
        list(dict.fromkeys(frame["signal"])),
        lambda signal, ax: plot_position_profile(frame, signal=signal, ax=ax),
        title=f"Signals along the response{more}",
        height=2.0,
    )
    add_legend(figure, *figure.axes[0].get_legend_handles_labels())
    return figure
