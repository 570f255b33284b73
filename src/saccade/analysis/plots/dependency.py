"""Draws the distributions of `dependency.py`: two histograms of tokens, one of responses."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from saccade.analysis.density import gaussian_kde, why_no_curve
from saccade.analysis.labels import label
from saccade.analysis.plots.powers import label_powers
from saccade.analysis.plots.style import ACCENT, COLUMN, INK, MUTED, axes_of, style

SIZE = (COLUMN, 2.5)


def plot_dependency_histogram(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Counts on a log axis; the open bins at the ends are hatched."""
    with style():
        ax = axes_of(ax, SIZE)
        width, last = frame.attrs["width"], frame.attrs["last"]
        left = np.where(np.isfinite(frame["low"]), frame["low"], frame["high"] - width)
        bars = ax.bar(left, frame["tokens"], width, align="edge", color=ACCENT, linewidth=0)
        for bar, low, high in zip(bars, frame["low"], frame["high"], strict=True):
            if not np.isfinite(high - low):
                bar.set(hatch="/////", fill=False, edgecolor=ACCENT, linewidth=0.7)
        _counts(ax, frame["tokens"].max())
        ax.set_xlim(left[0], last + width)
        ticks = np.linspace(min(0, -last * (left[0] < 0)), last, 6 if left[0] >= 0 else 5)
        ax.set_xticks(ticks, [*(f"{tick:g}" for tick in ticks[:-1]), f"≥ {last:g}"])
        ax.set(xlabel=_axis(frame), ylabel=f"tokens per bin of {width:g}")
        ax.set_title(_title(frame))
    return ax


def plot_dependency_frequencies(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Shares on a log axis, down to a single token, with the mean."""
    with style():
        ax = axes_of(ax, SIZE)
        mean = frame.attrs["mean"]
        widths = frame["high"] - frame["low"]
        ax.bar(frame["low"], frame["share"], widths, align="edge", color=ACCENT, linewidth=0)
        ax.set_yscale("log")
        ax.set_ylim(0.5 / frame.attrs["tokens"], 2)
        label_powers(ax.yaxis)
        ax.axvline(mean, color=INK, linewidth=0.9, linestyle=(0, (4, 1.6)))
        right = mean < frame["low"].iloc[len(frame) // 2]
        ax.annotate(
            f"mean {mean:.3g}",
            (mean, 1.1),
            xytext=(4 if right else -4, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
        )
        ax.set_xlim(frame["low"].iloc[0], frame["high"].iloc[-1])
        ax.set(xlabel=_axis(frame), ylabel="share of tokens")
        ax.set_title(_title(frame))
    return ax


def plot_trajectory_dependency(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Responses as a histogram and a smooth curve, or as ticks where they are too few."""
    with style():
        ax = axes_of(ax, SIZE)
        values = frame["value"].to_numpy(dtype=np.float64)
        reason = why_no_curve(values)
        if reason is None:
            _curve(ax, values)
            ax.set_ylabel("density of responses")
        else:
            ax.vlines(values, 0, 1, color=ACCENT, linewidth=1.2)
            ax.set_ylim(0, 2.5)
            ax.text(0.5, 0.7, reason, transform=ax.transAxes, ha="center", style="italic")
            ax.set_yticks([])
            ax.margins(x=0.3)
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.set_xlabel(f"mean {label(frame.attrs['signal']).text} of a response")
        ax.set_title(f"Means of responses (n = {len(frame):,})")
    return ax


def _curve(ax: Axes, values: "np.ndarray") -> None:
    """Histogram, curve and median; the curve is cut off at zero where no value is below it."""
    bins = int(np.clip(np.sqrt(len(values)), 6, 60))
    ax.hist(values, bins=bins, density=True, color=ACCENT, alpha=0.35, linewidth=0)
    grid, density = gaussian_kde(values)
    ax.plot(grid, density, color=ACCENT)
    middle = float(np.median(values))
    ax.axvline(middle, color=INK, linewidth=0.9, linestyle=(0, (4, 1.6)))
    ax.margins(y=0.14)
    ax.set_ylim(0, None)
    ax.annotate(
        f"median {middle:.3g}",
        (middle, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -5),
        textcoords="offset points",
        va="center",
    )
    if values.min() >= 0:
        ax.set_xlim(left=max(0, grid[0]))


def _counts(ax: Axes, most: int) -> None:
    """A log axis on which a bin with one token still has a bar."""
    ax.set_yscale("log")
    ax.set_ylim(0.5, 2 * max(most, 5))
    label_powers(ax.yaxis)
    ax.tick_params(axis="y", which="minor", color=MUTED)


def _axis(frame: pd.DataFrame) -> str:
    """The signal's name, with its unit where it has one."""
    return f"{label(frame.attrs['signal']).text} of a token"


def _title(frame: pd.DataFrame) -> str:
    """What is counted, and how many."""
    return f"Tokens (n = {frame.attrs['tokens']:,})"
