"""Prompts and images as tensors, for sampling (`encode`) and teacher forcing (`with_responses`).

Sampling pads on the left, teacher forcing on the right with every position id spelled out. A pass
that hides tokens through the attention mask then moves no position, and a row gives the same
numbers alone, in any company and in any order.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from saccade.errors import SaccadeError
from saccade.models.vlm import VLM


@dataclass(frozen=True)
class Teacher:
    """Prompts and responses as one right-padded batch, ready for `model(**teacher.inputs)`."""

    inputs: dict[str, Tensor]
    starts: tuple[int, ...]
    """Per row, the index of the response's first token."""
    lengths: tuple[int, ...]
    """Per row, how many tokens the response has."""
    image_mask: Tensor
    """(B, S) bool: the tokens that stand for image features."""


def encode(
    vlm: VLM, prompts: Sequence[str], images: Sequence[Sequence[Image]]
) -> dict[str, Tensor]:
    """Left-padded inputs for `generate`: one rendered prompt and its images (or none) per row."""
    if len(prompts) != len(images):
        raise SaccadeError(f"{len(prompts)} prompts came with {len(images)} lists of images.")
    bos = vlm.tokenizer.bos_token
    rendered_bos = bool(bos) and all(prompt.startswith(bos) for prompt in prompts)
    seeing = [list(row) for row in images] if any(images) else None
    unseeing = [prompt for prompt, row in zip(prompts, images, strict=True) if not row]
    try:
        if seeing and unseeing:  # whoever reads no prompt without an image says so of these alone
            vlm.processor(text=unseeing)
        batch = vlm.processor(
            text=list(prompts),
            images=seeing,
            padding=True,
            return_tensors="pt",
            add_special_tokens=not rendered_bos,
        )
    except (OSError, ValueError) as error:  # a broken image, or one of an impossible shape
        raise SaccadeError(f"{vlm.name} cannot read these images and prompts: {error}") from error
    batch.pop("labels", None)  # PaliGemma's processor prepares for training
    return dict(batch.to(vlm.device, dtype=vlm.model.dtype))


def with_responses(
    vlm: VLM, inputs: dict[str, Tensor], responses: Sequence[Sequence[int]]
) -> Teacher:
    """Set each response's ids after its prompt (as `encode` made it), never through text again."""
    prompts = [row[mask.bool()] for row, mask in _rows(inputs)]
    _check(vlm, [len(prompt) for prompt in prompts], responses)
    pad = vlm.tokenizer.pad_token_id
    said = [row.new_tensor(list(ids)) for row, ids in zip(prompts, responses, strict=True)]
    ids = _join(prompts, said, pad)
    ones = [torch.ones_like(prompt) for prompt in prompts]
    mask = _join(ones, [torch.ones_like(part) for part in said], 0)
    full = {key: _extend(vlm, key, inputs, said) for key in inputs}
    full |= {"input_ids": ids, "attention_mask": mask}
    full["position_ids"] = position_ids(vlm, full)
    return Teacher(
        inputs=full,
        starts=tuple(len(prompt) for prompt in prompts),
        lengths=tuple(len(part) for part in said),
        image_mask=ids == vlm.image_token_id,
    )


def position_ids(vlm: VLM, inputs: dict[str, Tensor]) -> Tensor:
    """The positions the model itself would give a padded batch, multimodal rope included."""
    rope = getattr(vlm.model.base_model, "get_rope_index", None)
    if rope is None:
        return (inputs["attention_mask"].cumsum(-1) - 1).clamp_min(0) + vlm.first_position
    accepted = inspect.signature(rope).parameters
    found: Tensor = rope(**{key: value for key, value in inputs.items() if key in accepted})[0]
    return found


def _rows(inputs: dict[str, Tensor]) -> Any:
    """Each row's ids and mask."""
    return zip(inputs["input_ids"], inputs["attention_mask"], strict=True)


def _check(vlm: VLM, prompts: Sequence[int], responses: Sequence[Sequence[int]]) -> None:
    """Refuse responses that the model could not have been asked about."""
    if len(prompts) != len(responses):
        raise SaccadeError(f"{len(prompts)} prompts came with {len(responses)} responses.")
    for row, (prompt, response) in enumerate(zip(prompts, responses, strict=True)):
        if reason := unfit(vlm, prompt, response):
            raise SaccadeError(f"Row {row} cannot be asked about: {reason}")


def unfit(vlm: VLM, prompt_length: int, response: Sequence[int]) -> str:
    """Why a model cannot be asked about a response after a prompt this long; empty if it can."""
    known = vlm.model.get_input_embeddings().num_embeddings
    for place, token in enumerate(response):
        if not hasattr(token, "__index__"):
            return f"response token {place} must be a token id, but is {token!r}."
        if token in vlm.forbidden_ids:
            return (
                f"response token {place} (id {token}) stands for an image and would be taken for"
                " a part of the prompt's; a response must be text only."
            )
        if not 0 <= token < known:
            return (
                f"response token {place} (id {token}) is not in the model's vocabulary; probe with"
                " the model that spoke."
            )
    if (total := prompt_length + len(response)) > vlm.context:
        return (
            f"prompt and response have {total} tokens, more than the model's context of"
            f" {vlm.context}; shrink the images or sample fewer tokens."
        )
    return ""


def _extend(vlm: VLM, name: str, inputs: dict[str, Tensor], said: Sequence[Tensor]) -> Tensor:
    """A per-token field goes on over the response; anything else stays."""
    value = inputs[name]
    if value.shape != inputs["input_ids"].shape:
        return value
    kept = [row[mask.bool()] for row, mask in zip(value, inputs["attention_mask"], strict=True)]
    kind = _spoken(vlm, name, value)
    return _join(kept, [part.new_full((len(part),), kind, dtype=value.dtype) for part in said], 0)


def _spoken(vlm: VLM, name: str, value: Tensor) -> int:
    """What the model's own generation calls a token it has spoken, in a per-token field.

    In most models it is what text is called, 0. In PaliGemma 0 is the prompt, which looks at itself
    both ways, and 1 is what follows.
    """
    text = {name: value.new_zeros(1, 1)}
    return int(vlm.model._update_model_kwargs_for_generation({}, text)[name][0, -1])


def _join(prompts: Sequence[Tensor], said: Sequence[Tensor], pad: int) -> Tensor:
    """[prompt | response] per row, padded on the right."""
    rows = [torch.cat(pair) for pair in zip(prompts, said, strict=True)]
    return pad_sequence(rows, batch_first=True, padding_value=pad)
