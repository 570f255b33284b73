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
from saccade.analysis.plots.style import COLUMN, INK, MUTED, WORDS, style
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
            plot_moved_words(rows[rows["kind"] == "class"], ax=left)
            left.set_title(f"{name} by class", loc="left")
            furthest = _drawable(list(dict.fromkeys(standing_out(rows)["word"]))[:LISTED])
            if furthest:
                found = rows[(rows["kind"] == "word") & rows["word"].isin(furthest)]
                plot_moved_words(found, ax=right)
            else:
                right.set_axis_off()
                right.text(0, 0.5, "no word moved", transform=right.transAxes, style="italic")
            right.set_title(f"{name}, furthest words", loc="left")
        figure.suptitle("What moved, after less before (n = questions)", x=0.006, ha="left")
        name_series(figure, frame, p="p_bh")
    return figure


def _drawable(words: list[str]) -> list[str]:
    """Those whose characters an installed font has; the others are in the table."""
    missing = font_for(words)[1]
    return [word for word in words if word not in missing]


def plot_moved_words(rows: pd.DataFrame, *, ax: Axes) -> Axes:
    """A line per word or class, those that rose most on top, a dot per set of responses."""
    order = rows.groupby("word")["difference"].mean().sort_values(ascending=False)
    names = [str(name) for name in order.index]
    series = list(dict.fromkeys(rows["series"]))
    for number, name in enumerate(series):
        part = rows[rows["series"] == name].set_index("word").reindex(names)
        offset = 0.44 * ((number + 0.5) / len(series) - 0.5)
        draw_dots(ax, part, np.arange(len(names)) + offset, number=number, p="p_bh")
    counts = rows.groupby("word")["items"].max()
    ax.axvline(0, color=MUTED, linewidth=0.7, zorder=0)
    ax.set_yticks(range(len(names)), [f"{name}, n = {counts[name]}" for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    kinds = rows.drop_duplicates("word").set_index("word")["class"]
    font = font_for(names)[0]
    for name, tick in zip(names, ax.get_yticklabels(), strict=True):
        tick.set_color(WORDS.get(kinds[name], INK))
        tick.set_fontproperties(FontProperties(fname=font, size=7.5))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    return ax
