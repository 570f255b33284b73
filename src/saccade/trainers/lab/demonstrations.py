"""Worked chains of thought to learn from, drawn once and kept, in batches of similar length."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL.Image import Image

from saccade.tasks.lab import LAB_TASKS, LabTask, respond
from saccade.tasks.lab.drawing import draw
from saccade.tasks.lab.scene import Eyes

LEVEL_SHARES = {1: 0.3, 2: 0.6, 3: 0.1}
"""How often each level is shown; the default level most."""
SORTED = 8
"""Batches that are drawn together and sorted by length, which halves the padding."""


@dataclass(frozen=True, eq=False)
class Demonstration:
    """A question with its images, and the response to imitate."""

    question: str
    images: tuple[Image, ...]
    response: str


@dataclass
class Demonstrations:
    """`size` demonstrations over all lab tasks; `misread[task]` of what is seen is told wrongly.

    The first `easy` of them are of level 1, and for the first `easy_steps` steps only those are
    shown: a model that first learns to see a few things sees many sooner.
    """

    size: int
    seed: int
    misread: Mapping[str, float] = field(default_factory=dict)
    easy: int = 0
    easy_steps: int = 0
    _kept: dict[int, Demonstration] = field(default_factory=dict, repr=False)

    def __getitem__(self, index: int) -> Demonstration:
        """Demonstration `index`; each is drawn on first use."""
        if index not in self._kept:
            self._kept[index] = self._draw(index)
        return self._kept[index]

    def _draw(self, index: int) -> Demonstration:
        rng = random.Random(f"demonstration {self.seed} {index}")
        name = list(LAB_TASKS)[index % len(LAB_TASKS)]
        (level,) = rng.choices(list(LEVEL_SHARES), list(LEVEL_SHARES.values()))
        level = 1 if index < self.easy else level
        task = LabTask(name, "train", level, self.seed, self.size)
        problem = task.problem(index)
        thought, answer = problem.tell(Eyes(rng, self.misread.get(name, 0.0)))
        images = tuple(draw(picture) for picture in problem.pictures)
        return Demonstration(problem.question, images, respond(thought, answer))

    def batch(self, step: int, size: int) -> Sequence[Demonstration]:
        """The batch of a training step: a function of the step, so training can stop and go on."""
        rng = random.Random(f"batches {self.seed} {step // SORTED}")
        pool = self.easy if step < self.easy_steps else self.size
        drawn = [self[i] for i in rng.sample(range(pool), size * SORTED)]
        drawn.sort(key=lambda d: len(d.images) * 200 + len(d.response))
        order = rng.sample(range(SORTED), SORTED)
        start = order[step % SORTED] * size
        return drawn[start : start + size]

    def texts(self, count: int) -> list[str]:
        """Questions and responses of the first `count`, to learn a tokenizer from."""
        return [text for i in range(count) for text in (self[i].question, self[i].response)]
