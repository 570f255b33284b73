"""The fast way to measure: two forward passes for all signals, and nothing read twice.

The responses to a prompt share it. So each prompt runs once with its image and once with the image
ablated, and leaves its keys and values behind; then all responses run together, the seen and the
ablated ones as rows of one batch. That is what lets a layer's states be compared as they pass: none
of them outlives its layer but the last, from which the vocabulary is summed up in tiles. (Distances
to the image and maps of patches need the image tokens of every state, so these are kept for them.)

The numbers are those of `plain.measure` to rounding; the tests hold every family to that.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from PIL.Image import Image
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache

from saccade.models import VLM, encode
from saccade.models.inputs import position_ids
from saccade.models.layout import image_numbers
from saccade.probes.capture import OnState, watching
from saccade.probes.comparing import Comparison, ImageStates
from saccade.probes.draws import NOBODY, Asked, Draws, columns
from saccade.probes.prefix import prefix
from saccade.probes.settings import Probing
from saccade.probes.signals import k3
from saccade.probes.vocabulary import summed_up
from saccade.samples import Sample

Inputs = dict[str, Tensor]


@dataclass(frozen=True)
class Kind:
    """The prompts of one pass over the responses: with the image, or one draw without it."""

    inputs: Inputs
    rows: list[int]
    """The prompt of each response."""
    images: Sequence[Sequence[Image]]
    """Those of each prompt."""


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
    rows: list[int]
    """The prompt of each response."""


@dataclass(frozen=True)
class Responses:
    """Responses as one right-padded batch."""

    ids: Int[Tensor, "rows time"]
    valid: Bool[Tensor, "rows time"]


@torch.no_grad()
def measure(
    vlm: VLM, asked: Sequence[Asked], settings: Probing, *, samples: Mapping[str, Sample] = NOBODY
) -> list[dict[str, Float[Tensor, " time"]]]:
    """Every signal of every response, by column name; without an image, no visual ones.

    `samples` are those whose images may be swapped in.
    """
    kinds = _kinds(vlm, asked, settings, samples)
    seen = kinds[0]
    image = ImageStates(_shares(vlm, seen, settings), settings)
    with _each_image_once(vlm):
        with watching(vlm, image.take):
            prompts = [_read(vlm, seen)]
        prompts += [_read(vlm, kind) for kind in kinds[1:]]
    responses = _responses(vlm, asked)
    compared = Comparison(image, seen.rows, settings, states=len(vlm.layers) + 1)
    states = _answer(vlm, prompts, responses, compared.take)
    found = _predicted(vlm, states, responses, asked, settings) | compared.found
    return [
        _told(found, compared, row, len(rollout.response_ids), settings)
        for row, (_, rollout) in enumerate(asked)
    ]


def _shares(vlm: VLM, seen: Kind, settings: Probing) -> Float[Tensor, "prompts parts length"]:
    """The weight of every token in the mean over all image tokens and, if wanted, each image's."""
    parts = [seen.inputs["input_ids"] == vlm.image_token_id]
    if settings.mapped("images"):
        numbers = torch.from_numpy(image_numbers(vlm, seen.inputs, seen.images)).to(vlm.device)
        parts += [numbers == image for image in range(max(map(len, seen.images)))]
    held = torch.stack(parts, dim=1)
    return held / held.sum(-1, keepdim=True).clamp_min(1)


def _kinds(
    vlm: VLM, asked: Sequence[Asked], settings: Probing, samples: Mapping[str, Sample]
) -> list[Kind]:
    """The prompts with their images and, if a signal compares, each draw without them."""
    seen, rows = _told_apart(asked, lambda one: (one[0].id, one[1].prompt))
    inputs = _encoded(vlm, seen)
    images = [sample.images for sample, _ in seen]
    kinds, image_mask = [Kind(inputs, rows, images)], inputs["input_ids"] == vlm.image_token_id
    if not settings.compares or not image_mask.any():
        return kinds
    ablation = settings.chosen.ablation
    if ablation.changes == "attention":
        mask = ablation.function(inputs["attention_mask"], image_mask)
        return [*kinds, Kind(inputs | {"attention_mask": mask}, rows, images)]
    draws = Draws(vlm, settings.chosen, samples)
    different, rows = _told_apart(asked, draws.shares)
    for number in range(settings.draws):
        drawn = [draws.draw(one, number) for one in different]
        kinds.append(Kind(_encoded(vlm, drawn), rows, [sample.images for sample, _ in drawn]))
    return _one_width(vlm, kinds)


def _told_apart(
    asked: Sequence[Asked], shares: Callable[[Asked], Hashable]
) -> tuple[list[Asked], list[int]]:
    """One of each that share a prompt, and for all of them which one that is."""
    places: dict[Hashable, int] = {}
    rows = [places.setdefault(shares(one), len(places)) for one in asked]
    return [asked[rows.index(place)] for place in places.values()], rows


def _told(
    found: Mapping[str, Tensor], compared: Comparison, row: int, length: int, settings: Probing
) -> dict[str, Float[Tensor, "..."]]:
    """The columns of one response of this length, out of those of all, and its maps."""
    image = bool(compared.image.mask[compared.rows[row]].any())
    names = settings.columns(image=image)
    told: dict[str, Tensor] = {}
    for signal, column in names.items():
        told |= columns(column, found[signal][:, row, :length])
    if image:
        maps = compared.maps(row, length)
        told |= {f"{kind}.{names[signal]}": values for (kind, signal), values in maps.items()}
    return told


def _encoded(vlm: VLM, firsts: Sequence[Asked]) -> Inputs:
    """Left-padded prompts with the positions of their tokens."""
    prompts, images = zip(*((r.prompt, s.images) for s, r in firsts), strict=True)
    inputs: Inputs = encode(vlm, prompts, images)
    return inputs | {"position_ids": position_ids(vlm, inputs)}


def _one_width(vlm: VLM, kinds: Sequence[Kind]) -> list[Kind]:
    """The same prompts, padded on the left to the length of the longest."""
    width = max(kind.inputs["input_ids"].shape[1] for kind in kinds)
    return [replace(kind, inputs=_padded(vlm, kind.inputs, width)) for kind in kinds]


def _padded(vlm: VLM, inputs: Inputs, width: int) -> Inputs:
    """What there is one of per token, padded on the left; the rest as it is."""
    shape = inputs["input_ids"].shape
    padded = {}
    for name, value in inputs.items():
        fill = vlm.tokenizer.pad_token_id if name == "input_ids" else 0
        more = (width - shape[1], 0) if value.shape[-2:] == shape else (0, 0)
        padded[name] = pad(value, more, value=fill)
    return padded


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


def _read(vlm: VLM, kind: Kind) -> Prompts:
    """Run prompts, and keep what their responses need."""
    inputs, cache = kind.inputs, DynamicCache()
    out = vlm.model.base_model(**inputs, past_key_values=cache, use_cache=True)
    last, end = out.last_hidden_state[:, -1], inputs["position_ids"][..., -1:]
    return Prompts(cache, inputs["attention_mask"], last, end, kind.rows)


def _responses(vlm: VLM, asked: Sequence[Asked]) -> Responses:
    """What was said, on the model's device."""
    said = [torch.tensor(rollout.response_ids, device=vlm.device) for _, rollout in asked]
    ids = pad_sequence(said, batch_first=True, padding_value=vlm.tokenizer.pad_token_id)
    ones = [torch.ones_like(row, dtype=torch.bool) for row in said]
    return Responses(ids, pad_sequence(ones, batch_first=True))


def _answer(
    vlm: VLM, prompts: Sequence[Prompts], responses: Responses, on_state: OnState
) -> Float[Tensor, "passes rows time dim"]:
    """Run the responses after every kind of their prompts; the final states that predict them."""
    passes = len(prompts)
    firsts = accumulate((len(read.mask) for read in prompts), initial=0)
    pairs = zip(firsts, prompts, strict=False)
    where = torch.tensor([first + row for first, read in pairs for row in read.rows])
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
    states = torch.cat([last[:, None], final[:, :-1]], dim=1)
    return states.reshape(passes, -1, *states.shape[1:])


def _predicted(
    vlm: VLM,
    states: Float[Tensor, "passes rows time dim"],
    responses: Responses,
    asked: Sequence[Asked],
    settings: Probing,
) -> dict[str, Float[Tensor, "draws rows time"]]:
    """The signals that come from the distributions over the vocabulary, if any are wanted."""
    passes = {signal.passes for signal in settings.wanted(image=True) if not signal.layered}
    if not passes:
        return {}
    device = vlm.head.weight.device  # a model may lie on several
    ids, valid = responses.ids.to(device), responses.valid.to(device)
    seen, *ablated = (each[valid] for each in states.to(device))
    heat = torch.tensor([settings.temperature_of(said.sampling) for _, said in asked])
    draws = [
        summed_up(
            vlm.logits,
            seen,
            each,
            ids[valid],
            words=vlm.head.weight.shape[0],
            temperature=heat.to(device)[:, None].expand(valid.shape)[valid],
        )
        for each in (ablated if "seen+ablated" in passes else []) or [None]
    ]
    sums = {name: torch.stack([draw[name] for draw in draws]) for name in draws[0]}
    told = {"logprob": sums["logprobs"][:1], "entropy": sums["entropy"][:1]}
    if "kl" in sums:
        told |= {"kl": sums["kl"], "k3": k3(sums["logprobs"], sums["ablated_logprobs"])}
    return {name: _spread_out(values, valid) for name, values in told.items()}


def _spread_out(
    values: Float[Tensor, "draws tokens"], valid: Bool[Tensor, "rows time"]
) -> Float[Tensor, "draws rows time"]:
    """One number per token, back at its response and place; 0 where there is no token."""
    where = valid.expand(len(values), *valid.shape)
    return torch.zeros(where.shape, device=valid.device).masked_scatter(where, values)
