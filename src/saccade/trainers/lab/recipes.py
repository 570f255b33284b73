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


def _base(look: int, see: int, sharpen: int) -> dict[str, Stage]:
    """Learn to look, to speak of what is seen, to do so precisely, and to misread some of it.

    The third stage halves the batch: from there on the number of updates counts, not their noise.
    """
    right = Demonstrations(16000, seed=0)
    wrong = Demonstrations(8000, seed=1, misread=MISREAD)
    return {
        "look": Stage("looking", right, Schedule(look, rate=2e-3, warmup=50)),
        "see": Stage("speaking", right, Schedule(see, rate=1.5e-3, warmup=50, descent=0)),
        "sharpen": Stage("speaking", right, Schedule(sharpen, rate=1.2e-3, batch=16, warmup=50)),
        "misread": Stage("speaking", wrong, Schedule(250, rate=3e-4, warmup=20)),
    }


_MORE = Demonstrations(9600, seed=2)

RECIPES: Mapping[str, Recipe] = {
    "lab/base": Recipe("qwen2_5_vl", _base(800, 1000, 2400)),
    "lab/tuned": Recipe(
        "qwen2_5_vl",
        {"tune": Stage("speaking", _MORE, Schedule(300, rate=4e-4, warmup=20))},
        start_from="lab/base",
    ),
    "lab/base-internvl": Recipe("internvl", _base(700, 500, 1600)),
}
