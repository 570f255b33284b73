"""Places for the words of one cloud: `wordcloud` lays them out, matplotlib draws them as outlines.

So a cloud stays a vector drawing, the same each time, with sizes that say exactly what they say:
they are linear in the statistic, and where the words do not fit, all of them are made smaller.
"""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from random import Random

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from PIL import ImageFont
from wordcloud import WordCloud

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
        for filled in FILLED:
            if _cover(wanted) > FULL * filled**2 and largest > SMALLEST:
                continue
            places = _laid_out(wanted, font, filled)
            placed = {word: size for word, size, *_ in places}
            if placed == wanted and not _touching(places, font):
                return places
        if largest <= SMALLEST:
            return places
        largest = max(SMALLEST, largest * SHRINK)


def _touching(places: Places, font: Path) -> bool:
    """Whether two words do, since `wordcloud` forgets the room above small letters."""
    boxes = []
    for word, size, left, top in places:
        x0, y0, x1, y1 = ImageFont.truetype(str(font), size).getbbox(_short(word))
        boxes.append((left + x0, top + y0, left + x1, top + y1))
    return any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        for a, b in combinations(boxes, 2)
    )


def _cover(wanted: Mapping[str, int]) -> float:
    """About how much of the canvas words of these sizes cover."""
    letters = sum(len(_short(word)) * size**2 for word, size in wanted.items())
    return 0.6 * letters / (CANVAS[0] * CANVAS[1])


def _share(value: float, low: float, high: float) -> float:
    """Where a value lies between the least and the greatest; the greatest where all are equal."""
    return (value - low) / (high - low) if high > low else 1.0


def _laid_out(wanted: Mapping[str, int], font: Path, filled: float) -> Places:
    """One try of `wordcloud`, which ends at the first word that does not fit."""
    width, height = (round(side * filled) for side in CANVAS)
    short = {_short(word): word for word in wanted}
    cloud = WordCloud(
        font_path=str(font),
        width=width,
        height=height,
        margin=3,
        prefer_horizontal=1,
        relative_scaling=1,
        min_font_size=SMALLEST,
        font_step=LARGEST,
        max_font_size=max(wanted.values()),
        max_words=len(wanted),
        random_state=Random(0),
        color_func=lambda *_, **__: "black",
    )
    cloud.generate_from_frequencies({text: wanted[word] for text, word in short.items()})
    across, down = (CANVAS[0] - width) // 2, (CANVAS[1] - height) // 2
    return [
        (short[text], size, across + int(left), down + int(top))
        for (text, _), size, (top, left), *_ in cloud.layout_
    ]


def _short(word: str) -> str:
    """A word as it is drawn: the beginning of one that is too long."""
    return word if len(word) <= LONGEST else word[: LONGEST - 1] + "…"
