"""The plain way to measure: two full forward passes that keep everything, read off row by row.

Nothing is shared, cached or hooked: each response is run in full with its prompt and image, once as
it was and, where a signal compares, once with the image ablated. It costs the memory of all hidden
states and logits, and is the reference that anything faster must agree with.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from saccade.models import VLM, Teacher, encode, with_responses
from saccade.models.layout import image_numbers
from saccade.probes.comparing import in_full
from saccade.probes.draws import NOBODY, Asked, Draws, columns
from saccade.probes.settings import Probing
from saccade.probes.signal_table import MAPS, SIGNALS, Signal
from saccade.probes.signals import logprob
from saccade.samples import Sample


@dataclass(frozen=True)
class Pass:
    """One forward pass over a padded batch of prompts with their responses."""

    teacher: Teacher
    logits: Float[Tensor, "batch seq vocab"]
    states: tuple[Float[Tensor, "batch seq dim"], ...]


@torch.no_grad()
def measure(
    vlm: VLM, asked: Sequence[Asked], settings: Probing, *, samples: Mapping[str, Sample] = NOBODY
) -> list[dict[str, Float[Tensor, " time"]]]:
    """Every signal of every response, by column name; without an image, no visual ones.

    `samples` are those whose images may be swapped in.
    """
    teacher = _teacher(vlm, asked)
    seen = _forward(vlm, teacher)
    numbers = _image_numbers(vlm, asked, teacher) if settings.mapped("images") else None
    ablated = []
    if settings.compares and teacher.image_mask.any():
        ablated = [_forward(vlm, each) for each in _ablated(vlm, asked, teacher, settings, samples)]
    told = []
    for row, (_, rollout) in enumerate(asked):
        once = {
            "temperature": settings.temperature_of(rollout.sampling),
            "layers": settings.layers,
            **_seen(row, seen),
            "image_numbers": numbers and numbers[row],
        }
        draws = [once | _read(row, each, prefix="ablated_") for each in ablated]
        with in_full(seen.logits):
            told.append(_columns(once, draws, settings))
    return told


def _columns(
    once: dict[str, Any], draws: Sequence[dict[str, Any]], settings: Probing
) -> dict[str, Float[Tensor, "..."]]:
    """The signals of one response, over all draws of the ablation, and its maps."""
    image = once["image_states"].shape[1] > 0
    told: dict[str, Tensor] = {}
    for name, column in settings.columns(image=image).items():
        signal = SIGNALS[name]
        given = [once] if signal.passes == "seen" else draws
        told |= columns(column, torch.stack([_value(signal, each) for each in given]))
        for kind in settings.maps:
            if MAPS[kind].of(signal):
                maps = [_map(kind, signal, each) for each in given]
                told[f"{kind}.{column}"] = torch.stack(maps).mean(0)
    return told


def _value(signal: Signal, given: dict[str, Any], **instead: Any) -> Float[Tensor, " time"]:
    """A signal of what is given, or of something else in the place of a part of it."""
    value: Float[Tensor, " time"] = signal.function(
        *((given | instead)[need] for need in signal.needs)
    )
    return value


def _map(kind: str, signal: Signal, given: dict[str, Any]) -> Float[Tensor, "..."]:
    """The signal of one hidden state or one image after the other, or of every image token."""
    if kind == "patches":
        states, image = (
            each if given["layers"] is None else each[list(given["layers"])]
            for each in (given["states"].float(), given["image_states"].float())
        )
        mean: Tensor = signal.nearness(states, image).mean(0)
        return mean
    return torch.stack([_value(signal, given, **cut) for cut in _cuts(kind, given)])


def _cuts(kind: str, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What stands in the place of all layers or all image tokens, for each row of the map."""
    if kind == "layers":
        yield from ({"layers": [number]} for number in range(len(given["states"])))
        return
    states, numbers = given["image_states"], given["image_numbers"]
    yield from ({"image_states": states[:, numbers == each]} for each in numbers.unique())


def _teacher(vlm: VLM, asked: Sequence[Asked]) -> Teacher:
    """The inputs that put the model through prompts and responses exactly as they were spoken."""
    inputs = encode(
        vlm, [rollout.prompt for _, rollout in asked], [sample.images for sample, _ in asked]
    )
    return with_responses(vlm, inputs, [rollout.response_ids for _, rollout in asked])


def _image_numbers(vlm: VLM, asked: Sequence[Asked], teacher: Teacher) -> list[Tensor]:
    """Of every response's image tokens, which image they belong to."""
    numbers = image_numbers(vlm, teacher.inputs, [sample.images for sample, _ in asked])
    return [torch.from_numpy(row[row >= 0]) for row in numbers]


def _forward(vlm: VLM, teacher: Teacher) -> Pass:
    """One pass, keeping all logits and all hidden states."""
    out = vlm.model(**teacher.inputs, output_hidden_states=True, use_cache=False)
    return Pass(teacher, out.logits, tuple(out.hidden_states))


def _ablated(
    vlm: VLM,
    asked: Sequence[Asked],
    teacher: Teacher,
    settings: Probing,
    samples: Mapping[str, Sample],
) -> Iterator[Teacher]:
    """The same responses under each draw of the ablation: other attention, or other prompts."""
    ablation = settings.chosen.ablation
    if ablation.changes == "attention":
        mask = ablation.function(teacher.inputs["attention_mask"], teacher.image_mask)
        yield replace(teacher, inputs={**teacher.inputs, "attention_mask": mask})
        return
    draws = Draws(vlm, settings.chosen, samples)
    for number in range(settings.draws):
        yield _teacher(vlm, [draws.draw(one, number) for one in asked])


def _seen(row: int, seen: Pass) -> dict[str, Any]:
    """What the pass with the image holds for the signals of a response: `signal_table.Given`."""
    images = seen.teacher.image_mask[row]
    image_states = torch.stack([state[row][images] for state in seen.states])
    return {"image_states": image_states, **_read(row, seen, prefix="")}


def _read(row: int, run: Pass, *, prefix: str) -> dict[str, Tensor]:
    """Logits from the positions that predict the response, states from those that hold it.

    Start and length are the pass's own: an ablation may change the prompt's length.
    """
    start, length = _span(run.teacher, row)
    token_ids = run.teacher.inputs["input_ids"][row, start : start + length]
    logits = run.logits[row, start - 1 : start - 1 + length]
    return {
        f"{prefix}token_ids": token_ids,
        f"{prefix}logits": logits,
        f"{prefix}logprobs": logprob(logits, token_ids),
        f"{prefix}states": torch.stack(
            [state[row, start : start + length] for state in run.states]
        ),
    }


def _span(teacher: Teacher, row: int) -> tuple[int, int]:
    """Where a row's response starts, and how many tokens it has."""
    return int(teacher.starts[row]), int(teacher.lengths[row])
