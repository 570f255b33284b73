"""Draws which classes of words, and which words, moved most between two models."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from saccade.analysis.comparing.moved import LISTED, standing_out
from saccade.analysis.labels import label
from saccade.analysis.plots.changes import draw_dots, name_series
from saccade.analysis.plots.fitting import headed, titled
from saccade.analysis.plots.style import COLUMN, MUTED, style
from saccade.analysis.words.fonts import font_for


def plot_moved(frame: pd.DataFrame) -> Figure:
    """One row per signal: the classes of words, and the words that moved furthest."""
    signals = list(dict.fromkeys(frame["signal"]))
    with style():
        layout = ConstrainedLayoutEngine(wspace=0.06, hspace=0.06, h_pad=0.06)
        figure = Figure(figsize=(2 * COLUMN, 0.5 + 2.9 * len(signals)), layout=layout)
        grid = figure.subplots(len(signals), 2, squeeze=False)
        for signal, (left, right) in zip(signals, grid, strict=True):
            rows = frame[frame["signal"] == signal]
            name = label(signal).text
            classes = rows[rows["kind"] == "class"]
            rising = classes.groupby("word")["difference"].mean().sort_values(ascending=False)
            plot_moved_words(classes, list(map(str, rising.index)), ax=left)
            titled(left, f"{name} by class")
            furthest = _drawable(list(dict.fromkeys(standing_out(rows)["word"]))[:LISTED])
            if furthest:
                found = rows[(rows["kind"] == "word") & rows["word"].isin(furthest)]
                plot_moved_words(found, furthest, ax=right)
            else:
                right.set_axis_off()
                right.text(0, 0.5, "no word moved", transform=right.transAxes, style="italic")
            titled(right, f"{name},\nfurthest words first")
        headed(figure, "What moved, after less before; n counts questions")
        name_series(figure, frame, p="p_bh")
    return figure


def _drawable(words: list[str]) -> list[str]:
    """Those whose characters an installed font has; the others are in the table."""
    missing = font_for(words)[1]
    return [word for word in words if word not in missing]


def plot_moved_words(rows: pd.DataFrame, names: list[str], *, ax: Axes) -> Axes:
    """A line per word or class in the order of `names`, a dot per set of responses."""
    series = list(dict.fromkeys(rows["series"]))
    for number, name in enumerate(series):
        part = rows[rows["series"] == name].set_index("word").reindex(names)
        offset = 0.44 * ((number + 0.5) / len(series) - 0.5)
        draw_dots(ax, part, np.arange(len(names)) + offset, number=number, p="p_bh")
    ax.axvline(0, color=MUTED, linewidth=0.7, zorder=0)
    ax.set_yticks(range(len(names)), [f"{name}, {_n(rows, name)}" for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    font = font_for(names)[0]
    for tick in ax.get_yticklabels():
        tick.set_fontproperties(FontProperties(fname=font, size=7.5))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    unit = label(str(rows["signal"].iloc[0])).unit
    ax.set_xlabel(f"difference, {unit}" if unit else "difference")
    return ax


def _n(rows: pd.DataFrame, name: str) -> str:
    """In how many questions a word is said: of each set of responses, where they differ."""
    counts = dict.fromkeys(rows.loc[rows["word"] == name, "items"])
    return f"n = {' and '.join(map(str, counts))}"
