"""The lab: procedural visual-reasoning tasks whose ground truth is known.

A `LabTask` is a lazy sequence: sample `i` depends on nothing but the task's name, split, level,
seed and `i`. Which split a problem belongs to is decided by a hash of what its pictures show, so no
picture of the test split can ever be drawn for training.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

from saccade.errors import SaccadeError
from saccade.samples import Sample
from saccade.tasks.lab.counting import Counting
from saccade.tasks.lab.drawing import draw
from saccade.tasks.lab.fewshot import FewShot
from saccade.tasks.lab.geometry import Geometry
from saccade.tasks.lab.grounding import Grounding
from saccade.tasks.lab.mentions import described, find_mentions
from saccade.tasks.lab.puzzle import Puzzle
from saccade.tasks.lab.scene import Eyes, Picture, Problem

__all__ = ["LAB_TASKS", "SPLITS", "LabTask", "find_mentions", "respond"]

LAB_TASKS: Mapping[str, type[Problem]] = {
    "lab/counting": Counting,
    "lab/geometry": Geometry,
    "lab/grounding": Grounding,
    "lab/fewshot": FewShot,
    "lab/puzzle": Puzzle,
}
SPLITS = {"train": range(80), "validation": range(80, 90), "test": range(90, 100)}
"""The share of all pictures, in hundredths, that belongs to each split."""


def respond(thought: str, answer: str) -> str:
    """A response in the form that every lab task asks for."""
    return f"<think>{thought}</think><answer>{answer}</answer>"


@dataclass(frozen=True)
class LabTask(Sequence[Sample]):
    """One lab task as a sequence of samples."""

    name: str
    split: str = "test"
    level: int = 2
    seed: int = 0
    size: int = 500

    def __post_init__(self) -> None:
        """Refuse what does not exist before the first sample is drawn."""
        if self.split not in SPLITS:
            raise SaccadeError(f"split must be one of {', '.join(SPLITS)}, got {self.split!r}.")
        if self.level not in (1, 2, 3):
            raise SaccadeError(f"level must be 1, 2 or 3, got {self.level}.")
        if self.size < 0:
            raise SaccadeError(f"limit must not be negative, got {self.size}.")

    def __len__(self) -> int:
        """How many samples."""
        return self.size

    @property
    def ids(self) -> tuple[str, ...]:
        """The samples' ids, for which none of them is drawn."""
        return tuple(self._id(index) for index in range(self.size))

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        """Sample `index`, drawn now; the same each time."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.size))]
        if not -self.size <= index < self.size:
            raise IndexError(f"{self.name} has {self.size} samples, there is no sample {index}")
        return self._sample(index % self.size)

    def problem(self, index: int) -> Problem:
        """The problem behind sample `index`: drawn until one falls into this split."""
        rng = random.Random(self._id(index))
        while True:
            problem = LAB_TASKS[self.name].draw(rng, self.level)
            if split_bucket(problem.pictures) in SPLITS[self.split]:
                return problem

    def _id(self, index: int) -> str:
        return f"{self.name}/{self.split}/{self.level}/{self.seed}/{index}"

    def _sample(self, index: int) -> Sample:
        problem = self.problem(index)
        spoken = {
            "things": described(problem.things),
            "phrases": {phrase: list(names) for phrase, names in problem.phrases.items()},
        }
        sample = Sample(
            id=self._id(index),
            question=problem.question,
            images=tuple(draw(picture) for picture in problem.pictures),
            answer=problem.answer,
            task=self.name,
            metadata={"level": self.level, "split": self.split, **spoken},
            scorer=problem.scorer,
            solution=respond(*problem.tell(Eyes())),
            regions=problem.regions,
        )
        return replace(sample, mentions=find_mentions(sample, sample.solution))


def split_bucket(pictures: Sequence[Picture]) -> int:
    """0 to 99, decided by what the pictures show and nothing else."""
    shown = "|".join(picture.key for picture in pictures)
    return int.from_bytes(hashlib.blake2b(shown.encode(), digest_size=8).digest()) % 100
