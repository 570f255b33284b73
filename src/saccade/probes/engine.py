"""The fast way to measure: two forward passes for all signals, and nothing read twice.

The responses to a prompt share it. So each prompt runs once with its image and once with the image
ablated, and leaves its keys and values behind; then all responses run together, the seen and the
ablated ones as rows of one batch. That is what lets a layer's states be compared as they pass: none
of them outlives its layer but the last, from which the vocabulary is summed up in tiles.

The numbers are those of `plain.measure` to rounding; the tests hold every family to that.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache

from saccade.models import VLM, encode
from saccade.models.inputs import position_ids
from saccade.probes.capture import Comparison, Directions, OnState, watching
from saccade.probes.plain import Asked, redrawn
from saccade.probes.prefix import prefix
from saccade.probes.settings import Probing
from saccade.probes.signals import k3
from saccade.probes.table import ABLATIONS
from saccade.probes.vocabulary import summed_up

Inputs = dict[str, Tensor]


@dataclass(frozen=True)
class Prompts:
    """Prompts that have been read: all that their responses need of them."""

    cache: DynamicCache
    mask: Int[Tensor, "prompts length"]
    """What later tokens may attend to."""
    last: Float[Tensor, "prompts dim"]
    """The final state of the last token: it predicts the first of a response."""
    end: Int[Tensor, "... prompts 1"]
    """The last token's position."""


@dataclass(frozen=True)
class Responses:
    """Responses as one right-padded batch."""

    ids: Int[Tensor, "rows time"]
    valid: Bool[Tensor, "rows time"]
    rows: list[int]
    """The prompt of each."""


@torch.no_grad()
def measure(
    vlm: VLM, asked: Sequence[Asked], settings: Probing
) -> list[dict[str, Float[Tensor, " time"]]]:
    """Every signal of every response, by column name; without an image, no visual ones."""
    shared = list(dict.fromkeys((sample.id, rollout.prompt) for sample, rollout in asked))
    rows = [shared.index((sample.id, rollout.prompt)) for sample, rollout in asked]
    inputs, *ablated = _inputs(vlm, [asked[rows.index(n)] for n in range(len(shared))], settings)
    image_mask = inputs["input_ids"] == vlm.image_token_id
    directions = Directions(image_mask)
    with _each_image_once(vlm):
        with watching(vlm, directions.take):
            prompts = [_read(vlm, inputs)]
        prompts += [_read(vlm, other) for other in ablated]
    responses = _responses(vlm, asked, rows)
    compared = Comparison(directions, rows, layers=settings.layers, paired=len(prompts) == 2)
    states = _answer(vlm, prompts, responses, compared.take)
    temperature = [settings.temperature_of(rollout.sampling) for _, rollout in asked]
    found = {"visual_similarity": compared.similarity, "hidden_shift": compared.shift}
    found |= _predicted(vlm, states, responses, temperature)
    sighted = image_mask.any(-1)[rows].tolist()
    return [
        {
            signal.column(settings.ablation): found[signal.name][row, : len(rollout.response_ids)]
            for signal in settings.wanted(image=sighted[row])
        }
        for row, (_, rollout) in enumerate(asked)
    ]


def _inputs(vlm: VLM, firsts: Sequence[Asked], settings: Probing) -> list[Inputs]:
    """The prompts with their images and, if a signal compares, with the images ablated."""
    inputs = _encoded(vlm, firsts)
    if all(signal.passes == "seen" for signal in settings.wanted(image=True)):
        return [inputs]
    ablation = ABLATIONS[settings.ablation]
    if ablation.changes == "attention":
        image_mask = inputs["input_ids"] == vlm.image_token_id
        mask = ablation.function(inputs["attention_mask"], image_mask)
        return [inputs, inputs | {"attention_mask": mask}]
    return _one_width(vlm, [inputs, _encoded(vlm, [redrawn(ablation.name, *a) for a in firsts])])


def _encoded(vlm: VLM, firsts: Sequence[Asked]) -> Inputs:
    """Left-padded prompts with the positions of their tokens."""
    prompts, images = zip(*((r.prompt, s.images) for s, r in firsts), strict=True)
    inputs = encode(vlm, prompts, images)
    return inputs | {"position_ids": position_ids(vlm, inputs)}


def _one_width(vlm: VLM, batches: Sequence[Inputs]) -> list[Inputs]:
    """The same batches, padded on the left to the length of the longest."""
    width = max(inputs["input_ids"].shape[1] for inputs in batches)
    return [
        {
            name: pad(value, (width - inputs["input_ids"].shape[1], 0), value=fill)
            if value.shape[-2:] == inputs["input_ids"].shape
            else value
            for name, value in inputs.items()
            for fill in [vlm.tokenizer.pad_token_id if name == "input_ids" else 0]
        }
        for inputs in batches
    ]


@contextmanager
def _each_image_once(vlm: VLM) -> Iterator[None]:
    """Within it, pixels that have just been encoded are not encoded again."""
    inner = vlm.model.base_model
    encode_pixels = inner.get_image_features
    kept: dict[str, Any] = {"pixels": None, "features": None}

    def once(pixel_values: Tensor, *args: Any, **kwargs: Any) -> Any:
        if kept["pixels"] is not pixel_values:
            kept.update(pixels=pixel_values, features=encode_pixels(pixel_values, *args, **kwargs))
        return kept["features"]

    inner.get_image_features = once
    try:
        yield
    finally:
        del inner.get_image_features


def _read(vlm: VLM, inputs: Inputs) -> Prompts:
    """Run prompts, and keep what their responses need."""
    cache = DynamicCache()
    out = vlm.model.base_model(**inputs, past_key_values=cache, use_cache=True)
    last = out.last_hidden_state[:, -1]
    return Prompts(cache, inputs["attention_mask"], last, inputs["position_ids"][..., -1:])


def _responses(vlm: VLM, asked: Sequence[Asked], rows: list[int]) -> Responses:
    """What was said, on the model's device."""
    said = [torch.tensor(rollout.response_ids, device=vlm.device) for _, rollout in asked]
    ids = pad_sequence(said, batch_first=True, padding_value=vlm.tokenizer.pad_token_id)
    ones = [torch.ones_like(row, dtype=torch.bool) for row in said]
    return Responses(ids, pad_sequence(ones, batch_first=True), rows)


def _answer(
    vlm: VLM, prompts: Sequence[Prompts], responses: Responses, on_state: OnState
) -> Float[Tensor, "passes rows time dim"]:
    """Run the responses after every kind of their prompts; the final states that predict them."""
    passes, size = len(prompts), len(prompts[0].mask)
    where = [number * size + row for number in range(passes) for row in responses.rows]
    where = torch.tensor(where, device=vlm.device)
    mask = torch.cat([read.mask for read in prompts])[where]
    end = torch.cat([read.end for read in prompts], dim=-2)[..., where, :]
    valid = responses.valid.repeat(passes, 1)
    with watching(vlm, on_state):
        final = vlm.decoder(
            inputs_embeds=vlm.model.get_input_embeddings()(responses.ids).repeat(passes, 1, 1),
            attention_mask=torch.cat([mask, valid.to(mask.dtype)], dim=1),
            position_ids=end + 1 + torch.arange(valid.shape[1], device=vlm.device),
            past_key_values=prefix([read.cache for read in prompts], where),
            use_cache=True,
        ).last_hidden_state
    last = torch.cat([read.last for read in prompts])[where]
    states: Tensor = torch.cat([last[:, None], final[:, :-1]], dim=1).unflatten(0, (passes, -1))
    return states


def _predicted(
    vlm: VLM,
    states: Float[Tensor, "passes rows time dim"],
    responses: Responses,
    temperature: Sequence[float],
) -> dict[str, Float[Tensor, "rows time"]]:
    """The signals that come from the distributions over the vocabulary."""
    valid = responses.valid
    seen, *ablated = (each[valid] for each in states)
    heat = torch.tensor(temperature, device=vlm.device)[:, None].expand(valid.shape)
    sums = summed_up(
        vlm.logits,
        seen,
        ablated[0] if ablated else None,
        responses.ids[valid],
        words=vlm.head.weight.shape[0],
        temperature=heat[valid],
    )
    sums["logprob"] = sums["logprobs"]
    if ablated:
        sums["k3"] = k3(sums["logprobs"], sums["ablated_logprobs"])
    return {
        name: torch.zeros(valid.shape, device=vlm.device).masked_scatter(valid, value)
        for name, value in sums.items()
    }
