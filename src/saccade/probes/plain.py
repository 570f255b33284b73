"""The plain way to measure: two full forward passes that keep everything, read off row by row.

Nothing is shared, cached or hooked: each response is run in full with its prompt and image, once as
it was and, where a signal compares, once with the image ablated. It costs the memory of all hidden
states and logits, and is the reference that anything faster must agree with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from saccade.models import VLM, Teacher, encode, with_responses
from saccade.probes.settings import Probing
from saccade.probes.signals import logprob
from saccade.probes.table import ABLATIONS
from saccade.samples import Rollout, Sample

Asked = tuple[Sample, Rollout]


@dataclass(frozen=True)
class Pass:
    """One forward pass over a padded batch of prompts with their responses."""

    teacher: Teacher
    logits: Float[Tensor, "batch seq vocab"]
    states: tuple[Float[Tensor, "batch seq dim"], ...]


@torch.no_grad()
def measure(
    vlm: VLM, asked: Sequence[Asked], settings: Probing
) -> list[dict[str, Float[Tensor, " time"]]]:
    """Every signal of every response, by column name; without an image, no visual ones."""
    teacher = _teacher(vlm, asked)
    seen = _forward(vlm, teacher)
    sighted: list[bool] = teacher.image_mask.any(-1).tolist()
    ablated = None
    if any(s.passes == "seen+ablated" for s in settings.wanted(image=any(sighted))):
        ablated = _forward(vlm, _ablate(vlm, asked, teacher, settings.ablation))
    columns = []
    for row, ((_, rollout), image) in enumerate(zip(asked, sighted, strict=True)):
        given = _given(row, seen, ablated if image else None)
        given["temperature"] = settings.temperature_of(rollout.sampling)
        given["layers"] = settings.layers
        wanted = settings.wanted(image=image)
        columns.append(
            {
                signal.column(settings.ablation): signal.function(
                    *(given[need] for need in signal.needs)
                )
                for signal in wanted
            }
        )
    return columns


def _teacher(vlm: VLM, asked: Sequence[Asked]) -> Teacher:
    """The inputs that put the model through prompts and responses exactly as they were spoken."""
    inputs = encode(
        vlm, [rollout.prompt for _, rollout in asked], [sample.images for sample, _ in asked]
    )
    return with_responses(vlm, inputs, [rollout.response_ids for _, rollout in asked])


def _forward(vlm: VLM, teacher: Teacher) -> Pass:
    """One pass, keeping all logits and all hidden states."""
    out = vlm.model(**teacher.inputs, output_hidden_states=True, use_cache=False)
    return Pass(teacher, out.logits, tuple(out.hidden_states))


def _ablate(vlm: VLM, asked: Sequence[Asked], teacher: Teacher, name: str) -> Teacher:
    """The same responses under an ablation: other attention, or other pixels."""
    ablation = ABLATIONS[name]
    if ablation.changes == "attention":
        mask = ablation.function(teacher.inputs["attention_mask"], teacher.image_mask)
        return replace(teacher, inputs={**teacher.inputs, "attention_mask": mask})
    return _teacher(vlm, [redrawn(name, *one) for one in asked])


def redrawn(name: str, sample: Sample, rollout: Rollout) -> Asked:
    """The same question with ablated images, the same for all responses to it."""
    rng = np.random.default_rng(list(f"{name} {sample.id}".encode()))
    images = tuple(ABLATIONS[name].function(image, rng) for image in sample.images)
    return replace(sample, images=images), rollout


def _given(row: int, seen: Pass, ablated: Pass | None) -> dict[str, Any]:
    """What the passes over one response hold for its signals; see `table.Given`."""
    start, length = _span(seen.teacher, row)
    token_ids = seen.teacher.inputs["input_ids"][row, start : start + length]
    images = seen.teacher.image_mask[row]
    given = {
        "token_ids": token_ids,
        "image_states": torch.stack([state[row][images] for state in seen.states]),
        **_read(row, seen, token_ids, prefix=""),
    }
    return given if ablated is None else given | _read(row, ablated, token_ids, prefix="ablated_")


def _read(row: int, run: Pass, token_ids: Tensor, *, prefix: str) -> dict[str, Tensor]:
    """Logits from the positions that predict the response, states from those that hold it.

    Start and length are the pass's own: an ablation may change the prompt's length.
    """
    start, length = _span(run.teacher, row)
    logits = run.logits[row, start - 1 : start - 1 + length]
    return {
        f"{prefix}logits": logits,
        f"{prefix}logprobs": logprob(logits, token_ids),
        f"{prefix}states": torch.stack(
            [state[row, start : start + length] for state in run.states]
        ),
    }


def _span(teacher: Teacher, row: int) -> tuple[int, int]:
    """Where a row's response starts, and how many tokens it has."""
    return int(teacher.starts[row]), int(teacher.lengths[row])
