"""Draws word clouds, and beside each the words that stand out most with their intervals."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from saccade.analysis.plots.cloud import draw_cloud
from saccade.analysis.plots.style import COLUMN, INK, MUTED, WORDS, style
from saccade.analysis.words.clouds import LISTED, SHOWN, panel_line, pictured, standing_out
from saccade.analysis.words.fonts import font_for

ROW = 2.75
"""Height of one cloud in inches."""
NOTHING = "no word stands out"
BEFORE = "no word stands out once p is corrected; these do before"


def plot_word_clouds(frame: pd.DataFrame) -> Figure:
    """One row per signal: a cloud of the words that stand out, and the surest of them in order."""
    signals = frame.attrs["signals"]
    with style():
        layout = ConstrainedLayoutEngine(wspace=0.03, hspace=0.04, h_pad=0.06)
        figure = Figure(figsize=(2 * COLUMN, ROW * len(signals) + 0.3), layout=layout)
        grid = figure.subplots(len(signals), 2, squeeze=False, width_ratios=(1.75, 1))
        for letter, column, (left, right) in zip("abcdef", signals, grid, strict=False):
            own = frame[frame["panel"] == column]
            rows = pictured(own)
            line = panel_line(frame, column)
            left.set_title(f"{letter}   {line}" if len(signals) > 1 else line, loc="left")
            font, missing = font_for(list(rows["word"].head(SHOWN)))
            drawn = rows.head(SHOWN)[~rows["word"].head(SHOWN).isin(missing)]
            _cloud(left, drawn, font, _links(frame, column))
            _note(left, rows, len(drawn), len(missing), held=not standing_out(own).empty)
            _intervals(right, drawn.head(LISTED), font)
        _legend(figure, frame)
    return figure


def _cloud(ax: Axes, rows: pd.DataFrame, font: Path, links: dict[str, str]) -> None:
    """The words, each as large as the lower end of its interval."""
    if rows.empty:
        ax.axis("off")
        ax.text(0.5, 0.5, NOTHING, transform=ax.transAxes, ha="center", style="italic")
        return
    colours = dict(zip(rows["word"], rows["class"].map(WORDS), strict=True))
    sizes = dict(zip(rows["word"], rows["low"], strict=True))
    draw_cloud(ax, sizes, font=font, colours=colours, links=links)


def _links(frame: pd.DataFrame, column: str) -> dict[str, str]:
    """Word → where in a report its occurrences stand."""
    places = frame.attrs.get("occurrences", ())
    return {place["word"]: place["anchor"] for place in places if place["panel"] == column}


def _note(ax: Axes, rows: pd.DataFrame, drawn: int, missing: int, *, held: bool) -> None:
    """Under the cloud: whether its words stand out, and which are not in it."""
    said = (
        [f"{drawn} of the {len(rows)} words that stand out"] if held and len(rows) > drawn else []
    )
    if not held and len(rows):
        said.append(BEFORE)
    if missing:
        said.append(f"{missing} left out: no installed font has their characters")
    ax.text(0, -0.02, "; ".join(said), transform=ax.transAxes, va="top", color=INK, fontsize=7)


def _intervals(ax: Axes, rows: pd.DataFrame, font: Path) -> None:
    """A point and a line per word, the surest on top."""
    if rows.empty:
        ax.axis("off")
        return
    place = list(range(len(rows)))[::-1]
    colours = [WORDS[name] for name in rows["class"]]
    ax.hlines(place, rows["low"], rows["high"], color=colours, linewidth=1.3)
    ax.scatter(rows["log_odds"], place, c=colours, s=13, zorder=3)
    ax.axvline(0, color=MUTED, linewidth=0.7)
    ax.set_yticks(place, list(rows["word"]))
    ax.set_ylim(len(rows) - LISTED - 0.6, len(rows) - 0.4)
    for tick, colour in zip(ax.get_yticklabels(), colours, strict=True):
        tick.set(color=colour, fontproperties=FontProperties(fname=font, size=7.5))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set_xlabel("log-odds ratio, 95 % interval")


def _legend(figure: Figure, frame: pd.DataFrame) -> None:
    """The classes there are, in their colours, and what size says."""
    shown = {each for _, rows in frame.groupby("panel") for each in pictured(rows)["class"]}
    handles = [
        Line2D([], [], color=colour, marker="o", linestyle="", markersize=4.5, label=name)
        for name, colour in WORDS.items()
        if name in shown
    ]
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower left",
            ncols=len(handles),
            handletextpad=0.1,
            columnspacing=1.1,
        )
