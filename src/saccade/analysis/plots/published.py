"""Draws one's own accuracy beside the numbers that papers published, each marked as what it is."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saccade.analysis.plots.choosing import chosen
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.panels import panels
from saccade.analysis.plots.style import ACCENT, COLUMN, MUTED, axes_of, style

ROW = 0.15
"""Height of one number's line in inches."""


def plot_benchmark(
    frame: pd.DataFrame, *, benchmark: str | None = None, ax: Axes | None = None
) -> Axes:
    """One benchmark: filled dots with intervals are measured, hollow diamonds published."""
    benchmark = chosen(frame, "benchmark", benchmark)
    rows = frame[frame["benchmark"] == benchmark]
    with style():
        ax = axes_of(ax, (1.5 * COLUMN, 0.9 + ROW * len(rows)))
        place = pd.Series(-np.arange(len(rows), dtype=float), rows.index)
        own, other = (rows[rows["kind"] == kind] for kind in ("measured", "published"))
        ends = np.abs(own[["low", "high"]].to_numpy().T - own["value"].to_numpy())
        ax.errorbar(
            own["value"],
            place[own.index],
            xerr=np.nan_to_num(ends),
            fmt="o",
            color=ACCENT,
            label="measured",
        )
        ax.plot(
            other["value"],
            place[other.index],
            "D",
            markerfacecolor="none",
            color=MUTED,
            markersize=4,
            label="published",
        )
        ax.set_yticks(place, [_name(row) for row in rows.itertuples()])
        ax.set_ylim(-len(rows) + 0.4, 0.6)
        ax.tick_params(axis="y", length=0)
        titled(ax, f"{named(benchmark)} (n = {own['n'].max():.0f})")
        ax.set_xlabel(f"{', '.join(dict.fromkeys(rows['metric']))} in percent")
        ax.legend(loc="best")
    return ax


def plot_beside_published(frame: pd.DataFrame) -> Figure:
    """One panel per benchmark."""
    sizes = frame.groupby("benchmark", sort=False).size()
    return panels(
        list(map(str, sizes.index)),
        lambda benchmark, ax: plot_benchmark(frame, benchmark=benchmark, ax=ax),
        title="Measured here, and published by the papers; n counts questions",
        columns=2,
        height=0.8 + ROW * sizes.max(),
    )


def _name(row: Any) -> str:
    """A run by its name, a published number by its method and model, with the paper."""
    words = ", ".join(word for word in (row.name, row.backbone) if word)
    return f"{words} ({row.source})" if row.source else named(words)
