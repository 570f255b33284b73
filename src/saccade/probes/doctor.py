"""Is what would be measured right for this model? Every check is a number measured on the model.

A model class may differ from those that were tested, a checkpoint may be broken, a GPU kernel may
round in its own way. So the claims that the probes rest on are checked here on the very model, with
two noisy images and a few short responses. The cheap checks run before every probing and are kept
in the run's manifest.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saccade.errors import SaccadeError
from saccade.models import VLM, encode, image_tokens, with_responses
from saccade.probes import plain
from saccade.probes.draws import Asked
from saccade.probes.measuring import measure
from saccade.probes.settings import Probing
from saccade.rollouts import rollout
from saccade.samples import Sample

SIDE = 112
"""Pixels along each side of the images that are tried; the processor may enlarge them."""
TOKENS = 12
"""Response tokens that are tried."""


@dataclass(frozen=True)
class Check:
    """One claim, and the measure of how far the model is from keeping it."""

    name: str
    line: str
    unit: str
    measure: Callable[["Patient"], float]
    limit: Callable[["Patient"], float] | None = None
    """The largest value at which the claim holds; none if the value is for the reader to judge."""
    cheap: bool = False


@dataclass(frozen=True)
class Finding:
    """What a check measured."""

    name: str
    value: float
    unit: str
    limit: float | None
    reason: str = ""
    """Why nothing could be measured."""

    @property
    def passed(self) -> bool:
        """Whether the claim holds."""
        return not self.reason and (self.limit is None or self.value <= self.limit)

    @property
    def told(self) -> dict[str, Any]:
        """The finding for a program to read; what could not be measured is null."""
        value = None if self.reason else self.value
        facts = {"value": value, "unit": self.unit, "limit": self.limit}
        return facts | {"passed": self.passed, "reason": self.reason}


class Patient:
    """A model with what the checks try it on."""

    def __init__(self, vlm: VLM) -> None:
        self.vlm = vlm

    @cached_property
    def asked(self) -> list[Asked]:
        """Two responses of the model to each of two questions, the second with another image."""
        samples = [Sample(f"{i}", "What is shown?", (noise(i),), "", "doctor") for i in range(2)]
        said = rollout(self.vlm, samples, n=2, max_new_tokens=TOKENS, seed=0)
        if said.skipped:
            raise SaccadeError(said.skipped[0].reason)
        cut = [replace(r, response_ids=r.response_ids[: TOKENS - r.index]) for r in said]
        return [(said.samples[r.sample_id], r) for r in cut]

    @property
    def rounding(self) -> float:
        """How far numbers may move by rounding alone: 1e-4 in float32, more in halves."""
        eps = torch.finfo(self.vlm.model.dtype).eps
        return 1e-4 if eps < 1e-6 else 30 * eps


def noise(seed: int) -> Image.Image:
    """An image of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


EVERY = Probing(("logprob", "entropy", "visual_similarity", "hidden_shift", "kl"))


def tokens_of_images(patient: Patient) -> float:
    """Image tokens of the first image, each in its place in the grid (or this raises)."""
    sample, said = patient.asked[0]
    inputs = encode(patient.vlm, [said.prompt], [sample.images])
    ((found,),) = image_tokens(patient.vlm, inputs, [sample.images])
    return float(sum(len(tile.positions) for tile in found.tiles))


def layers_found(patient: Patient) -> float:
    """Decoder layers whose states are read."""
    return float(len(patient.vlm.layers))


def batched_against_alone(patient: Patient) -> float:
    """Probed together, and each response by itself."""
    alone = [measure(patient.vlm, [one], EVERY)[0] for one in patient.asked]
    return apart(measure(patient.vlm, patient.asked, EVERY), alone)


def shared_against_plain(patient: Patient) -> float:
    """After a shared prompt, and each response in full."""
    shared = measure(patient.vlm, patient.asked, EVERY)
    return apart(shared, plain.measure(patient.vlm, patient.asked, EVERY))


@torch.no_grad()
def spoken_against_scored(patient: Patient) -> float:
    """Log-probabilities as the model spoke, from its own cache, and scored afterwards."""
    vlm, (sample, said) = patient.vlm, patient.asked[0]
    inputs = encode(vlm, [said.prompt], [sample.images])
    spoken = vlm.model.generate(
        **inputs,
        max_new_tokens=TOKENS,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    ids = spoken.sequences[0, inputs["input_ids"].shape[1] :]
    logp = torch.cat(spoken.logits).float().log_softmax(-1).gather(-1, ids[:, None])[:, 0]
    again = replace(said, response_ids=tuple(ids.tolist()))
    (scored,) = measure(vlm, [(sample, again)], Probing(("logprob",)))
    return float((scored["logprob"].cpu() - logp.cpu()).abs().max())


@torch.no_grad()
def blind_against_other_image(patient: Patient) -> float:
    """Logits of the blind pass with the image, and with another in its place."""
    sample, said = patient.asked[0]
    other = replace(sample, images=(noise(7),))
    one, two = (_blind_logits(patient.vlm, s, said) for s in (sample, other))
    return float((one - two).abs().max())


def _blind_logits(vlm: VLM, sample: Sample, said: Any) -> Tensor:
    inputs = encode(vlm, [said.prompt], [sample.images])
    teacher = with_responses(vlm, inputs, [said.response_ids])
    mask = teacher.inputs["attention_mask"].masked_fill(teacher.image_mask, 0)
    logits: Tensor = vlm.model(**teacher.inputs | {"attention_mask": mask}).logits
    return logits[0, teacher.starts[0] - 1 : -1]


def half_against_full(patient: Patient) -> float:
    """Log-probabilities of a copy in bfloat16, and of one in float32."""
    if patient.vlm.spread:
        raise SaccadeError("it takes copies of the model, which must then lie on one device.")
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        vlm = replace(patient.vlm, model=copy.deepcopy(patient.vlm.model).to(dtype))
        found.append(measure(vlm, patient.asked, Probing(("logprob",))))
    return apart(*found)


def apart(one: Sequence[dict[str, Tensor]], other: Sequence[dict[str, Tensor]]) -> float:
    """The largest difference in any number."""
    pairs = zip(one, other, strict=True)
    return max(float((a[name].cpu() - b[name].cpu()).abs().max()) for a, b in pairs for name in a)


def _rounding(patient: Patient) -> float:
    return patient.rounding


def _none(_patient: Patient) -> float:
    return 0.0


CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        Check("layers", "decoder layers found", "layers", layers_found, cheap=True),
        Check(
            "image_tokens",
            "image tokens found, every one in its place in the grid of its image",
            "tokens",
            tokens_of_images,
            cheap=True,
        ),
        Check(
            "blind",
            "change of the logits without sight when another image is shown",
            "logits",
            blind_against_other_image,
            _none,
            cheap=True,
        ),
        Check(
            "batched",
            "difference between responses probed together and alone",
            "of any signal",
            batched_against_alone,
            _rounding,
            cheap=True,
        ),
        Check(
            "shared_prefix",
            "difference between a shared prompt and every response in full",
            "of any signal",
            shared_against_plain,
            _rounding,
        ),
        Check(
            "scored",
            "difference between log-probabilities while speaking and scored afterwards",
            "nats",
            spoken_against_scored,
            _rounding,
        ),
        Check(
            "precision",
            "difference between log-probabilities in bfloat16 and in float32",
            "nats",
            half_against_full,
        ),
    )
}


def examine(vlm: VLM, *, cheap: bool = False) -> list[Finding]:
    """Every check, or the cheap ones, on this model."""
    patient = Patient(vlm)
    return [_find(check, patient) for check in CHECKS.values() if check.cheap or not cheap]


def fit_to_probe(vlm: VLM) -> dict[str, dict[str, Any]]:
    """The cheap checks by name, for a run's manifest; a number past its limit is refused."""
    findings = examine(vlm, cheap=True)
    for found in findings:
        if found.limit is not None and found.value > found.limit:
            raise SaccadeError(
                f"{vlm.name} would be measured wrongly: the {CHECKS[found.name].line} must be at"
                f" most {found.limit:.2g}, but is {found.value:.2g} {found.unit}. See `saccade"
                " doctor`; another --dtype or attention implementation may help."
            )
    return {found.name: found.told for found in findings}


def _find(check: Check, patient: Patient) -> Finding:
    limit = check.limit(patient) if check.limit else None
    try:
        return Finding(check.name, check.measure(patient), check.unit, limit)
    except SaccadeError as error:
        return Finding(check.name, float("nan"), check.unit, limit, str(error))
