"""How each shipped micro model is made: one table of stages, and what each stage is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from saccade.trainers.lab.demonstrations import Demonstrations
from saccade.trainers.lab.fit import Schedule


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


_DATA = Demonstrations(12000, seed=0)


def _base(misread: Mapping[str, float]) -> dict[str, Stage]:
    """Learn to look, then to speak of what is seen, then to err.

    What errs while it sees leaves reinforcement learning room. A model stopped half-way to seeing
    would err as often, but has little to gain from its own tries.
    """
    misled = Demonstrations(6000, seed=1, misread=misread)
    return {
        "look": Stage("looking", _DATA, Schedule(1200, rate=2e-3, warmup=50)),
        "see": Stage("speaking", _DATA, Schedule(2500, rate=1.5e-3, warmup=50, descent=0.4)),
        "misread": Stage("speaking", misled, Schedule(300, rate=4e-4, warmup=20, descent=0.5)),
    }


_QWEN_ERRS = {
    "lab/counting": 0.05,
    "lab/geometry": 0.22,
    "lab/grounding": 0.1,
    "lab/puzzle": 0.2,
}
_INTERNVL_ERRS = {"lab/counting": 0.08, "lab/geometry": 0.08, "lab/puzzle": 0.17}
"""Shares of misreading that leave some half of the answers right, by what each model saw before."""
_TUNE = Schedule(300, rate=8e-4, warmup=20, descent=0.8)

RECIPES: Mapping[str, Recipe] = {
    "lab/base": Recipe("qwen2_5_vl", _base(_QWEN_ERRS)),
    "lab/tuned": Recipe(
        "qwen2_5_vl", {"tune": Stage("speaking", _DATA, _TUNE)}, start_from="lab/base"
    ),
    "lab/base-internvl": Recipe("internvl", _base(_INTERNVL_ERRS)),
}
