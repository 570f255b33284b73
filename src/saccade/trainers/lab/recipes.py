"""How each shipped micro model is made: one table of stages, and what each stage is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from saccade.trainers.lab.demonstrations import Demonstrations
from saccade.trainers.lab.fit import Schedule

MISREAD = {
    "lab/counting": 0.04,
    "lab/geometry": 0.22,
    "lab/grounding": 0.25,
    "lab/fewshot": 0.25,
    "lab/puzzle": 0.22,
}
"""The share of things told wrongly in demonstrations that leave room for reinforcement learning.
A counting chain names some nine attributes, so each may fail more rarely than in the others."""


@dataclass(frozen=True)
class Stage:
    """One stretch of supervised training: what it teaches, on what, and for how long."""

    teaches: Literal["looking", "speaking"]
    data: Demonstrations
    schedule: Schedule


@dataclass(frozen=True)
class Recipe:
    """A model from an architecture and a seed, or from another recipe's model, through stages."""

    architecture: str
    stages: Mapping[str, Stage]
    start_from: str | None = None
    seed: int = 0


def _base(look: int, see: int) -> dict[str, Stage]:
    """Learn to look, then to speak of what is seen, then to misread some of it."""
    right = Demonstrations(12000, seed=0)
    wrong = Demonstrations(4000, seed=1, misread=MISREAD)
    return {
        "look": Stage("looking", right, Schedule(look, rate=2e-3, warmup=50)),
        "see": Stage("speaking", right, Schedule(see, rate=1.5e-3, warmup=50, descent=0.4)),
        "misread": Stage("speaking", wrong, Schedule(120, rate=3e-4, warmup=10)),
    }


_MORE = Demonstrations(5000, seed=2)

RECIPES: Mapping[str, Recipe] = {
    "lab/base": Recipe("qwen2_5_vl", _base(600, 1000)),
    "lab/tuned": Recipe(
        "qwen2_5_vl",
        {"tune": Stage("speaking", _MORE, Schedule(150, rate=4e-4, warmup=10))},
        start_from="lab/base",
    ),
    "lab/base-internvl": Recipe("internvl", _base(600, 1000)),
}
