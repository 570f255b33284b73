"""The doctor: sound models pass, and what is made wrong on purpose is found."""

import pytest
import torch

from saccade.errors import SaccadeError
from saccade.probes import doctor, engine
from saccade.probes.doctor import CHECKS, examine


def found(vlm):
    return {finding.name: finding for finding in examine(vlm)}


def test_a_sound_model_passes_every_check(tiny_vlm):
    findings = found(tiny_vlm("qwen2_5_vl"))
    assert list(findings) == list(CHECKS)
    assert all(finding.passed for finding in findings.values()), findings
    assert findings["layers"].value == 2
    assert findings["image_tokens"].value == 36
    assert findings["blind"].value == 0
    assert 0 < findings["shared_prefix"].value < 1e-4
    assert findings["precision"].value > 1e-3 and findings["precision"].limit is None


def test_only_the_cheap_ones_on_request(tiny_vlm):
    names = [finding.name for finding in examine(tiny_vlm("qwen2_5_vl"), cheap=True)]
    assert names == [name for name, check in CHECKS.items() if check.cheap] and len(names) == 4


def test_an_engine_that_measures_something_else_is_found(tiny_vlm, monkeypatch):
    sound = engine.measure

    def off(vlm, asked, settings, **more):
        found = sound(vlm, asked, settings, **more)
        return [{k: v + 0.01 * len(asked) for k, v in row.items()} for row in found]

    monkeypatch.setattr(engine, "measure", off)
    findings = found(tiny_vlm("qwen2_5_vl"))
    wrong = {name for name, finding in findings.items() if not finding.passed}
    assert wrong == {"batched", "shared_prefix", "scored"}
    assert findings["batched"].value == pytest.approx(0.03, abs=1e-3)


def test_a_blind_pass_that_sees_is_found(tiny_vlm, monkeypatch):
    def peeking(vlm, sample, said):
        inputs = doctor.encode(vlm, [said.prompt], [sample.images])
        return vlm.model(**inputs).logits[0, -1]

    monkeypatch.setattr(doctor, "_blind_logits", peeking)
    finding = found(tiny_vlm("qwen2_5_vl"))["blind"]
    assert not finding.passed and finding.value > 0.01


def test_a_broken_checkpoint_fails_with_the_reason(tiny_vlm, tiny_folder):
    from saccade.models import load_vlm

    vlm = load_vlm(str(tiny_folder()), device="cpu", dtype="float32")
    with torch.no_grad():
        vlm.norm.weight.fill_(torch.nan)
    findings = found(vlm)
    assert not findings["blind"].passed and "NaN" in findings["blind"].reason
    assert findings["layers"].passed


def test_probing_refuses_a_model_it_would_measure_wrongly(tiny_vlm, monkeypatch):
    vlm = tiny_vlm("qwen2_5_vl")
    told = doctor.fit_to_probe(vlm)
    assert list(told) == [name for name, check in CHECKS.items() if check.cheap]
    assert told["blind"] == {
        "value": 0.0,
        "unit": "logits",
        "limit": 0.0,
        "passed": True,
        "reason": "",
    }
    monkeypatch.setattr(doctor, "_blind_logits", lambda _, sample, __: torch.rand(3))
    with pytest.raises(SaccadeError, match=r"measured wrongly: .* must be at most 0, but is"):
        doctor.fit_to_probe(vlm)
