"""What only a model itself can tell, asked with a single token of text.

Configurations do not say it. PaliGemma counts positions from one; a Gemma 3 or an Aya Vision has a
cap or a scale for its logits in its configuration that the class which reads images passes over,
where PaliGemma applies its own. So each reading is tried, and the model's own logits decide.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Ending:
    """What a model does to its logits after the head: a scale, a soft cap or nothing."""

    scale: float = 1.0
    cap: float | None = None

    def __call__(self, logits: Tensor) -> Tensor:
        """The logits as the model gives them."""
        scaled = logits if self.scale == 1 else logits * self.scale
        return scaled if self.cap is None else torch.tanh(scaled / self.cap) * self.cap


@dataclass(frozen=True)
class OneToken:
    """A forward pass over one token."""

    position: int
    """Where the model puts it when nobody says where."""
    state: Tensor
    logits: Tensor


@torch.no_grad()
def run(model: Any, decoder: nn.Module, ids: Tensor) -> OneToken:
    """Let a model read one token, and watch its decoder."""
    seen: dict[str, Any] = {}

    def hook(_module: Any, _args: Any, kwargs: dict[str, Any], output: Any) -> None:
        seen.update(positions=kwargs.get("position_ids"), state=output[0][0, 0])

    handle = decoder.register_forward_hook(hook, with_kwargs=True)
    try:
        logits = model(input_ids=ids, use_cache=False).logits[0, 0]
    finally:
        handle.remove()
    positions = seen["positions"]
    return OneToken(0 if positions is None else int(positions.min()), seen["state"], logits)


def ending(config: Any, plain: Tensor, told: Tensor) -> Ending | None:
    """The ending that turns what the head gives into the model's logits; None if none does."""
    best = min(_endings(config), key=lambda one: _apart(one(plain), told))
    allowed = 8 * torch.finfo(plain.dtype).eps * told.abs().max().clamp_min(1)
    return None if _apart(best(plain), told) > allowed else best


def _endings(config: Any) -> Iterator[Ending]:
    """Every ending that a text configuration might mean."""
    yield Ending()
    if cap := getattr(config, "final_logit_softcapping", None):
        yield Ending(cap=cap)
    if scale := getattr(config, "logit_scale", None):
        yield Ending(scale=scale)
    if divisor := getattr(config, "logits_scaling", None):
        yield Ending(scale=1 / divisor)


def _apart(ours: Tensor, theirs: Tensor) -> float:
    return float((ours.float() - theirs.float()).abs().max())
