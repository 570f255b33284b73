"""Draws how much words depend on the image: content against function words, and by class."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from saccade.analysis.intervals import has_intervals
from saccade.analysis.labels import counted, label
from saccade.analysis.plots.bars import draw_bars
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.style import COLUMN, MUTED, WORDS, style
from saccade.analysis.words.kinds import class_name

KIND_COLOURS = {"content words": WORDS["content"], "function words": WORDS["function"]}
PANELS = {"kind": "a   Content against function words", "class": "b   By class of word"}


def plot_word_dependency(frame: pd.DataFrame) -> Figure:
    """Bars with intervals, the tokens behind each bar beside its name."""
    with style():
        layout = ConstrainedLayoutEngine(wspace=0.08)
        figure = Figure(figsize=(2 * COLUMN, 2.4), layout=layout)
        axes = figure.subplots(1, 2, width_ratios=(1, 1.25))
        name = label(frame.attrs["signal"]).text
        for (shows, title), ax in zip(PANELS.items(), axes, strict=True):
            rows = frame[frame["shows"] == shows]
            if shows == "class":
                rows = rows.sort_values("mean", ascending=False, kind="stable")
            _bars(ax, rows)
            titled(ax, title)
            interval = "\n(95 % interval)" if has_intervals(rows) else ""
            ax.set_xlabel(f"mean {name} of a token{interval}")
    return figure


def _bars(ax: Axes, rows: pd.DataFrame) -> None:
    """One bar per row from the top down, with its interval."""
    place = list(range(len(rows)))[::-1]
    colours = [KIND_COLOURS.get(words) or WORDS[words] for words in rows["words"]]
    draw_bars(ax, rows, place, colours, height=0.5)
    names = zip(map(class_name, rows["words"]), rows["n_tokens"], strict=True)
    between = "\n" if len(rows) == 2 else ", "
    ax.set_yticks(place, [f"{words}{between}n = {counted(n, 'token')}" for words, n in names])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=MUTED, linewidth=0.7)
    if not (rows[["mean", "low"]] < 0).any(axis=None):
        ax.set_xlim(left=0)
    ax.set_ylim(-0.6 - (len(rows) == 2) / 2, len(rows) - 0.4 + (len(rows) == 2) / 2)
