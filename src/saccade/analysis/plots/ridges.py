"""Draws ridges: the values of a token signal at each step of a training, one below the other."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saccade.analysis.labels import counted, label
from saccade.analysis.plots.choosing import chosen
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.panels import panels
from saccade.analysis.plots.powers import label_powers
from saccade.analysis.plots.style import ACCENT, COLUMN, INK, axes_of, style
from saccade.analysis.ridges import LOGARITHMIC

OVERLAP = 1.9
"""Height of the highest ridge, in distances between two."""
LABELLED = 12
"""Steps that are written at the axis; of more, every second or so."""


def plot_signal_ridges(
    frame: pd.DataFrame,
    *,
    signal: str | None = None,
    run: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One signal in one run (the first, unless named), the first step on top; a mark at medians."""
    signal, run = chosen(frame, "signal", signal), chosen(frame, "run", run)
    rows = frame[(frame["signal"] == signal) & (frame["run"] == run)]
    steps = list(dict.fromkeys(rows["step"]))
    with style():
        ax = axes_of(ax, (COLUMN, 3.2))
        scale = OVERLAP / rows["share"].max()
        for place, step in enumerate(steps):
            _ridge(ax, rows[rows["step"] == step], place, scale)
        _axes(ax, frame, signal, steps)
        titled(ax, label(signal).text)
    return ax


def plot_ridges(frame: pd.DataFrame) -> Figure:
    """One panel per run and signal."""
    pairs = frame[["run", "signal"]].drop_duplicates()
    several = pairs["run"].nunique() > 1
    keys = {f"{run}\n{signal}": (run, signal) for run, signal in pairs.itertuples(index=False)}

    def draw(key: str, ax: Axes) -> None:
        run, signal = keys[key]
        plot_signal_ridges(frame, signal=signal, run=run, ax=ax)
        if several:
            titled(ax, f"{named(run)}: {label(signal).text}")

    tokens, shown = int(frame["tokens"].sum() / max(1, pairs["signal"].nunique())), _shown(frame)
    title = f"Tokens over training (n = {counted(tokens, 'token')}{shown})"
    columns = min(3, pairs["run"].nunique()) if several else 3
    return panels(list(keys), draw, title=title, columns=columns, height=2.9)


def _ridge(ax: Axes, rows: pd.DataFrame, place: int, scale: float) -> None:
    """One step: its shares above the line on which it stands, over those behind it."""
    x = _middles(rows)
    height = rows["share"].to_numpy() * scale
    for colour, alpha in (("#ffffff", 1.0), (ACCENT, 0.35)):
        ax.fill_between(
            x, -place, height - place, facecolor=colour, alpha=alpha, zorder=2 * place, lw=0
        )
    ax.plot(x, height - place, color=ACCENT, linewidth=0.9, zorder=2 * place + 1)
    median = rows["median"].iloc[0]
    top = float(np.interp(median, x, height)) - place
    ax.vlines(median, -place, top, color=INK, linewidth=1.0, zorder=2 * place + 1)


def _middles(rows: pd.DataFrame) -> Any:
    """The middle of each bin, as the axis shows it."""
    low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
    if _logarithmic(str(rows["signal"].iloc[0])):
        return np.sqrt(low * high)
    return (low + high) / 2


def _axes(ax: Axes, frame: pd.DataFrame, signal: str, steps: list[int]) -> None:
    """Steps downwards, values across."""
    if _logarithmic(signal):
        ax.set_xscale("log")
        label_powers(ax.xaxis)
    every = -(-len(steps) // LABELLED)
    order = frame.attrs["order"]
    names = [named(order[step]) if order else str(step) for step in steps]
    ax.set_yticks([-place for place in range(0, len(steps), every)], names[::every])
    ax.set_ylabel("run, in the order given" if order else "training step")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.margins(x=0.01, y=0.02)


def _logarithmic(signal: str) -> bool:
    return signal.partition(".")[0] in LOGARITHMIC


def _shown(frame: pd.DataFrame) -> str:
    """How many of the steps are drawn, where not all are."""
    steps, drawn = frame.attrs["steps"], frame["step"].nunique()
    return f", {drawn} of {steps} steps" if drawn < steps else ""
