"""Draws the curves of `sparsity.py`: what share of a signal the top share of tokens holds."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from saccade.analysis.labels import label
from saccade.analysis.plots.style import ACCENT, COLUMN, INK, MUTED, axes_of, style


def plot_dependency_sparsity(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Both curves, the middle half of the responses, and the diagonal of equal tokens."""
    with style():
        ax = axes_of(ax, (COLUMN, 2.9))
        _diagonal(ax)
        _curves(ax, frame)
        ax.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="tokens, the largest first")
        ax.set_ylabel(f"share of all {label(frame.attrs['signal']).text}")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        ax.legend(loc="lower right")
        ax.set_title(f"Tokens (n = {frame.attrs['tokens']:,})")
    return ax


def _curves(ax: Axes, frame: pd.DataFrame) -> None:
    """Within a response dashed, with a band; over the run solid."""
    facts = frame.attrs
    run, each = (frame[frame["over"] == over] for over in ("run", "response"))
    band = each["lower_quartile"], each["upper_quartile"]
    ax.fill_between(each["top"], *band, color=ACCENT, alpha=0.2, linewidth=0)
    middle = facts["gini_of_responses"][1]
    within = f"within a response:\nmean and middle half\n(median Gini {middle:.2f})"
    dots: dict[str, Any] = {"marker": "o", "markersize": 2.4}
    dashes = (0, (4, 1.6))
    ax.plot(each["top"], each["mass"], color=ACCENT, linestyle=dashes, label=within, **dots)
    together = f"all tokens of the run\n(Gini {facts['gini']:.2f})"
    ax.plot(run["top"], run["mass"], color=INK, label=together, **dots)


def _diagonal(ax: Axes) -> None:
    """Where both would lie if all tokens had the same."""
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=0.7, zorder=0.5)
    turned: dict[str, Any] = {
        "rotation": 45,
        "rotation_mode": "anchor",
        "transform_rotates_text": True,
    }
    ax.text(0.72, 0.68, "all equal", color=MUTED, ha="center", va="top", **turned)
