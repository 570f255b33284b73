"""Draws how far single tokens moved: a histogram per signal on a log axis, an outline per set."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from saccade.analysis.dependency import percent
from saccade.analysis.labels import counted, label
from saccade.analysis.plots.choosing import chosen, left_out
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.panels import add_legend, panels
from saccade.analysis.plots.powers import label_powers
from saccade.analysis.plots.style import COLUMN, MUTED, SERIES, axes_of, style


def plot_token_changes(
    frame: pd.DataFrame, *, signal: str | None = None, ax: Axes | None = None
) -> Axes:
    """One signal (the first, unless named): the share of tokens in each bin of their change."""
    signal = chosen(frame, "signal", signal)
    rows = frame[frame["signal"] == signal]
    with style():
        ax = axes_of(ax, (COLUMN, 2.2))
        groups = rows.groupby("series", sort=False)
        for (_, part), (colour, dashes) in zip(groups, SERIES, strict=False):
            edges = np.append(part["low"], part["high"].iloc[-1])
            ax.stairs(part["share"], edges, color=colour, linestyle=dashes, linewidth=1.3)
        ax.axvline(0, color=MUTED, linewidth=0.7, zorder=0)
        ax.set_yscale("log")
        label_powers(ax.yaxis)
        ax.yaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_locator(MaxNLocator(4))
        unit, beyond = label(signal).unit, _beyond(frame, signal)
        ax.set_xlabel(f"after less before{unit and ', '}{unit}{beyond}")
        ax.set_ylabel("share of tokens")
        titled(ax, label(signal).text)
    return ax


def plot_tokens(frame: pd.DataFrame) -> Figure:
    """One panel per signal, with one legend."""
    figure = panels(
        list(dict.fromkeys(frame["signal"])),
        lambda signal, ax: plot_token_changes(frame, signal=signal, ax=ax),
        title=f"How far single tokens moved{left_out('runs', frame['series'].nunique())}",
        height=2.1,
    )
    moved: list[Mapping[str, Any]] = frame.attrs["moved"]
    counts = dict.fromkeys(frame["series"], 0)
    for facts in moved:
        counts[facts["series"]] = max(counts[facts["series"]], facts["tokens"])
    names = [f"responses of {named(name)}, n = {counted(n, 'token')}" for name, n in counts.items()]
    drawn = figure.axes[0].patches
    add_legend(figure, drawn, names[: len(drawn)])
    return figure


def _beyond(frame: pd.DataFrame, signal: str) -> str:
    """What share of the tokens moved too far to be drawn; of several sets the largest."""
    moved = [facts["beyond"] for facts in frame.attrs["moved"] if facts["signal"] == signal]
    share = max(moved, default=0.0)
    return f"\n({percent(share)} lie further out)" if share > 0 else ""
