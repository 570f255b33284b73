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


def _base(look: int, see: int) -> dict[str, Stage]:
    """Learn to look, then to speak of what is seen."""
    return {
        "look": Stage("looking", _DATA, Schedule(look, rate=2e-3, warmup=50)),
        "see": Stage("speaking", _DATA, Schedule(see, rate=1.5e-3, warmup=50, descent=0.4)),
    }


_TUNE = Schedule(300, rate=8e-4, warmup=20, descent=0.8)

RECIPES: Mapping[str, Recipe] = {
    "lab/base": Recipe("qwen2_5_vl", _base(1200, 2500)),
    "lab/tuned": Recipe(
        "qwen2_5_vl", {"tune": Stage("speaking", _DATA, _TUNE)}, start_from="lab/base"
    ),
    "lab/base-internvl": Recipe("internvl", _base(1200, 2500)),
}
