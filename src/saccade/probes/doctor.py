"""Is what would be measured right for this model? Every check is a number measured on the model.

A model class may differ from those that were tested, a checkpoint may be broken, a GPU kernel may
round in its own way. So the claims that the probes rest on are checked here on the very model, with
two noisy images and a few short responses. The cheap checks run before every probing and are kept
in the run's manifest; the others take a few passes more, and a copy of the model in another
precision (see `Patient.in_precision`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from saccade.errors import SaccadeError
from saccade.models import VLM
from saccade.probes import checks
from saccade.probes.checks import Measured, Moot
from saccade.probes.patient import Patient


@dataclass(frozen=True)
class Check:
    """One claim, and the measure of how far the model is from keeping it."""

    name: str
    line: str
    unit: str
    measure: Callable[[Patient], Measured]
    limit: Callable[[Patient], float] | None = None
    """The largest value at which the claim holds; none if the value is for the reader to judge."""
    cheap: bool = False
    vital: bool = False
    """Whether, without it, none of those that follow can be made."""


@dataclass(frozen=True)
class Finding:
    """What a check came to."""

    check: Check
    limit: float | None
    measured: Measured | None
    """Nothing if the reason says why."""
    reason: str = ""
    moot: bool = False
    """Whether the reason is no fault: there was nothing to hold the model to."""

    @property
    def name(self) -> str:
        """That of the check."""
        return self.check.name

    @property
    def value(self) -> int | float | None:
        """The number, if there is one."""
        return None if self.measured is None else self.measured.value

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the claim."""
        if self.value is None:
            return self.moot
        return self.limit is None or self.value <= self.limit

    @property
    def told(self) -> dict[str, Any]:
        """The finding for a program to read; what could not be measured is null."""
        return {
            "value": self.value,
            "unit": self.check.unit,
            "limit": self.limit,
            "passed": self.passed,
            "reason": self.reason,
            "detail": dict(self.measured.detail) if self.measured else {},
        }

    @property
    def words(self) -> str:
        """The finding for a reader."""
        if self.measured is None:
            return f"{self.check.line}: {self.reason}"
        found = self.measured.words or f"{self.value:.3g} {self.check.unit}"
        limit = "" if self.limit is None else f"  (at most {self.limit:.2g})"
        return f"{self.check.line}: {found}{limit}"


def _rounding(patient: Patient) -> float:
    return patient.rounding


def _none(_patient: Patient) -> float:
    return 0.0


CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        Check("layers", "decoder layers found", "layers", checks.layers, cheap=True),
        Check(
            "answers",
            "responses to try it on",
            "responses",
            checks.answers,
            cheap=True,
            vital=True,
        ),
        Check(
            "image_tokens",
            "image tokens found, each in its place",
            "tokens",
            checks.tokens_of_images,
            cheap=True,
        ),
        Check(
            "blind",
            "change of the logits without sight when another image is shown",
            "logits",
            checks.blind_against_other_image,
            _none,
            cheap=True,
        ),
        Check(
            "batched",
            "difference between responses probed together and alone",
            "in any signal",
            checks.batched_against_alone,
            _rounding,
            cheap=True,
        ),
        Check(
            "shared_prefix",
            "difference between a shared prompt and every response in full",
            "in any signal",
            checks.shared_against_plain,
            _rounding,
            cheap=True,
        ),
        Check(
            "scored",
            "difference between responses while they are sampled and scored afterwards",
            "nats",
            checks.sampled_against_scored,
            _rounding,
            cheap=True,
        ),
        Check(
            "cached",
            "difference between tokens read one by one from the model's cache and all at once",
            "of the largest logit",
            checks.cached_against_recomputed,
            _rounding,
        ),
        Check(
            "bfloat16",
            "difference between bfloat16 and float32",
            "nats of logprob",
            partial(checks.half_against_full, dtype=torch.bfloat16),
        ),
        Check(
            "float16",
            "difference between float16 and float32",
            "nats of logprob",
            partial(checks.half_against_full, dtype=torch.float16),
        ),
    )
}


def examine(vlm: VLM, *, cheap: bool = False) -> list[Finding]:
    """Every check, or the cheap ones, on this model; without answers, none that needs them."""
    patient = Patient(vlm)
    findings: list[Finding] = []
    for check in CHECKS.values():
        if cheap and not check.cheap:
            continue
        findings.append(_find(check, patient))
        if check.vital and not findings[-1].passed:
            break
    return findings


def fit_to_probe(vlm: VLM) -> dict[str, dict[str, Any]]:
    """The cheap checks by name, for a run's manifest; a number past its limit is refused."""
    findings = examine(vlm, cheap=True)
    for found in findings:
        if found.value is not None and not found.passed:
            raise SaccadeError(
                f"{vlm.name} would be measured wrongly: the {found.check.line} must be at most"
                f" {found.limit:.2g}, but is {found.value:.2g} {found.check.unit}. See `saccade"
                " doctor`; another --dtype or attention implementation may help."
            )
    return {found.name: found.told for found in findings}


def _find(check: Check, patient: Patient) -> Finding:
    limit = check.limit(patient) if check.limit else None
    try:
        return Finding(check, limit, check.measure(patient))
    except SaccadeError as error:
        return Finding(check, limit, None, str(error))
    except Moot as why:
        return Finding(check, limit, None, str(why), moot=True)
