"""The doctor: sound models pass, and what is made wrong on purpose is found."""

import copy
import json
import weakref
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from transformers.cache_utils import DynamicLayer

from saccade import rollouts
from saccade.errors import SaccadeError
from saccade.models import VLM, load_vlm
from saccade.probes import checks, doctor, engine, patient
from saccade.probes.doctor import CHECKS, examine
from tiny import FAMILIES

SIGNALS = ["logprob", "entropy", "visual_similarity", "hidden_shift.blind", "kl.blind"]
COMPARED = ["batched", "shared_prefix", "scored", "cached"]


def found(vlm):
    return {finding.name: finding for finding in examine(vlm)}


def failing(findings):
    return {name for name, finding in findings.items() if not finding.passed}


@pytest.fixture(scope="module")
def sound(tiny_vlm):
    return found(tiny_vlm("qwen2_5_vl"))


@pytest.fixture
def own(tiny_folder):
    """A model of the test's own, to break."""
    return load_vlm(str(tiny_folder()), device="cpu", dtype="float32")


class TestASoundModel:
    def test_it_passes_every_check(self, sound):
        assert list(sound) == list(CHECKS)
        assert failing(sound) == set()
        assert sound["blind"].value == 0
        assert all(0 < sound[name].value < 1e-4 for name in COMPARED)

    @pytest.mark.parametrize("family", FAMILIES)
    def test_every_family_does(self, tiny_vlm, family):
        findings = found(tiny_vlm(family))
        assert failing(findings) == set(), findings
        assert (findings["shared_prefix"].value is None) == (family == "qwen3_5")

    def test_what_was_found_is_named(self, sound):
        assert sound["layers"].value == 2
        assert sound["layers"].words.endswith(
            "2 layers of Qwen2_5_VLDecoderLayer (model.language_model.layers)"
        )
        assert sound["layers"].told["detail"] == {
            "module": "model.language_model.layers",
            "classes": ["Qwen2_5_VLDecoderLayer"],
        }
        assert sound["image_tokens"].value == 36
        assert sound["image_tokens"].words.endswith("36 image tokens, positions 7-42, grid 6 x 6")
        (grid,) = sound["image_tokens"].told["detail"]["grids"]
        assert (grid["rows"], grid["cols"], grid["positions"]) == (6, 6, [7, 42])

    def test_tiles_of_one_shape_are_counted(self, tiny_vlm):
        words = checks.tokens_of_images(patient.Patient(tiny_vlm("idefics3"))).words
        assert words.endswith("grid 3 x 3 (10 times)")

    def test_only_the_cheap_ones_on_request(self, tiny_vlm):
        names = [finding.name for finding in examine(tiny_vlm("qwen2_5_vl"), cheap=True)]
        assert names == [name for name, check in CHECKS.items() if check.cheap]
        assert set(CHECKS) - set(names) == {"cached", "bfloat16", "float16"}

    def test_a_program_reads_all_of_it(self, sound):
        told = {name: finding.told for name, finding in sound.items()}
        assert json.loads(json.dumps(told))["blind"] == {
            "value": 0.0,
            "unit": "logits",
            "limit": 0.0,
            "passed": True,
            "reason": "",
            "detail": {},
        }


class TestWhatIsWrong:
    def test_an_engine_that_measures_something_else(self, tiny_vlm, monkeypatch):
        measure = engine.measure

        def off(vlm, asked, settings, **more):
            told = measure(vlm, asked, settings, **more)
            return [{k: v + 0.01 * len(asked) for k, v in row.items()} for row in told]

        monkeypatch.setattr(engine, "measure", off)
        findings = found(tiny_vlm("qwen2_5_vl"))
        assert failing(findings) == {"batched", "shared_prefix", "scored"}
        assert findings["batched"].value == pytest.approx(0.03, abs=1e-3)

    def test_a_blind_pass_that_sees(self, tiny_vlm, monkeypatch):
        monkeypatch.setattr(checks, "blind", lambda mask, _image_mask: mask)
        findings = found(tiny_vlm("qwen2_5_vl"))
        assert failing(findings) == {"blind"}
        assert findings["blind"].value > 0.01

    def test_sampling_that_reads_its_padding(self, tiny_vlm, monkeypatch):
        """Neither a cache nor a probe is at fault: only what was said is not what is scored."""
        encode = rollouts.encode

        def leaky(*args):
            inputs = encode(*args)
            return inputs | {"attention_mask": torch.ones_like(inputs["attention_mask"])}

        monkeypatch.setattr(rollouts, "encode", leaky)
        assert failing(found(tiny_vlm("qwen2_5_vl"))) == {"scored"}

    def test_a_cache_that_forgets(self, tiny_vlm, monkeypatch):
        """What is read one by one is wrong; what is read at once is not."""
        update = DynamicLayer.update

        def forgetful(self, keys, values, *args, **kwargs):
            return update(self, keys, values * (keys.shape[-2] > 1), *args, **kwargs)

        monkeypatch.setattr(DynamicLayer, "update", forgetful)
        assert failing(found(tiny_vlm("qwen2_5_vl"))) == {"scored", "cached"}

    def test_a_broken_checkpoint_is_told_once(self, own):
        with torch.no_grad():
            own.norm.weight.fill_(torch.nan)
        findings = found(own)
        assert list(findings) == ["layers", "answers"]
        assert failing(findings) == {"answers"} and "NaN" in findings["answers"].reason

    def test_numbers_that_are_none(self, tiny_vlm, monkeypatch):
        """A NaN in one signal is not lost among the others' numbers."""
        measure = engine.measure

        def ill(*args, **kwargs):
            told = measure(*args, **kwargs)
            return [row | {"entropy": row["entropy"] * torch.nan} for row in told]

        monkeypatch.setattr(engine, "measure", ill)
        findings = found(tiny_vlm("qwen2_5_vl"))
        assert failing(findings) == {"batched", "shared_prefix", "scored"}
        assert "NaN" in findings["batched"].reason and findings["batched"].value is None


class TestPrecision:
    def test_every_signal_has_its_own_deviation(self, sound):
        for name in ("bfloat16", "float16"):
            told = sound[name].told
            assert list(told["detail"]) == SIGNALS
            assert all(value > 0 for value in told["detail"].values())
            assert told["value"] == told["detail"]["logprob"] and told["limit"] is None
            assert all(signal in sound[name].words for signal in SIGNALS)
        assert sound["float16"].value < sound["bfloat16"].value / 2

    @pytest.mark.parametrize(
        ("dtype", "copies"),
        [("float32", ["bfloat16", "float16"]), ("bfloat16", ["float32", "float16"])],
    )
    def test_one_copy_at_a_time(self, tiny_folder, monkeypatch, dtype, copies):
        made = []

        def watched(model):
            assert not any(earlier() for earlier in made)
            other = copy.deepcopy(model)
            made.append(weakref.ref(other))
            return other

        monkeypatch.setattr(patient, "copy", SimpleNamespace(deepcopy=watched))
        findings = found(load_vlm(str(tiny_folder()), device="cpu", dtype=dtype))
        assert failing(findings) == set()
        assert len(made) == len(copies)
        assert findings["bfloat16"].value > 1e-3 and findings["float16"].value > 1e-4

    def test_a_model_too_large_for_float16_is_no_failure(self, own):
        with torch.no_grad():
            own.head.weight.mul_(1e5)
        findings = found(own)
        half = findings["float16"]
        assert half.passed and half.value is None
        assert "float16" in half.reason and "NaN or infinity" in half.reason
        assert findings["bfloat16"].value is not None

    def test_a_machine_too_small_for_a_copy_is_no_failure(self, tiny_vlm, monkeypatch):
        def full(_model):
            raise torch.OutOfMemoryError("CUDA out of memory.\nTried to")

        monkeypatch.setattr(patient, "copy", SimpleNamespace(deepcopy=full))
        half = found(tiny_vlm("qwen2_5_vl"))["float16"]
        assert half.passed and half.reason.endswith("could not be run here: CUDA out of memory.")

    def test_of_a_model_on_several_devices_no_copy_is_made(self, tiny_vlm, monkeypatch):
        monkeypatch.setattr(VLM, "spread", True)
        with pytest.raises(checks.Moot, match="must then lie on one device"):
            checks.half_against_full(patient.Patient(tiny_vlm("qwen2_5_vl")), torch.bfloat16)


class TestWhatCannotBeAsked:
    def test_a_model_whose_responses_share_no_prompt_says_why(self, tiny_vlm):
        finding = found(tiny_vlm("qwen3_5"))["shared_prefix"]
        assert finding.passed and finding.told["value"] is None
        assert finding.reason == (
            "Qwen3_5ForConditionalGeneration is measured in full passes, since its layers keep more"
            " of a prompt than keys and values (LinearAttentionLayer)."
        )

    def test_a_model_without_a_chat_template(self, own):
        own.processor.chat_template = own.tokenizer.chat_template = None
        findings = found(own)
        assert list(findings) == ["layers", "answers"]
        assert "has no chat template" in findings["answers"].reason
        assert failing(findings) == {"answers"}


class TestBeforeProbing:
    def test_the_cheap_checks_are_told(self, tiny_vlm):
        told = doctor.fit_to_probe(tiny_vlm("qwen2_5_vl"))
        assert list(told) == [name for name, check in CHECKS.items() if check.cheap]
        assert told["blind"]["value"] == 0 and told["batched"]["detail"].keys() == set(SIGNALS)

    def test_a_model_that_would_be_measured_wrongly_is_refused(self, tiny_vlm, monkeypatch):
        monkeypatch.setattr(checks, "blind", lambda mask, _image_mask: mask)
        with pytest.raises(SaccadeError, match=r"measured wrongly: .* must be at most 0, but is"):
            doctor.fit_to_probe(tiny_vlm("qwen2_5_vl"))

    def test_a_model_that_cannot_be_asked_is_not_refused(self, tiny_vlm):
        """What others let it say, with a prompt of theirs, can be measured all the same."""
        vlm = tiny_vlm("qwen2_5_vl")
        mute = replace(vlm, processor=copy.copy(vlm.processor))
        mute.processor.chat_template = None
        mute.processor.tokenizer = copy.copy(vlm.tokenizer)
        mute.processor.tokenizer.chat_template = None
        told = doctor.fit_to_probe(mute)
        assert "chat template" in told["answers"]["reason"] and not told["answers"]["passed"]
