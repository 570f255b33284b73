"""Pixels for a `Picture`: Pillow, drawn four times too large and averaged down (antialiased)."""

import math
from collections.abc import Callable, Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from saccade.samples import Box
from saccade.tasks.lab.scene import COLOURS, SIZE, Picture, Thing

SCALE = 4
PAPER = (255, 255, 255)
INK = (60, 60, 60)
LINE = (205, 205, 205)

Pen = ImageDraw.ImageDraw
Colour = tuple[int, int, int]


def draw(picture: Picture) -> Image.Image:
    """The image of a picture, `SIZE` pixels a side."""
    canvas = Image.new("RGB", (SIZE * SCALE, SIZE * SCALE), PAPER)
    pen = ImageDraw.Draw(canvas)
    if picture.grid:
        _grid(pen, picture.grid)
    for thing in picture.things:
        _thing(pen, thing)
    return canvas.reduce(SCALE)


def _grid(pen: Pen, step: int) -> None:
    for at in range(0, SIZE + 1, step):
        edge = min(at, SIZE - 1) * SCALE
        pen.line([(edge, 0), (edge, SIZE * SCALE)], fill=LINE, width=SCALE)
        pen.line([(0, edge), (SIZE * SCALE, edge)], fill=LINE, width=SCALE)


def _thing(pen: Pen, thing: Thing) -> None:
    x0, y0, x1, y1 = (v * SCALE for v in thing.box)
    OUTLINES[thing.shape](pen, (x0, y0, x1, y1), COLOURS.get(thing.colour, INK))


def _polygon(*corners: tuple[float, float]) -> Callable[[Pen, Box, Colour], None]:
    """A filled polygon whose corners are fractions of the box."""

    def fill(pen: Pen, box: Box, colour: Colour) -> None:
        x0, y0, x1, y1 = box
        points = [(x0 + u * (x1 - x0), y0 + v * (y1 - y0)) for u, v in corners]
        pen.polygon(points, fill=colour)

    return fill


def _star() -> Callable[[Pen, Box, Colour], None]:
    """Five points, stretched until they touch all four sides of the box."""
    turns = [(math.pi * (k / 5 - 0.5), (1, 0.42)[k % 2]) for k in range(10)]
    corners = [(r * math.cos(a), r * math.sin(a)) for a, r in turns]
    across, down = (_stretched(values) for values in zip(*corners, strict=True))
    return _polygon(*zip(across, down, strict=True))


def _stretched(values: Sequence[float]) -> list[float]:
    """From 0 at the smallest to 1 at the largest."""
    return [(value - min(values)) / (max(values) - min(values)) for value in values]


def _cross() -> Callable[[Pen, Box, Colour], None]:
    a, b = 0.33, 0.67
    top = ((a, 0), (b, 0), (b, a), (1, a), (1, b), (b, b))
    return _polygon(*top, (b, 1), (a, 1), (a, b), (0, b), (0, a), (a, a))


def _circle(pen: Pen, box: Box, colour: Colour) -> None:
    pen.ellipse(box, fill=colour)


@cache
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(pixels)


def _glyph(character: str) -> Callable[[Pen, Box, Colour], None]:
    """A character of Pillow's own font, centred in the box."""

    def write(pen: Pen, box: Box, colour: Colour) -> None:
        x0, y0, x1, y1 = box
        pen.text(
            ((x0 + x1) / 2, (y0 + y1) / 2),
            character,
            fill=colour,
            font=_font(int(y1 - y0)),
            anchor="mm",
        )

    return write


OUTLINES: dict[str, Callable[[Pen, Box, Colour], None]] = {
    "circle": _circle,
    "square": _polygon((0, 0), (1, 0), (1, 1), (0, 1)),
    "triangle": _polygon((0.5, 0), (1, 1), (0, 1)),
    "star": _star(),
    "cross": _cross(),
    "diamond": _polygon((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)),
    "rectangle": _polygon((0, 0), (1, 0), (1, 1), (0, 1)),
    "right triangle": _polygon((0, 0), (0, 1), (1, 1)),
    "question mark": _glyph("?"),
    **{letter: _glyph(letter) for letter in "ABCD"},
}
"""How each shape is drawn into a box (x0, y0, x1, y1) of the enlarged canvas."""
