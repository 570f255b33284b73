"""Draws the tokens of a response as wrapped text on colour.

Characters are outlines in the axes' own units, so that colour and text fit at any size.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from saccade.analysis.plots.glyphs import MONO, drawable
from saccade.analysis.plots.style import INK

ADVANCE, HEIGHT = 0.602, 1.9
"""Width of a character as a share of the font's size, and height of a line in characters."""
MARKS = LinearSegmentedColormap.from_list("marks", ["#fdf0d5", "#f5b24a", "#e07b00"])
"""Light enough for dark text at either end."""
MARKED_TEXT = "#101010"
"""The same on a light page and on a dark one."""

Place = tuple[int, int]
"""Line and column."""


def draw_tokens(
    ax: Axes,
    tokens: Sequence[str],
    places: Sequence[Place],
    colours: NDArray[np.float64],
    *,
    columns: int,
    lines: int,
) -> int:
    """The tokens that stand in the first `lines` lines; how many they are.

    `colours` has a row of red, green, blue and alpha per token; where alpha is 0 the text is grey.
    There is one outline for all coloured tokens and one for all others.
    """
    there = [number for number, (line, _) in enumerate(places) if line < lines]
    texts = {number: drawable(tokens[number]) for number in there}
    marked = [number for number in there if colours[number, 3] > 0]
    boxes = [_box(texts[number], places[number]) for number in marked]
    ax.add_collection(
        PatchCollection(boxes, facecolors=colours[marked], linewidth=0), autolim=False
    )
    others = [number for number in there if colours[number, 3] == 0]
    for numbers, colour, alpha in ((marked, MARKED_TEXT, 1.0), (others, INK, 0.6)):
        outlines = [_outline(texts[n], places[n]) for n in numbers if texts[n].strip()]
        if outlines:
            whole = Path.make_compound_path(*outlines)
            ax.add_artist(PathPatch(whole, facecolor=colour, alpha=alpha, linewidth=0))
    ax.set(xlim=(0, columns), ylim=(lines * HEIGHT, 0), aspect="equal")
    ax.set_axis_off()
    return len(there)


def wrapped(tokens: Sequence[str], columns: int) -> Iterator[Place]:
    """Line and column of each token: words are kept whole, a line break ends its line."""
    line = column = 0
    for word in _words(tokens):
        width = sum(len(drawable(token)) for token in word)
        if column and column + width > columns:
            line, column = line + 1, 0
        for token in word:
            if column and column + len(drawable(token)) > columns:
                line, column = line + 1, 0
            column -= column == 0 and token[:1] == " "  # hangs out of the line it would begin
            yield line, column
            column += len(drawable(token))
            if "\n" in token:
                line, column = line + 1, 0


def _words(tokens: Sequence[str]) -> list[list[str]]:
    """Tokens in groups, each but the first beginning with a space or after a line break."""
    begins = [
        number == 0 or token[:1].isspace() or "\n" in tokens[number - 1]
        for number, token in enumerate(tokens)
    ]
    words: list[list[str]] = [[] for _ in range(sum(begins))]
    for token, word in zip(tokens, accumulate(begins), strict=True):
        words[word - 1].append(token)
    return words


def _box(text: str, place: Place) -> Rectangle:
    """What is coloured of one token: not the space before it, unless it is nothing else."""
    blank = len(text) - len(text.lstrip()) if text.strip() else 0
    corner = (place[1] + blank - 0.1, place[0] * HEIGHT + 0.1)
    return Rectangle(corner, len(text) - blank + 0.2, HEIGHT - 0.2)


def _outline(text: str, place: Place) -> Path:
    """The characters of one token where it stands; y counts downwards."""
    where = Affine2D().scale(1, -1).translate(place[1], (place[0] + 0.7) * HEIGHT)
    font = FontProperties(family=MONO)
    return TextPath((0, 0), text, size=1 / ADVANCE, prop=font).transformed(where)
