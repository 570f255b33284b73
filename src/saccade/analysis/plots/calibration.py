"""Draws how accuracy changed with a signal: questions in equal parts by the signal's change."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from saccade.analysis.comparing.calibration import rho_words
from saccade.analysis.comparing.changes import measure_name
from saccade.analysis.labels import counted
from saccade.analysis.plots.choosing import chosen, left_out
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.panels import add_legend, panels
from saccade.analysis.plots.style import COLUMN, MUTED, SERIES, axes_of, style


def plot_calibration(
    frame: pd.DataFrame, *, measure: str | None = None, ax: Axes | None = None
) -> Axes:
    """One signal (the first, unless named): a dot per part of the questions, with its interval."""
    curves = frame[frame["shows"] == "curve"]
    name = chosen(curves, "measure", measure)
    rows = curves[curves["measure"] == name]
    with style():
        ax = axes_of(ax, (COLUMN, 2.3))
        groups = rows.groupby("series", sort=False)
        for (series, part), (colour, dashes) in zip(groups, SERIES, strict=False):
            at, value, low, high = (
                part[column].to_numpy(dtype=np.float64) for column in ("at", "value", "low", "high")
            )
            ax.vlines(at, low, high, color=colour, linewidth=1.2)
            ax.plot(at, value, color=colour, linestyle=dashes, marker="o", markersize=3.4)
            _write_rho(ax, frame, str(series), name)
        for line in (ax.axhline, ax.axvline):
            line(0, color=MUTED, linewidth=0.7, zorder=0)
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.set_xlabel(f"change of {measure_name(name)}")
        ax.set_ylabel("change of accuracy")
    return ax


def _write_rho(ax: Axes, frame: pd.DataFrame, series: str, measure: str) -> None:
    """Above the panel: the correlation over all tasks. Of several series it is in the table."""
    rows = frame[
        (frame["shows"] == "correlation")
        & (frame["series"] == series)
        & (frame["measure"] == measure)
    ]
    of = rows.iloc[-1]
    told = f"\n{rho_words(of)}"
    titled(ax, measure_name(measure) + (told if frame["series"].nunique() == 1 else ""), beside=0.6)


def plot_calibrations(frame: pd.DataFrame) -> Figure:
    """One panel per signal."""
    curves = frame[frame["shows"] == "curve"]
    names = list(dict.fromkeys(curves["series"]))
    n = counted(int(frame["questions"].max()), "question")
    figure = panels(
        list(dict.fromkeys(curves["measure"])),
        lambda measure, ax: plot_calibration(frame, measure=measure, ax=ax),
        title=f"Change of accuracy with the change of a signal, from {named(frame.attrs['first'])} "
        f"(n = {n}{left_out('runs', len(names))})",
    )
    with style():
        handles = [Line2D([], [], color=colour, marker="o", markersize=3.4) for colour, _ in SERIES]
    names = list(map(named, names[: len(SERIES)]))
    add_legend(figure, handles[: len(names)], names)
    return figure
