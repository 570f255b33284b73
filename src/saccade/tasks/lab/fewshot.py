"""lab/fewshot: the first picture teaches made-up names, the second shows one of them."""

import random
from dataclasses import dataclass, replace
from typing import Self

from saccade.samples import Region
from saccade.tasks.lab.scene import Eyes, Picture, Thing, a, cell_box, listing, palette

NAMES = ("dax", "wug", "fep", "blick", "toma", "zorp")
CLASSES = {1: 2, 2: 3, 3: 3}
SPOTS = {2: ("on the left", "on the right"), 3: ("on the left", "in the middle", "on the right")}
CORNERS = ("top left", "top right", "bottom left", "bottom right")


@dataclass(frozen=True)
class FewShot:
    """Classes side by side in picture one, `names` from left to right; `asked` in picture two.

    At level 1 the classes differ in colour and in shape, from level 2 on they may share either.
    """

    names: tuple[str, ...]
    support: tuple[Thing, ...]
    asked: int
    query: Thing
    level: int
    scorer: str = "answer"

    @classmethod
    def draw(cls, rng: random.Random, level: int) -> Self:
        """Names are dealt anew for every problem, so they cannot be learnt by heart."""
        colours, shapes = palette(level)
        total = CLASSES[level]
        if level == 1:
            kinds = list(zip(rng.sample(colours, total), rng.sample(shapes, total), strict=True))
        else:
            kinds = rng.sample([(c, s) for c in colours for s in shapes], total)
        row = [3, 5] if total == 2 else [3, 4, 5]
        support = [
            Thing(s, c, spot, cell_box(rng, cell, (26, 34)))
            for (c, s), spot, cell in zip(kinds, SPOTS[total], row, strict=True)
        ]
        asked = rng.randrange(total)
        colour, shape = kinds[asked]
        corner = rng.randrange(4)
        query = Thing(shape, colour, CORNERS[corner], cell_box(rng, corner, (30, 48), columns=2))
        return cls(tuple(rng.sample(NAMES, total)), tuple(support), asked, query, level)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The named classes, then the one to name."""
        return Picture(self.support), Picture((self.query,))

    @property
    def question(self) -> str:
        """Gives the names in the order of the first picture."""
        taught = [
            f"{a(name)} {thing.place}" for name, thing in zip(self.names, self.support, strict=True)
        ]
        return f"The first picture shows {listing(taught)}. What does the second picture show?"

    @property
    def answer(self) -> str:
        """The made-up name."""
        return self.names[self.asked]

    def tell(self, eyes: Eyes) -> tuple[str, str]:
        """Describe each class, describe the second picture, match."""
        kinds = [t.phrase for t in self.support]
        taught = [f"the {n} is {a(k)}" for n, k in zip(self.names, kinds, strict=True)]
        seen = eyes.read(self.query.phrase, kinds)
        name = self.names[kinds.index(seen)]
        first = listing(taught)
        return (
            f"{first[0].upper()}{first[1:]}. The second picture shows {a(seen)}. "
            f"So it is {a(name)}.",
            name,
        )

    @property
    def regions(self) -> tuple[Region, ...]:
        """Each class under its made-up name, and the thing to be named."""
        taught = zip(self.names, self.support, strict=True)
        return (*(Region(n, t.box, 0) for n, t in taught), Region("query", self.query.box, 1))

    @property
    def things(self) -> dict[str, Thing]:
        """The taught classes; where they stand is told in words of the question's own."""
        bare = (replace(thing, place="") for thing in self.support)
        return dict(zip(self.names, bare, strict=True))

    @property
    def phrases(self) -> dict[str, tuple[str, ...]]:
        """By made-up name and by picture; what the second picture shows speaks of the query."""
        return {
            **{name: (name,) if name in self.names else () for name in NAMES},
            "first picture": self.names,
            "second picture": ("query",),
            "second picture shows @": ("query",),
        }
