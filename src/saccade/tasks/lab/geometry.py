"""lab/geometry: measure a figure on squared paper."""

import random
from dataclasses import dataclass
from typing import Self

from saccade.samples import Region
from saccade.tasks.lab.scene import SIZE, Eyes, Picture, Thing, a, palette

UNIT = 14
"""Pixels of one square of the paper."""
SQUARES = SIZE // UNIT
LONGEST = {1: 4, 2: 6, 3: 7}
LABEL = 11


@dataclass(frozen=True)
class Geometry:
    """A rectangle or a right triangle, `wide` × `high` squares, its corner at (`left`, `top`).

    From level 2 on triangles join in; at level 3 the corners bear letters and the question asks for
    the figure by them.
    """

    figure: str
    colour: str
    left: int
    top: int
    wide: int
    high: int
    asked: str
    level: int
    scorer: str = "answer"

    @classmethod
    def draw(cls, rng: random.Random, level: int) -> Self:
        """Sides are drawn alike for every question; a triangle's area is kept a whole number."""
        colours, _ = palette(level)
        figure = rng.choice(("rectangle", "right triangle")) if level > 1 else "rectangle"
        wide, high = rng.randint(2, LONGEST[level]), rng.randint(2, LONGEST[level])
        if figure == "right triangle" and wide * high % 2:
            wide += 1 if wide < LONGEST[level] else -1
        left, top = rng.randint(0, SQUARES - wide), rng.randint(0, SQUARES - high)
        asked = "area" if figure == "right triangle" else rng.choice(("area", "perimeter"))
        return cls(figure, rng.choice(colours), left, top, wide, high, asked, level)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """One figure on squared paper, lettered at level 3."""
        return (Picture((self._figure, *self._letters), grid=UNIT),)

    @property
    def _figure(self) -> Thing:
        x, y = self.left * UNIT, self.top * UNIT
        place = f"{self.left},{self.top} {self.wide}x{self.high}"
        box = (x, y, x + self.wide * UNIT, y + self.high * UNIT)
        return Thing(self.figure, self.colour, place, box)

    @property
    def _letters(self) -> tuple[Thing, ...]:
        if self.level < 3:
            return ()
        x0, y0, x1, y1 = self._figure.box
        inside = LABEL + 1
        corners = [(x0 + 1, y0 + 1), (x0 + 1, y1 - inside), (x1 - inside, y1 - inside)]
        if self.figure == "rectangle":
            corners.append((x1 - inside, y0 + 1))
        return tuple(
            Thing(letter, "ink", "corner", (x, y, x + LABEL, y + LABEL))
            for letter, (x, y) in zip("ABCD", corners, strict=False)
        )

    @property
    def question(self) -> str:
        """Asks for the area or the perimeter."""
        name = "".join(letter.shape for letter in self._letters)
        return (
            f"What is the {self.asked} of {f'figure {name}' if name else 'the figure'} in squares?"
        )

    @property
    def answer(self) -> str:
        """The number, in digits."""
        return self._work(self.wide, self.high)[1]

    def tell(self, eyes: Eyes) -> tuple[str, str]:
        """Name the figure, read its two sides, do the sum."""
        sides = range(2, LONGEST[self.level] + 1)
        wide = eyes.read(self.wide, sides)
        # Wrong eyes still do right sums: half a triangle's squares stay a whole number.
        fits = [h for h in sides if self.figure == "rectangle" or wide * h % 2 == 0]
        high = eyes.read(self.high if self.high in fits else fits[0], fits)
        work, result = self._work(wide, high)
        return (
            f"The figure is {a(self._figure.phrase)}. It is {wide} wide and {high} high. "
            f"Its {self.asked} is {work} = {result}.",
            result,
        )

    def _work(self, wide: int, high: int) -> tuple[str, str]:
        if self.asked == "perimeter":
            return f"2 * ({wide} + {high})", str(2 * (wide + high))
        if self.figure == "rectangle":
            return f"{wide} * {high}", str(wide * high)
        return f"{wide} * {high} / 2", str(wide * high // 2)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The figure, and the two sides that are read."""
        x0, y0, x1, y1 = self._figure.box
        half = UNIT / 2
        return (
            Region("figure", (x0, y0, x1, y1)),
            Region("width", (x0, max(0, y1 - half), x1, min(SIZE, y1 + half))),
            Region("height", (max(0, x0 - half), y0, min(SIZE, x0 + half), y1)),
        )

    @property
    def things(self) -> dict[str, Thing]:
        """None: a figure has names of its own."""
        return {}

    @property
    def phrases(self) -> dict[str, tuple[str, ...]]:
        """The figure by its kinds and colours, the sides by any number, right or wrong."""
        kinds = ("figure", "rectangle", "right triangle", "triangle")
        colours, _ = palette(3)
        named = [*kinds, *(f"{colour} {kind}" for colour in colours for kind in kinds)]
        figure: tuple[str, ...] = ("figure",)
        return dict.fromkeys(named, figure) | {"# wide": ("width",), "# high": ("height",)}
