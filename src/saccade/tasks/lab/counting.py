"""lab/counting: how many things of one kind does the picture hold?"""

import random
from dataclasses import dataclass
from typing import Self

from saccade.samples import Region
from saccade.tasks.lab.mentions import plural
from saccade.tasks.lab.scene import (
    PLACES,
    Eyes,
    Picture,
    Thing,
    a,
    cell_box,
    listing,
    named,
    palette,
)

THINGS = {1: (2, 4), 2: (3, 6), 3: (5, 9)}
LARGEST = {1: 3, 2: 4, 3: 5}
"""The largest answer of a level; every answer from 0 to it is equally likely."""


@dataclass(frozen=True)
class Counting:
    """Things on a 3 × 3 grid; count those of one colour, of one shape, or of both."""

    shown: tuple[Thing, ...]
    colour: str
    shape: str
    level: int
    scorer: str = "answer"

    @classmethod
    def draw(cls, rng: random.Random, level: int) -> Self:
        """The answer is drawn first, so that no answer is likelier than another."""
        colours, shapes = palette(level)
        count = rng.randint(0, LARGEST[level])
        total = rng.randint(max(count, THINGS[level][0]), THINGS[level][1])
        kind = rng.choice(("colour", "shape", "both"))
        colour = "" if kind == "shape" else rng.choice(colours)
        shape = "thing" if kind == "colour" else rng.choice(shapes)
        every = [(c, s) for c in colours for s in shapes]
        fits = [cs for cs in every if _asked(*cs, colour, shape)]
        rest = [cs for cs in every if cs not in fits]
        kinds = [rng.choice(fits if i < count else rest) for i in range(total)]
        rng.shuffle(kinds)
        cells = sorted(rng.sample(range(9), total))
        things = [
            Thing(s, c, PLACES[cell], cell_box(rng, cell, (22, 32)))
            for (c, s), cell in zip(kinds, cells, strict=True)
        ]
        return cls(tuple(things), colour, shape, level)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """One picture."""
        return (Picture(self.shown),)

    @property
    def question(self) -> str:
        """Asks for the number of things of one kind."""
        return f"How many {self._kind(2)} are there?"

    @property
    def answer(self) -> str:
        """The number, in digits."""
        return str(sum(_asked(t.colour, t.shape, self.colour, self.shape) for t in self.shown))

    def tell(self, eyes: Eyes) -> tuple[str, str]:
        """Name every thing in reading order, with the count so far of those that fit."""
        colours, shapes = palette(self.level)
        told, count = [], 0
        for thing in self.shown:
            colour, shape = eyes.read(thing.colour, colours), eyes.read(thing.shape, shapes)
            count += _asked(colour, shape, self.colour, self.shape)
            told.append(f"{a(colour)} {shape} at the {thing.place} ({count})")
        there = f"there {'is' if count == 1 else 'are'} {count} {self._kind(count)}"
        return f"I see {listing(told)}. So {there}.", str(count)

    def _kind(self, count: int) -> str:
        kind = f"{self.colour} {self.shape}".strip()
        return kind if count == 1 else plural(kind)

    @property
    def regions(self) -> tuple[Region, ...]:
        """One region per thing."""
        return named(self.shown)

    @property
    def things(self) -> dict[str, Thing]:
        """All of them."""
        return dict(zip((r.name for r in self.regions), self.shown, strict=True))

    @property
    def phrases(self) -> dict[str, tuple[str, ...]]:
        """None of its own."""
        return {}


def _asked(colour: str, shape: str, wanted_colour: str, wanted_shape: str) -> bool:
    return wanted_colour in ("", colour) and wanted_shape in ("thing", shape)
