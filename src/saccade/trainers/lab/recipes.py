"""How each shipped micro model is made: one table of stages, and what each stage is for."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    """One stretch of supervised training: on what, and for how long."""

    data: Demonstrations
    schedule: Schedule


@dataclass(frozen=True)
class Recipe:
    """A model from an architecture and a seed, or from another recipe's model, through stages."""

    architecture: str
    stages: Mapping[str, Stage]
    start_from: str | None = None
    seed: int = 0


def _see(steps: int) -> Stage:
    data = Demonstrations(16000, seed=0, easy=5000, easy_steps=800)
    return Stage(data, Schedule(steps, rate=1.5e-3))


def _misread() -> Stage:
    data = Demonstrations(9600, seed=1, misread=MISREAD)
    return Stage(data, Schedule(300, rate=3e-4, warmup=20))


RECIPES: Mapping[str, Recipe] = {
    "lab/base": Recipe(
        "qwen2_5_vl",
        {"see": _see(3600), "misread": _misread()},
    ),
    "lab/tuned": Recipe(
        "qwen2_5_vl",
        {"tune": Stage(Demonstrations(12800, seed=2), Schedule(400, rate=4e-4, warmup=20))},
        start_from="lab/base",
    ),
    "lab/base-internvl": Recipe(
        "internvl",
        {"see": _see(3600), "misread": _misread()},
    ),
}
