"""The doctor's measurements: how far a model is from keeping each claim that the probes rest on.

Each takes a `Patient` and gives a number, with what there is to know beside it. `doctor.CHECKS`
says what each is called and how large it may be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessor

from saccade.errors import SaccadeError
from saccade.models import VLM, encode, image_tokens, with_responses
from saccade.probes import plain
from saccade.probes.ablations import blind
from saccade.probes.draws import Asked
from saccade.probes.measuring import measure
from saccade.probes.patient import EVERY, Numbers, Patient, noise, overhearing
from saccade.probes.prefix import why_unshared
from saccade.rollouts import generate
from saccade.samples import Tile


class Moot(Exception):
    """Why there is nothing here to hold the model to; it can be measured all the same."""


@dataclass(frozen=True)
class Measured:
    """What a check comes to."""

    value: int | float
    words: str = ""
    """What was found, for a reader, where the value and its unit do not say it."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """The same for a program."""


def layers(patient: Patient) -> Measured:
    """Decoder layers whose states are read, and where they are."""
    vlm, found = patient.vlm, patient.vlm.layers
    where = next(name for name, module in vlm.model.named_modules() if module is found)
    kinds = sorted({type(layer).__name__ for layer in found})
    words = f"{len(found)} layers of {' and '.join(kinds)} ({where})"
    return Measured(len(found), words, {"module": where, "classes": kinds})


def answers(patient: Patient) -> Measured:
    """Responses that the model gave, on which the other checks are made."""
    lengths = [len(said.response_ids) for _, said in patient.asked]
    words = f"{len(lengths)} of {min(lengths)} to {max(lengths)} tokens"
    return Measured(len(lengths), words, {"tokens": lengths})


def tokens_of_images(patient: Patient) -> Measured:
    """Image tokens of the first image, each in its place in the grid (or this raises)."""
    sample, said = patient.asked[0]
    inputs = encode(patient.vlm, [said.prompt], [sample.images])
    ((found,),) = image_tokens(patient.vlm, inputs, [sample.images])
    count = int((inputs["input_ids"] == patient.vlm.image_token_id).sum())
    places = [place for tile in found.tiles for place in tile.positions.tolist()]
    sizes = [f"{tile.rows} x {tile.cols}" for tile in found.tiles]
    words = f"{count} image tokens, positions {min(places)}-{max(places)}, grid {_counted(sizes)}"
    return Measured(count, words, {"grids": [_told(tile) for tile in found.tiles]})


def _counted(sizes: Sequence[str]) -> str:
    """Sizes in their order, those that repeat with how often."""
    runs = ((size, len(list(its))) for size, its in groupby(sizes))
    return ", ".join(size if count == 1 else f"{size} ({count} times)" for size, count in runs)


def _told(tile: Tile) -> dict[str, Any]:
    """A grid of image tokens for a program."""
    first, last = int(tile.positions[0]), int(tile.positions[-1])
    return {"rows": tile.rows, "cols": tile.cols, "positions": [first, last], "box": tile.box}


@torch.no_grad()
def blind_against_other_image(patient: Patient) -> Measured:
    """Logits of the blind pass with the image, and with another in its place."""
    sample, said = patient.asked[0]
    other = replace(sample, images=(noise(sample.images[0].width, seed=7),))
    one, two = (blind_logits(patient.vlm, (which, said)) for which in (sample, other))
    return Measured(float(_finite(one - two).abs().max()))


def blind_logits(vlm: VLM, asked: Asked) -> Tensor:
    """Those that predict the response when no token may attend to the image."""
    return _whole_logits(vlm, asked, hide=True)


def batched_against_alone(patient: Patient) -> Measured:
    """Probed together, and each response by itself."""
    alone = [measure(patient.vlm, [one], EVERY)[0] for one in patient.alone]
    return apart(patient.together[1::2], alone)


def shared_against_plain(patient: Patient) -> Measured:
    """After a shared prompt, and each response in full."""
    if why := why_unshared(patient.vlm):
        name = type(patient.vlm.model).__name__
        raise Moot(f"{name} is measured in full passes, since {why}.")
    full = [plain.measure(patient.vlm, [one], EVERY)[0] for one in patient.alone]
    return apart(patient.together[1::2], full)


def sampled_against_scored(patient: Patient) -> Measured:
    """Log-probabilities and entropies while responses were sampled, and scored afterwards."""
    scored = [
        {name: columns[name] for name in heard}
        for heard, columns in zip(patient.overheard, patient.together, strict=True)
    ]
    return apart(patient.overheard, scored)


@torch.no_grad()
def cached_against_recomputed(patient: Patient) -> Measured:
    """Logits over a response read token by token from the model's own cache, and all at once.

    As a share of the largest logit, since logits have no scale of their own.
    """
    vlm, (sample, said) = patient.vlm, patient.asked[0]
    inputs = encode(vlm, [said.prompt], [sample.images])
    with overhearing(vlm) as steps:
        generate(vlm, inputs, Dictated(said.response_ids), len(said.response_ids))
    recomputed = _whole_logits(vlm, (sample, said))
    largest = recomputed.abs().max().clamp_min(1)
    difference = _finite(torch.cat(steps)[:, : vlm.vocabulary] - recomputed).abs().max()
    return Measured(float(difference / largest))


class Dictated(LogitsProcessor):
    """Makes a model say these tokens, whatever it would have said."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.left = iter(ids)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """The next of them alone is possible."""
        only = torch.full_like(scores, -torch.inf)
        only[:, next(self.left)] = 0
        return only


def half_against_full(patient: Patient, dtype: torch.dtype) -> Measured:
    """Every signal of a copy in half precision, and of one in float32."""
    if patient.vlm.spread:
        raise Moot("it takes copies of the model, which must then lie on one device.")
    name = str(dtype).removeprefix("torch.")
    try:
        found = apart(patient.in_precision(dtype), patient.in_float32)
    except SaccadeError as error:
        raise Moot(f"nothing can be measured in {name}: {error}") from error
    except (RuntimeError, ValueError) as error:  # no room for the copy, or it cannot be converted
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise Moot(f"a copy in {name} or float32 could not be run here: {first}") from error
    return replace(found, value=found.detail["logprob"])


def apart(one: Sequence[Numbers], other: Sequence[Numbers]) -> Measured:
    """The largest difference in each column, and in any; of a value above 1, as a share of it."""
    found = {}
    for name in one[0]:
        a, b = (torch.cat([each[name].cpu() for each in these]) for these in (one, other))
        found[name] = float((_finite(a - b).abs() / b.abs().clamp_min(1)).max())
    words = ", ".join(f"{name} {value:.2g}" for name, value in found.items())
    return Measured(max(found.values()), words, found)


def _finite(numbers: Tensor) -> Tensor:
    """The numbers, if all of them are."""
    if not numbers.isfinite().all():
        raise SaccadeError("the model's logits or hidden states hold NaN or infinity.")
    return numbers


def _whole_logits(vlm: VLM, asked: Asked, *, hide: bool = False) -> Tensor:
    """Those that predict a response, from one pass over all of it; with or without sight."""
    sample, said = asked
    inputs = encode(vlm, [said.prompt], [sample.images])
    teacher = with_responses(vlm, inputs, [said.response_ids])
    mask = teacher.inputs["attention_mask"]
    seen = blind(mask, teacher.image_mask) if hide else mask
    logits = vlm.model(**teacher.inputs | {"attention_mask": seen}, use_cache=False).logits
    found: Tensor = logits[0, teacher.starts[0] - 1 : -1, : vlm.vocabulary].float()
    return found
