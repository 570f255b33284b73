"""Draws the response of `marked.py` as wrapped text in which the kept tokens are coloured.

Characters are outlines in the axes' own units, so that colour and text fit at any size.
"""

from collections.abc import Iterator
from itertools import accumulate

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from saccade.analysis.labels import label
from saccade.analysis.marked import verdict
from saccade.analysis.plots.glyphs import MONO, drawable
from saccade.analysis.plots.style import COLUMN, INK, axes_of, style

COLUMNS, LINES = 84, 40
"""Characters in a line, and lines drawn at most."""
ADVANCE, HEIGHT = 0.602, 1.9
"""Width of a character as a share of the font's size, and height of a line in characters."""
MARKS = LinearSegmentedColormap.from_list("marks", ["#fdf0d5", "#f5b24a", "#e07b00"])
"""Light enough for dark text at either end."""
MARKED_TEXT = "#101010"
"""The same on a light page and on a dark one."""


def plot_marked_response(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Kept tokens on colour, by value, the others grey; long responses are cut, and say so."""
    with style():
        places = list(_places(frame))
        lines = min(LINES, 1 + max((line for line, _ in places), default=0))
        size = 2 * COLUMN
        ax = axes_of(ax, (size, 1.0 + size * HEIGHT * lines / COLUMNS))
        shades = _shades(frame)
        there = [line < lines for line, _ in places]
        _draw(ax, frame[there], [place for place in places if place[0] < lines], shades)
        ax.set(xlim=(0, COLUMNS), ylim=(lines * HEIGHT, 0), aspect="equal")
        ax.set_axis_off()
        ax.set_title(_title(frame, sum(there)))
        _key(ax, frame, shades)
    return ax


def _places(frame: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """Line and column of each token: words are kept whole, a line break ends its line."""
    line = column = 0
    for word in _words([str(token) for token in frame["token"]]):
        width = sum(len(drawable(token)) for token in word)
        if column and column + width > COLUMNS:
            line, column = line + 1, 0
        for token in word:
            if column and column + len(drawable(token)) > COLUMNS:
                line, column = line + 1, 0
            column -= column == 0 and token[:1] == " "  # hangs out of the line it would begin
            yield line, column
            column += len(drawable(token))
            if "\n" in token:
                line, column = line + 1, 0


def _words(tokens: list[str]) -> list[list[str]]:
    """Tokens in groups, each but the first beginning with a space or after a line break."""
    begins = [
        number == 0 or token[:1].isspace() or "\n" in tokens[number - 1]
        for number, token in enumerate(tokens)
    ]
    words: list[list[str]] = [[] for _ in range(sum(begins))]
    for token, word in zip(tokens, accumulate(begins), strict=True):
        words[word - 1].append(token)
    return words


def _shades(frame: pd.DataFrame) -> ScalarMappable:
    """Colours by value over the kept tokens; by its logarithm where all are above 0."""
    kept = frame.loc[frame["kept"], "value"]
    low, high = float(kept.min()), float(kept.max())
    if high > low > 0:
        return ScalarMappable(LogNorm(max(low, high / 1000), high, clip=True), MARKS)
    return ScalarMappable(Normalize(low, high if high > low else low + 1), MARKS)


def _draw(
    ax: Axes, frame: pd.DataFrame, places: list[tuple[int, int]], shades: ScalarMappable
) -> None:
    """All tokens: the kept ones' boxes, and one outline for all kept and one for all others."""
    texts = [drawable(str(token)) for token in frame["token"]]
    kept = frame["kept"].to_numpy()
    marked = [place for place, keep in enumerate(kept) if keep]
    boxes = [_box(texts[i], places[i]) for i in marked]
    colours = shades.to_rgba(frame["value"].to_numpy(dtype=np.float64)[marked])
    ax.add_collection(PatchCollection(boxes, facecolors=colours, linewidth=0), autolim=False)
    for keep, colour, alpha in ((True, MARKED_TEXT, 1.0), (False, INK, 0.6)):
        outlines = [
            _outline(texts[i], places[i]) for i in np.flatnonzero(kept == keep) if texts[i].strip()
        ]
        if outlines:
            whole = Path.make_compound_path(*outlines)
            ax.add_artist(PathPatch(whole, facecolor=colour, alpha=alpha, linewidth=0))


def _box(text: str, place: tuple[int, int]) -> Rectangle:
    """What is coloured of one token: not the space before it, unless it is nothing else."""
    blank = len(text) - len(text.lstrip()) if text.strip() else 0
    corner = (place[1] + blank - 0.1, place[0] * HEIGHT + 0.1)
    return Rectangle(corner, len(text) - blank + 0.2, HEIGHT - 0.2)


def _outline(text: str, place: tuple[int, int]) -> Path:
    """The characters of one token where it stands; y counts downwards."""
    where = Affine2D().scale(1, -1).translate(place[1], (place[0] + 0.7) * HEIGHT)
    font = FontProperties(family=MONO)
    return TextPath((0, 0), text.replace("$", r"\$"), size=1 / ADVANCE, prop=font).transformed(
        where
    )


def _title(frame: pd.DataFrame, drawn: int) -> str:
    """Which response, how many tokens, how much of it is shown."""
    facts = frame.attrs
    cut = f", the first {drawn} shown" if drawn < len(frame) else ""
    return (
        f"A response ({verdict(facts['correct'])}) of n = {len(frame)} tokens{cut}; marked: the "
        f"{int(frame['kept'].sum())} (top {facts['top']:.0%}) of largest ".replace("%", " %")
        + label(facts["signal"]).text
    )


def _key(ax: Axes, frame: pd.DataFrame, shades: ScalarMappable) -> None:
    """What the colours mean, in a small bar below."""
    bar = ax.figure.colorbar(
        shades, ax=ax, pad=0.02, orientation="horizontal", anchor=(0, 1), shrink=0.32, aspect=26
    )
    bar.set_label(f"{label(frame.attrs['signal']).text} of a marked token")
    bar.outline.set_visible(False)
