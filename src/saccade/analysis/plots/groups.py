"""Draws one question's correct and incorrect responses, and where they part."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from saccade.analysis.labels import counted, label
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.panels import panels
from saccade.analysis.plots.profiles import draw_band
from saccade.analysis.plots.similarity import GROUPS
from saccade.analysis.plots.style import COLUMN, HIGHLIGHT, INK, MUTED, axes_of, legend_above, style

PAIRS = {"other verdict": (INK, "-"), "same verdict": (MUTED, (0, (4, 1.6)))}
"""Colour and line of pairs of responses, by whether their verdicts differ."""


def plot_running_means(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The mean of the signal so far, correct and incorrect responses to the same questions."""
    with style():
        ax = _along(frame, ax)
        rows = frame[frame["part"] == "running"]
        for name, colour, dashes in GROUPS.values():
            draw_band(
                ax, rows[rows["group"] == name], "at", colour=colour, dashes=dashes, name=name
            )
        titled(ax, "a   Mean of the tokens so far")
        ax.set_ylabel(_name(frame))
        legend_above(ax)
    return ax


def plot_running_difference(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Correct minus incorrect within a question, with the line of no difference."""
    with style():
        ax = _along(frame, ax)
        rows = frame[(frame["part"] == "running") & (frame["group"] == "difference")]
        ax.axhline(0, color=MUTED, linewidth=0.7)
        draw_band(ax, rows, "at", colour=HIGHLIGHT, dashes="-", name="difference")
        titled(ax, "b   Correct minus incorrect")
        ax.set_ylabel(f"difference of {_name(frame)}")
    return ax


def plot_shared_tokens(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The share of pairs of responses to one question that agree in all tokens so far."""
    with style():
        ax = axes_of(ax, (COLUMN, 2.5))
        for name, (colour, dashes) in PAIRS.items():
            rows = frame[(frame["part"] == "shared") & (frame["group"] == name)]
            n = int(rows["n_questions"].max()) if len(rows) else 0
            words = f"{name}, n = {n}" if n else f"no pairs of the {name}"
            ax.fill_between(rows["at"], rows["low"], rows["high"], color=colour, alpha=0.14, lw=0)
            ax.plot(rows["at"], rows["mean"], color=colour, linestyle=dashes, label=words)
        titled(ax, "c   Pairs of responses that still agree")
        ax.set(xlabel="after so many tokens", ylabel="share of pairs", ylim=(0, 1.03))
        ax.set_yticks(np.linspace(0, 1, 6))
        ax.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        legend_above(ax)
    return ax


def plot_groups(frame: pd.DataFrame) -> Figure:
    """The three panels."""
    draw = {"a": plot_running_means, "b": plot_running_difference, "c": plot_shared_tokens}
    n = counted(int(frame.loc[frame["part"] == "running", "n_questions"].max()), "question")
    title = f"Correct and incorrect responses to the same question (n = {n})"
    return panels(list(draw), lambda key, ax: draw[key](frame, ax=ax), title=title, height=2.4)


def _along(frame: pd.DataFrame, ax: Axes | None) -> Axes:
    """Axes along the response."""
    ax = axes_of(ax, (COLUMN, 2.5))
    ax.set_xlabel("part of the response read")
    ax.set_xlim(0, 1.02)
    ax.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    return ax


def _name(frame: pd.DataFrame) -> str:
    """What the signal is called."""
    return label(frame.attrs.get("signal", "visual_similarity")).text
