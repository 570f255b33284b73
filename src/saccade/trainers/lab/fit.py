"""Supervised training of a micro model: next-token loss on responses, AdamW, one descent.

Plain on purpose. A step is a function of its number, and a checkpoint is written every
`save_every` steps, so a killed training goes on where it was and ends with the same weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, ProcessorMixin

from saccade.trainers.lab.demonstrations import Demonstration, Demonstrations

IGNORED = -100
DESCENT = 0.25


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn."""

    steps: int
    rate: float
    batch: int = 32
    warmup: int = 100
    decay: float = 0.01
    clip: float = 1.0
    save_every: int = 250

    def rate_at(self, step: int) -> float:
        """Linear warm-up, a plateau, and a linear descent to zero over the last quarter."""
        left = (self.steps - step) / (self.steps * DESCENT)
        return self.rate * min(1.0, (step + 1) / self.warmup, left)


class Collator:
    """Batches of padded inputs with labels on the response tokens only.

    A demonstration goes through the processor once and is kept (pixels in float16): afterwards a
    batch costs next to nothing beside the step it feeds.
    """

    def __init__(self, processor: ProcessorMixin) -> None:
        self.processor = processor
        self._kept: dict[Demonstration, dict[str, Tensor]] = {}

    def __call__(self, batch: Sequence[Demonstration]) -> dict[str, Tensor]:
        """Token fields left-padded to one length, everything about images joined in order."""
        rows = [self._encoded(shown) for shown in batch]
        width = max(row["input_ids"].shape[1] for row in rows)
        fill = {"input_ids": self.processor.tokenizer.pad_token_id, "labels": IGNORED}
        joined = {}
        for name, first in rows[0].items():
            parts = [row[name] for row in rows]
            if first.ndim == 2 and first.shape == rows[0]["input_ids"].shape:
                parts = [
                    torch.nn.functional.pad(p, (width - p.shape[1], 0), value=fill.get(name, 0))
                    for p in parts
                ]
            joined[name] = torch.cat(parts)
        return joined | {"pixel_values": joined["pixel_values"].float()}

    def _encoded(self, shown: Demonstration) -> dict[str, Tensor]:
        if shown not in self._kept:
            self._kept[shown] = self._encode(shown)
        return self._kept[shown]

    def _encode(self, shown: Demonstration) -> dict[str, Tensor]:
        tokenizer: Any = self.processor.tokenizer
        content = [{"type": "image"} for _ in shown.images]
        turn = [{"role": "user", "content": [*content, {"type": "text", "text": shown.question}]}]
        prompt = self.processor.apply_chat_template(
            turn, add_generation_prompt=True, tokenize=False
        )
        response = shown.response + tokenizer.eos_token
        inputs = dict(
            self.processor(
                text=[prompt + response], images=[list(shown.images)], return_tensors="pt"
            )
        )
        labels = torch.full_like(inputs["input_ids"], IGNORED)
        length = len(tokenizer(response).input_ids)
        labels[0, -length:] = inputs["input_ids"][0, -length:]
        return inputs | {"labels": labels, "pixel_values": inputs["pixel_values"].half()}


def fit(
    model: PreTrainedModel,
    collate: Collator,
    data: Demonstrations,
    *,
    schedule: Schedule,
    checkpoint: Path,
    on_step: Callable[[int, float], None],
) -> list[tuple[int, float]]:
    """Train `model` in place. Returns the curve: (step, loss averaged since the last entry)."""
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=schedule.decay, fused=True)
    start, curve, total = _resume(checkpoint, model, optimiser)
    model.train()
    for step in range(start, schedule.steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(step)
        inputs = collate(data.batch(step, schedule.batch))
        loss = model(**{name: value.to(model.device) for name, value in inputs.items()}).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
        optimiser.step()
        optimiser.zero_grad()
        total += loss.item()
        on_step(step + 1, loss.item())
        if (step + 1) % 50 == 0:
            curve.append((step + 1, total / 50))
            total = 0.0
        if (step + 1) % schedule.save_every == 0 or step + 1 == schedule.steps:
            _save(checkpoint, model, optimiser, (step + 1, curve, total))
    model.eval()
    return curve


def _save(
    path: Path, model: PreTrainedModel, optimiser: torch.optim.Optimizer, progress: Any
) -> None:
    """Whole or not at all."""
    state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "progress": progress}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def _resume(
    path: Path, model: PreTrainedModel, optimiser: torch.optim.Optimizer
) -> tuple[int, list[tuple[int, float]], float]:
    """Where training stopped, or the start."""
    if not path.exists():
        return 0, [], 0.0
    state = torch.load(path, weights_only=True, map_location=model.device)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    step, curve, total = state["progress"]
    return step, [(at, loss) for at, loss in curve], total
