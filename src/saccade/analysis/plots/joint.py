"""Draws the plane of `joint.py`: where tokens lie, the quadrants, and their typical tokens."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.patheffects import withStroke

from saccade.analysis.bins import LEAST
from saccade.analysis.dependency import percent
from saccade.analysis.labels import label
from saccade.analysis.plots.fitting import fitted
from saccade.analysis.plots.glyphs import drawable
from saccade.analysis.plots.powers import label_powers
from saccade.analysis.plots.style import COLUMN, style

PLATE, LINES = "#fefefe", "#101010"
"""White and ink that stay so on a dark page, where the darkest cells would say little."""
BESIDE = 1.3
"""Where the text begins at the right, in widths of the plane."""


def plot_joint_density(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Cells shaded by the logarithm of their tokens; the quadrants are told at the right."""
    with style():
        if ax is None:  # placed by hand: the text at its right is as wide as it is
            ax = plt.figure(figsize=(2 * COLUMN, 2.9)).add_axes((0.085, 0.15, 0.42, 0.74))
        ax.set_facecolor(PLATE)
        facts = frame.attrs
        _cells(ax, frame)
        halo = {"path_effects": [withStroke(linewidth=2.6, foreground=PLATE)]}
        for line, name, cut in zip((ax.axvline, ax.axhline), "xy", facts["cut"], strict=True):
            line(max(cut, frame[f"{name}_low"].min()), color=LINES, linewidth=1, **halo)
        scales = ["log" if logarithmic else "linear" for logarithmic in facts["logarithmic"]]
        ax.set(xscale=scales[0], yscale=scales[1])
        for axis, name in zip((ax.xaxis, ax.yaxis), "xy", strict=True):
            if axis.get_scale() == "log":
                low, high = axis.get_view_interval()
                axis.set_view_interval(low, max(high, 10 * low), ignore=True)
                clipped = frame[f"{name}_low"].min() <= LEAST * (1 + 1e-9)
                label_powers(axis, least=LEAST if clipped else None)
        x, y = (label(signal).text for signal in facts["signals"])
        ax.set(xlabel=f"{x} of a token", ylabel=f"{y} of a token")
        ax.set_title(f"Tokens (n = {facts['tokens']:,})")
        _quadrants(ax, frame)
    return ax


def _cells(ax: Axes, frame: pd.DataFrame) -> None:
    """One coloured cell for each that holds tokens."""
    edges = [np.unique(frame[[f"{name}_low", f"{name}_high"]].to_numpy()) for name in "xy"]
    counts = np.full((len(edges[1]) - 1, len(edges[0]) - 1), np.nan)
    place = [np.searchsorted(edges[i], frame[f"{name}_low"]) for i, name in enumerate("xy")]
    counts[place[1], place[0]] = frame["tokens"]
    norm = LogNorm(1, max(2, frame["tokens"].max()))
    mesh = ax.pcolormesh(
        *edges, np.ma.masked_invalid(counts), norm=norm, cmap="YlGnBu", linewidth=0
    )
    mesh.set_rasterized(True)
    bar = ax.figure.colorbar(mesh, cax=ax.inset_axes((1.02, 0, 0.03, 1)))
    label_powers(bar.ax.yaxis)
    bar.set_label("tokens per cell")
    bar.outline.set_visible(False)


def _quadrants(ax: Axes, frame: pd.DataFrame) -> None:
    """What high is, and name, share and typical tokens of each quadrant, in a column of text."""
    words: dict[str, Any] = {"transform": ax.transAxes, "va": "top", "linespacing": 1.25}
    ax.text(BESIDE, 1.1, _high(frame), **words)
    for number, quadrant in enumerate(frame.attrs["quadrants"]):
        top = 0.97 - 0.26 * number
        head = f"{percent(quadrant['share'])}  {quadrant['quadrant']}"
        ax.text(BESIDE, top, head, weight="bold", **words)
        ax.text(BESIDE, top - 0.075, _typical(ax, quadrant["typical"]), **words)


def _high(frame: pd.DataFrame) -> str:
    """Above what a token is high."""
    of = "median" if frame.attrs["cut_is"] == "medians" else "cut that was given"
    return f"high: above the {of} (the lines)"


def _typical(ax: Axes, tokens: list[str]) -> str:
    """Up to two lines of tokens."""
    if not tokens:
        return "none more than elsewhere"
    figure = ax.get_figure(root=True)
    assert figure is not None
    inches = (figure.bbox.width - ax.transAxes.transform((BESIDE, 0))[0]) / figure.dpi
    said = "  ".join(map(drawable, tokens))
    lines = fitted(said, inches, size=rcParams["font.size"], between="  ").split("\n")
    return "\n".join(lines[:2])
