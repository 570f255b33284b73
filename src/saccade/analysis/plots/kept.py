"""Draws accuracy against the share of tokens that VPPO keeps."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from saccade.analysis.kept import overall_kept
from saccade.analysis.labels import counted
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.glyphs import named
from saccade.analysis.plots.style import ACCENT, COLUMN, MUTED, axes_of, style


def plot_accuracy_by_kept(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """One point per run with its interval, and a line through the mean of each k."""
    rows = overall_kept(frame)
    with style():
        ax = axes_of(ax, (COLUMN, 2.4))
        means = rows.groupby("k")["mean"].mean()
        ax.plot(means.index, means, color=MUTED, linewidth=1.0, zorder=1)
        ends = np.abs(rows[["low", "high"]].to_numpy().T - rows["mean"].to_numpy())
        ax.errorbar(rows["k"], rows["mean"], np.nan_to_num(ends), fmt="o", color=ACCENT, ms=4, lw=1)
        ax.set_xlim(0, 1.04)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda share, _: f"{100 * share:.3g} %")
        ax.set_xlabel("share of tokens kept (k)")
        ax.set_ylabel("accuracy")
        n = counted(int(rows["n_questions"].max()), "question")
        titled(ax, f"{named(rows['task'].iloc[0])} (n = {n})")
    return ax
