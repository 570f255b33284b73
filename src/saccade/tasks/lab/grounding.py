"""lab/grounding: give the box of the thing that is asked for."""

import random
from dataclasses import dataclass
from typing import Self

from saccade.samples import Box, Region
from saccade.tasks.lab.scene import PLACES, SIZE, Eyes, Picture, Thing, cell_box, named, palette

THINGS = {1: (1, 2), 2: (2, 4), 3: (4, 7)}
SLIP = 16
"""How many pixels failing eyes misplace an edge by."""


@dataclass(frozen=True)
class Grounding:
    """Different things on a 3 × 3 grid; the first of `shown` is the one asked for."""

    shown: tuple[Thing, ...]
    scorer: str = "iou"

    @classmethod
    def draw(cls, rng: random.Random, level: int) -> Self:
        """No two things alike, so that colour and shape name one of them."""
        colours, shapes = palette(level)
        total = rng.randint(*THINGS[level])
        kinds = rng.sample([(c, s) for c in colours for s in shapes], total)
        cells = rng.sample(range(9), total)
        things = [
            Thing(s, c, PLACES[cell], cell_box(rng, cell, (24, 35)))
            for (c, s), cell in zip(kinds, cells, strict=True)
        ]
        return cls(tuple(things))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """One picture."""
        return (Picture(self.shown),)

    @property
    def question(self) -> str:
        """Asks for a box in pixels."""
        return f"Where is the {self.shown[0].phrase}? Answer with its box [x0, y0, x1, y1]."

    @property
    def answer(self) -> str:
        """`[x0, y0, x1, y1]`."""
        return _written(self.shown[0].box)

    def tell(self, eyes: Eyes) -> tuple[str, str]:
        """The rough place first, then the edges."""
        target = self.shown[0]
        x0, y0, x1, y1 = (int(v) for v in target.box)
        right, down = (eyes.read(0, (-SLIP, SLIP)) for _ in range(2))
        right, down = (
            max(-low, min(d, SIZE - high)) for d, low, high in ((right, x0, x1), (down, y0, y1))
        )
        box = (x0 + right, y0 + down, x1 + right, y1 + down)
        spans = f"from {box[0]} to {box[2]} across and from {box[1]} to {box[3]} down"
        return f"The {target.phrase} is at the {target.place}. It reaches {spans}.", _written(box)

    @property
    def regions(self) -> tuple[Region, ...]:
        """One region per thing."""
        return named(self.shown)

    @property
    def things(self) -> dict[str, Thing]:
        """All of them; no two look alike."""
        return {thing.phrase: thing for thing in self.shown}

    @property
    def phrases(self) -> dict[str, tuple[str, ...]]:
        """Coordinates speak of the thing asked for, whether they are right or wrong."""
        asked = (self.shown[0].phrase,)
        return {"from # to # across": asked, "from # to # down": asked}


def _written(box: Box) -> str:
    return f"[{', '.join(str(int(v)) for v in box)}]"
