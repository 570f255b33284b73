"""Supervised training of a micro model: AdamW, a plateau, one descent.

Plain on purpose. A step is a function of its number, and a checkpoint is written every
`save_every` steps, so a killed training goes on where it was and ends with the same weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from torch import nn

from saccade.trainers.lab.demonstrations import Demonstrations

EVERY = 50
"""Steps per entry of the curve."""

Learner = nn.Module
"""Called with a batch of demonstrations, it gives the loss."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn."""

    steps: int
    rate: float
    batch: int = 32
    warmup: int = 100
    decay: float = 0.01
    clip: float = 1.0
    descent: float = 0.25
    """Share of the steps over which the rate falls to zero."""
    save_every: int = 250

    def rate_at(self, step: int) -> float:
        """Linear warm-up, a plateau, and a linear descent to zero at the end."""
        falling = self.steps * self.descent
        left = (self.steps - step) / falling if falling else 1.0
        return self.rate * min(1.0, (step + 1) / self.warmup, left)


def fit(
    learner: Learner,
    data: Demonstrations,
    *,
    schedule: Schedule,
    checkpoint: Path,
    on_step: Callable[[int, float], None],
) -> list[tuple[int, float]]:
    """Train `learner` in place. Returns the curve: (step, loss averaged since the last entry)."""
    optimiser = torch.optim.AdamW(learner.parameters(), weight_decay=schedule.decay, fused=True)
    words = _words(learner, data, schedule)
    start, curve, total = _resume(checkpoint, learner, optimiser, words)
    learner.train()
    for step in range(start, schedule.steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(step)
        loss = learner(data.batch(step, schedule.batch))
        loss.backward()
        nn.utils.clip_grad_norm_(learner.parameters(), schedule.clip)
        optimiser.step()
        optimiser.zero_grad()
        total += loss.item()
        on_step(step + 1, loss.item())
        if (step + 1) % EVERY == 0:
            curve.append((step + 1, round(total / EVERY, 4)))
            total = 0.0
        if (step + 1) % schedule.save_every == 0 or step + 1 == schedule.steps:
            state = {"words": words, "progress": (step + 1, curve, total)}
            _save(checkpoint, learner, optimiser, state)
    learner.eval()
    return curve


def _words(learner: Learner, data: Demonstrations, schedule: Schedule) -> str:
    """What a checkpoint must have been made with: the settings, and the first weights."""
    weights = blake2b(digest_size=8)
    for value in learner.state_dict().values():
        weights.update(value.detach().cpu().numpy().tobytes())
    return f"{schedule} {data} from {weights.hexdigest()}"


def _save(
    path: Path, learner: Learner, optimiser: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    """Whole or not at all."""
    state |= {"model": learner.state_dict(), "optimiser": optimiser.state_dict()}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def _resume(
    path: Path, learner: Learner, optimiser: torch.optim.Optimizer, words: str
) -> tuple[int, list[tuple[int, float]], float]:
    """Where training stopped; the start, if nothing was saved or something else was trained."""
    if not path.exists():
        return 0, [], 0.0
    state = torch.load(path, weights_only=True, map_location="cpu")
    if state["words"] != words:
        return 0, [], 0.0
    learner.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    step, curve, total = state["progress"]
    return step, [(at, loss) for at, loss in curve], total
