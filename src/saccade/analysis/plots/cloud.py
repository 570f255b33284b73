"""Places for the words of one cloud: `wordcloud` finds free ones, matplotlib draws outlines there.

So a cloud stays a vector drawing, the same each time, with sizes that say exactly what they say:
they are linear in the statistic, and where the words do not fit, all of them are made smaller.
"""

from collections.abc import Mapping
from math import ceil, floor
from pathlib import Path
from random import Random

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from PIL import ImageFont
from wordcloud.wordcloud import IntegralOccupancyMap

CANVAS = (420, 252)
"""Width and height of the whole cloud; 100 to the inch in a drawing of 4.2 inches."""
FILLED = (0.45, 0.6, 0.8, 1.0)
"""Shares of that width and height which the words may fill: the closest that has room for all."""
SMALLEST, LARGEST = 10, 45
"""Size of the least and of the greatest word, if there is room."""
SHRINK = 0.85
FULL = 0.6
"""Share of an area that letters can cover; what needs more is not tried."""
LONGEST = 22
"""Characters of a word that are drawn."""

GAP = 3
"""Pixels between two words, at least."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""
Places = list[tuple[str, int, int, int]]
"""Word, size, left, top."""


def draw_cloud(
    ax: Axes,
    sizes: Mapping[str, float],
    *,
    font: Path,
    colours: Mapping[str, str],
    links: Mapping[str, str],
) -> list[PathPatch]:
    """Draw each word as large as its number, and as a link within the page that the SVG is in."""
    ax.set(xlim=(0, CANVAS[0]), ylim=(-SMALLEST, CANVAS[1]), aspect="equal", anchor="NW")
    ax.axis("off")
    patches = []
    for word, size, left, top in _places(sizes, font):
        rise = ImageFont.truetype(str(font), size).getmetrics()[0]
        foot = (left, CANVAS[1] - top - rise)
        outline = TextPath(foot, _short(word), size=size, prop=FontProperties(fname=font))
        patch = PathPatch(outline, facecolor=colours[word], linewidth=0, label=word, clip_on=False)
        patch.set_url(f"#{links[word]}" if word in links else None)
        # The canvas has its limits: measuring every curve of every letter for them is slow.
        patch.set_in_layout(False)
        ax.add_artist(patch)
        patches.append(patch)
    return patches


def _places(sizes: Mapping[str, float], font: Path) -> Places:
    """The closest layout in which every word has its size, or one with all of them smaller."""
    low, high = min(sizes.values()), max(sizes.values())
    largest = float(LARGEST)
    while True:
        wanted = {
            word: round(SMALLEST + (largest - SMALLEST) * _share(value, low, high))
            for word, value in sizes.items()
        }
        boxes = {word: _box(word, font, size) for word, size in wanted.items()}
        covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes.values())
        for filled in FILLED:
            if covered > FULL * filled**2 * CANVAS[0] * CANVAS[1] and largest > SMALLEST:
                continue
            corners = _corners(boxes, filled)
            if len(corners) == len(wanted) or largest <= SMALLEST:
                return [(word, wanted[word], *corner) for word, corner in corners.items()]
        largest = max(SMALLEST, largest * SHRINK)


def _share(value: float, low: float, high: float) -> float:
    """Where a value lies between the least and the greatest; the greatest where all are equal."""
    return (value - low) / (high - low) if high > low else 1.0


def _corners(boxes: Mapping[str, Box], filled: float) -> dict[str, tuple[int, int]]:
    """One try: from the first word on, each at a free place, until one finds none.

    `WordCloud` itself forgets the room above small letters, so that its words touch.
    """
    width, height = (round(side * filled) for side in CANVAS)
    across, down = (CANVAS[0] - width) // 2, (CANVAS[1] - height) // 2
    free, taken = IntegralOccupancyMap(height, width, None), np.zeros((height, width), np.uint32)
    chance = Random(0)
    corners = {}
    for word, (x0, y0, x1, y1) in boxes.items():
        wide, high = x1 - x0 + GAP, y1 - y0 + GAP
        place = free.sample_position(high, wide, chance)
        if place is None:
            break
        top, left = place
        taken[top : top + high, left : left + wide] = 1
        free.update(taken, top, left)
        corners[word] = (across + left + GAP // 2 - x0, down + top + GAP // 2 - y0)
    return corners


def _box(word: str, font: Path, size: int) -> Box:
    """What the letters of a word cover, from where it is written."""
    x0, y0, x1, y1 = ImageFont.truetype(str(font), size).getbbox(_short(word))
    return floor(x0), floor(y0), ceil(x1), ceil(y1)


def _short(word: str) -> str:
    """A word as it is drawn: the beginning of one that is too long."""
    return word if len(word) <= LONGEST else word[: LONGEST - 1] + "…"
