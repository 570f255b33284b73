"""Draws curves over training: one panel per metric, one line per run."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from saccade.analysis.curves import overall, span
from saccade.analysis.plots.choosing import left_out
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.panels import add_legend, panels
from saccade.analysis.plots.profiles import draw_band
from saccade.analysis.plots.style import COLUMN, SERIES, axes_of, style
from saccade.analysis.progress import METRICS

DOTTED = 30
"""Up to so many steps each has a dot."""


def plot_training_curve(
    frame: pd.DataFrame, *, metric: str | None = None, ax: Axes | None = None
) -> Axes:
    """One metric (the first that is there, unless named): a line per run, with its intervals.

    Smoothed lines are drawn over the raw ones. Of many runs those first given are drawn, as many
    as there are colours.
    """
    metric = metric or frame.attrs["panels"][0]
    rows = overall(frame, metric)
    with style():
        ax = axes_of(ax, (COLUMN, 2.3))
        for run, (colour, dashes) in zip(frame.attrs["runs"], SERIES, strict=False):
            _draw_line(ax, rows[rows["run"] == run], str(run), colour, dashes)
        titled(ax, METRICS[metric].text if metric in METRICS else metric)
        _steps(ax, frame)
    return ax


def plot_curves(frame: pd.DataFrame) -> Figure:
    """One panel per metric, with one legend; entropies with and without image share a scale."""
    keys = frame.attrs["panels"]
    figure = panels(
        keys,
        lambda metric, ax: plot_training_curve(frame, metric=metric, ax=ax),
        title=f"Over training ({span(frame)}{left_out('runs', len(frame.attrs['runs']))})",
        columns=2 if len(keys) in (2, 4) else 3,
        height=1.9,
    )
    _share_scale([ax for key, ax in zip(keys, figure.axes, strict=False) if "entropy" in key])
    lines = {str(h.get_label()): h for ax in figure.axes for h in ax.get_lines()}
    shown = {name: line for name, line in lines.items() if name in frame.attrs["runs"]}
    add_legend(figure, list(shown.values()), list(map(named, shown)))
    return figure


def _draw_line(ax: Axes, rows: pd.DataFrame, run: str, colour: str, dashes: object) -> None:
    """One run; where its line is smoothed, the raw one stands behind it."""
    if "smoothed" in rows and rows["smoothed"].notna().any():
        ax.plot(rows["step"], rows["mean"], color=colour, linewidth=0.6, alpha=0.45)
        ax.plot(rows["step"], rows["smoothed"], color=colour, linestyle=dashes, label=run)
    elif len(rows):
        dots = len(rows) <= DOTTED
        draw_band(ax, rows, "step", colour=colour, dashes=dashes, name=run, dots=dots)


def _steps(ax: Axes, frame: pd.DataFrame) -> None:
    """The axis of training steps, or of the runs in the order given."""
    if order := frame.attrs["order"]:
        ax.set_xticks(range(len(order)), order, rotation=20, ha="right", rotation_mode="anchor")
        ax.set_xlabel("run, in the order given")
    else:
        ax.set_xlabel("training step")
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _share_scale(axes: list[Axes]) -> None:
    """One range of values for all of these."""
    if axes:
        low, high = zip(*(ax.get_ylim() for ax in axes), strict=True)
        for ax in axes:
            ax.set_ylim(min(low), max(high))
