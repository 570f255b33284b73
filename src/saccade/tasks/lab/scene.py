"""What a lab picture shows: coloured things at places, before any pixel is drawn.

Every lab problem is a small frozen object that follows `Problem`: it can be drawn at random, says
what its pictures hold, asks a question, and tells a worked chain of thought as seen through `Eyes`.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from saccade.samples import Box, Region

T = TypeVar("T")

SIZE = 112
"""Side of every lab picture in pixels: 4 × 4 image tokens for a 14 px patch merged 2 × 2."""

COLOURS = {
    "red": (214, 39, 40),
    "green": (44, 160, 44),
    "blue": (31, 99, 220),
    "yellow": (240, 196, 15),
    "purple": (148, 70, 190),
    "orange": (255, 127, 14),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "diamond")
PLACES = (
    *("top left", "top", "top right"),
    *("left", "centre", "right"),
    *("bottom left", "bottom", "bottom right"),
)
PALETTE = {1: 3, 2: 4, 3: 6}
"""How many of the colours and of the shapes are in play at each level."""


@dataclass(frozen=True)
class Thing:
    """One thing in a picture. `place` says where in words, without the jitter of the box."""

    shape: str
    colour: str
    place: str
    box: Box

    @property
    def phrase(self) -> str:
        """`red circle`."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True)
class Picture:
    """The things of one image; `grid` > 0 draws light lines that many pixels apart."""

    things: tuple[Thing, ...]
    grid: int = 0

    @property
    def key(self) -> str:
        """What is shown, jitter aside: pictures with the same key belong to the same split."""
        return ";".join(sorted(f"{t.phrase}@{t.place}" for t in self.things))


class Eyes:
    """How a narrator sees: right, except for a `misread` share of the things looked at.

    Chains told through failing eyes are coherent but wrong; fine-tuning on them is what leaves a
    model that sees with room for reinforcement learning.
    """

    def __init__(self, rng: random.Random | None = None, misread: float = 0.0) -> None:
        self.rng = rng or random.Random(0)
        self.misread = misread

    def read(self, seen: T, options: Iterable[T]) -> T:
        """What is there, or with probability `misread` one of the other options."""
        if self.rng.random() >= self.misread:
            return seen
        return self.rng.choice([option for option in options if option != seen])


class Problem(Protocol):
    """One drawn problem of a lab task: everything but the pixels."""

    @property
    def scorer(self) -> str:
        """Name of the reward that decides."""
        ...

    @classmethod
    def draw(cls, rng: random.Random, level: int) -> Self:
        """A random problem of this level."""
        ...

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What the images show."""
        ...

    @property
    def question(self) -> str:
        """The question, which alone does not give the answer away."""
        ...

    @property
    def answer(self) -> str:
        """The gold answer."""
        ...

    def tell(self, eyes: Eyes) -> tuple[str, str]:
        """The chain of thought and the answer, as these eyes see the pictures."""
        ...

    @property
    def regions(self) -> tuple[Region, ...]:
        """The box of each named thing."""
        ...

    @property
    def things(self) -> Mapping[str, Thing]:
        """The coloured shapes one may speak of, by the name of their region."""
        ...

    @property
    def phrases(self) -> Mapping[str, tuple[str, ...]]:
        """Which regions the task's own phrases speak of; see `mentions`."""
        ...


def palette(level: int) -> tuple[list[str], list[str]]:
    """The colours and the shapes in play at this level."""
    if level not in PALETTE:
        raise ValueError(f"level must be one of {sorted(PALETTE)}, got {level}")
    return list(COLOURS)[: PALETTE[level]], list(SHAPES[: PALETTE[level]])


def cell_box(rng: random.Random, cell: int, sizes: tuple[int, int], columns: int = 3) -> Box:
    """A square box of random size at a random spot inside one cell of a `columns`² grid."""
    side = rng.randint(*sizes)
    step = SIZE / columns
    room = max(0, int(step) - side - 1)
    x = int(cell % columns * step) + rng.randint(0, room)
    y = int(cell // columns * step) + rng.randint(0, room)
    return (x, y, x + side, y + side)


def named(things: Sequence[Thing], image: int = 0) -> tuple[Region, ...]:
    """A region per thing: `red circle`, or `red circle 1`, `red circle 2` where two are alike."""
    seen: dict[str, int] = {}
    several = {t.phrase for i, t in enumerate(things) for u in things[:i] if u.phrase == t.phrase}
    regions = []
    for thing in things:
        seen[thing.phrase] = seen.get(thing.phrase, 0) + 1
        name = f"{thing.phrase} {seen[thing.phrase]}" if thing.phrase in several else thing.phrase
        regions.append(Region(name, thing.box, image))
    return tuple(regions)


def a(phrase: str) -> str:
    """`a red circle`, `an orange circle`."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def listing(items: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
