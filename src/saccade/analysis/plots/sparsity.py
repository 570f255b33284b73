"""Draws the curves of `sparsity.py`: what share of a signal the top share of tokens holds."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from saccade.analysis.labels import label
from saccade.analysis.plots.style import ACCENT, COLUMN, INK, MUTED, axes_of, style


def plot_dependency_sparsity(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Both curves, the middle half of the responses, and the diagonal of equal tokens."""
    with style():
        ax = axes_of(ax, (COLUMN, 2.9))
        facts, name = frame.attrs, label(frame.attrs["signal"]).text
        middle = facts["gini_of_responses"][1]
        run, each = (frame[frame["over"] == over] for over in ("run", "response"))
        ax.plot([0, 1], [0, 1], color=MUTED, linewidth=0.7, zorder=0.5)
        ax.fill_between(
            each["top"],
            each["lower_quartile"],
            each["upper_quartile"],
            color=ACCENT,
            alpha=0.2,
            linewidth=0,
        )
        ax.plot(
            each["top"],
            each["mass"],
            color=ACCENT,
            linestyle=(0, (4, 1.6)),
            marker="o",
            markersize=2.4,
            label=f"within a response:\nmean and middle half\n(median Gini {middle:.2f})",
        )
        ax.plot(
            run["top"],
            run["mass"],
            color=INK,
            marker="o",
            markersize=2.4,
            label=f"all tokens of the run\n(Gini {facts['gini']:.2f})",
        )
        ax.text(
            0.72,
            0.68,
            "all equal",
            rotation=45,
            rotation_mode="anchor",
            color=MUTED,
            transform_rotates_text=True,
            ha="center",
            va="top",
        )
        ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="tokens, the largest first")
        ax.set_ylabel(f"share of all {name}")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        ax.legend(loc="lower right")
        ax.set_title(f"Tokens (n = {facts['tokens']:,})")
    return ax
