"""Worked chains of thought to learn from, drawn once and kept."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from PIL.Image import Image

from saccade.tasks.lab import LabTask, respond
from saccade.tasks.lab.drawing import draw
from saccade.tasks.lab.scene import Eyes, Picture

T = TypeVar("T")

LEVEL_SHARES = {1: 0.3, 2: 0.6, 3: 0.1}
"""How often each level is shown; the default level most."""
TASK_SHARES = {
    "lab/counting": 0.25,
    "lab/geometry": 0.1,
    "lab/grounding": 0.3,
    "lab/fewshot": 0.1,
    "lab/puzzle": 0.25,
}
"""How often each task is shown; those that take longest to learn most."""


@dataclass(frozen=True, eq=False)
class Demonstration:
    """A question about pictures, and the response to imitate."""

    question: str
    pictures: tuple[Picture, ...]
    response: str

    @property
    def images(self) -> tuple[Image, ...]:
        """The pictures, drawn."""
        return tuple(draw(picture) for picture in self.pictures)


@dataclass
class Demonstrations:
    """`size` demonstrations over all lab tasks; `misread[task]` of what is seen is told wrongly."""

    size: int
    seed: int
    misread: Mapping[str, float] = field(default_factory=dict)
    _kept: dict[int, Demonstration] = field(default_factory=dict, repr=False)

    def __getitem__(self, index: int) -> Demonstration:
        """Demonstration `index`; each is drawn on first use."""
        if index not in self._kept:
            self._kept[index] = self._draw(index)
        return self._kept[index]

    def _draw(self, index: int) -> Demonstration:
        rng = random.Random(f"demonstration {self.seed} {index}")
        name, level = _one_of(rng, TASK_SHARES), _one_of(rng, LEVEL_SHARES)
        task = LabTask(name, "train", level, self.seed, self.size)
        problem = task.problem(index)
        thought, answer = problem.tell(Eyes(rng, self.misread.get(name, 0.0)))
        return Demonstration(problem.question, problem.pictures, respond(thought, answer))

    def batch(self, step: int, size: int) -> Sequence[Demonstration]:
        """The batch of a training step: a function of the step, so training can stop and go on.

        All tasks are mixed, shorter demonstrations first.
        """
        rng = random.Random(f"batch {self.seed} {step}")
        drawn = [self[i] for i in rng.sample(range(self.size), size)]
        return sorted(drawn, key=lambda d: len(d.pictures) * 200 + len(d.response))

    def texts(self, count: int) -> list[str]:
        """Questions and responses of the first `count`, to learn a tokenizer from."""
        return [text for i in range(count) for text in (self[i].question, self[i].response)]


def _one_of(rng: random.Random, shares: Mapping[T, float]) -> T:
    (drawn,) = rng.choices(list(shares), list(shares.values()))
    return drawn
