"""Probing against an oracle that shares no code with it, in any company and order."""

import copy
import io
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from saccade.errors import SaccadeError
from saccade.models import VLM
from saccade.probes import SIGNALS, Probing, iter_traces, probe
from saccade.probes.traces import token_texts
from saccade.rollouts import rollout
from saccade.samples import Rollout, Rollouts, Sample, Skipped, Trace

EVERY = tuple(SIGNALS)


def picture(seed: int, width: int = 32, height: int = 24) -> Image.Image:
    """An image of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


SAMPLES = (
    Sample("one", "how many?", (picture(0),), "3", "test"),
    Sample("wide", "what colour is the large one?", (picture(1, 48, 16),), "3", "test"),
    Sample("text", "2+2?", (), "4", "test"),
    Sample("two", "left of?", (picture(2), picture(3, 24, 24)), "3", "test"),
)


@pytest.fixture(scope="module")
def vlm(tiny_vlm: Any) -> VLM:
    """The shared tiny model."""
    return tiny_vlm("qwen2_5_vl")


@pytest.fixture(scope="module")
def rolls(vlm: VLM) -> Rollouts:
    """Two responses to each sample, of unequal lengths."""
    whole = rollout(vlm, SAMPLES, n=2, max_new_tokens=7, seed=3)
    cut = [replace(r, response_ids=r.response_ids[: 7 - i]) for i, r in enumerate(whole)]
    cut[7] = replace(cut[7], response_ids=whole[7].response_ids[:1])
    return Rollouts(cut[:6] + cut[7:], whole.samples)


@pytest.fixture(scope="module")
def alone(vlm: VLM, rolls: Rollouts) -> dict[tuple[str, int], Trace]:
    """Every trace, probed by itself."""
    return by_key(probe(vlm, rolls, signals=EVERY, batch_size=1))


def by_key(traces: Any) -> dict[tuple[str, int], Trace]:
    """Traces by sample and index."""
    return {(t.sample.id, t.rollout.index): t for t in traces}


def deviation(found: Any, expected: Any) -> float:
    """The largest difference in any signal, as a share of it above 1; columns must be the same."""
    assert found.keys() == expected.keys()
    worst = 0.0
    for key, trace in found.items():
        assert trace.signals.keys() == expected[key].signals.keys()
        for name, values in trace.signals.items():
            assert values.dtype == np.float32
            assert values.shape == (len(trace.rollout.response_ids),)
            other = expected[key].signals[name]
            worst = max(worst, (np.abs(values - other) / np.abs(other).clip(min=1)).max())
    return float(worst)


# --- the oracle ---------------------------------------------------------------------------------


@torch.no_grad()
def run(vlm: VLM, sample: Sample, roll: Any, *, hide: bool) -> tuple[Any, Any, list[int]]:
    """One unpadded pass by transformers alone: log-softmax rows, states, places of image tokens.

    Hiding is a full attention matrix with minus infinity in the image columns; the model finds its
    positions itself from a sequence in which nothing is hidden.
    """
    inputs = dict(
        vlm.processor(text=[roll.prompt], images=list(sample.images) or None, return_tensors="pt")
    )
    extra = torch.tensor([roll.response_ids])
    inputs["input_ids"] = ids = torch.cat([inputs["input_ids"], extra], 1)
    inputs["attention_mask"] = torch.ones_like(ids)
    kinds = torch.cat([inputs["mm_token_type_ids"], torch.zeros_like(extra)], 1)
    inputs["mm_token_type_ids"] = kinds
    places = [place for place, token in enumerate(ids[0].tolist()) if token == vlm.image_token_id]
    if hide:
        grid = inputs["image_grid_thw"]
        inputs["position_ids"] = vlm.model.model.get_rope_index(ids, kinds, image_grid_thw=grid)[0]
        size = ids.shape[1]
        mask = torch.full((size, size), -math.inf).triu(1)
        mask[:, places] = -math.inf
        inputs["attention_mask"] = mask[None, None]
    out = vlm.model(**inputs, output_hidden_states=True)
    return out.logits[0].double(), [state[0].double() for state in out.hidden_states], places


NEARNESS = {
    "visual_similarity": lambda h, v: h @ v / h.norm() / v.norm(),
    "visual_similarity.dot": lambda h, v: h @ v,
    "visual_similarity.l2": lambda h, v: -(((h - v) ** 2).sum() ** 0.5),
    "visual_similarity.l1": lambda h, v: -(h - v).abs().sum(),
}
MOVES = {
    "hidden_shift.blind": lambda h, dark: (h - dark).norm() / h.norm(),
    "hidden_shift.l2.blind": lambda h, dark: (h - dark).norm(),
    "hidden_shift.cosine.blind": lambda h, dark: 1 - h @ dark / h.norm() / dark.norm(),
}
"""What is averaged over layers and, for nearness, image tokens."""


def oracle(vlm: VLM, sample: Sample, roll: Any, temperature: float) -> dict[str, list[float]]:
    """Every signal of one response, position by position, layer by layer, patch by patch."""
    logits, states, places = run(vlm, sample, roll, hide=False)
    start = len(logits) - len(roll.response_ids)
    told: dict[str, list[float]] = {"logprob": [], "entropy": []}
    for t, token in enumerate(roll.response_ids):
        told["logprob"].append(logits[start + t - 1].log_softmax(-1)[token].item())
        p = (logits[start + t - 1] / temperature).softmax(-1)
        told["entropy"].append(-sum(x * math.log(x) for x in p.tolist()))
    if not places:
        return told
    dark_logits, dark_states, _ = run(vlm, sample, roll, hide=True)
    told |= {name: [] for name in (*NEARNESS, *MOVES, "kl.blind", "k3.blind")}
    for t, token in enumerate(roll.response_ids):
        p = (logits[start + t - 1] / temperature).softmax(-1)
        q = (dark_logits[start + t - 1] / temperature).softmax(-1)
        d = dark_logits[start + t - 1].log_softmax(-1)[token].item() - told["logprob"][t]
        pairs = [(a[start + t], b[start + t]) for a, b in zip(states, dark_states, strict=True)]
        patches = [(layer[start + t], layer[n]) for layer in states for n in places]
        for name, near in NEARNESS.items():
            told[name].append(sum(near(h, v).item() for h, v in patches) / len(patches))
        for name, move in MOVES.items():
            told[name].append(sum(move(h, dark).item() for h, dark in pairs) / len(pairs))
        told["kl.blind"].append(sum((p * (p / q).log()).tolist()))
        told["k3.blind"].append(min(math.exp(d) - d - 1, 10))
    return told


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_every_number_is_the_oracles(vlm: VLM, rolls: Rollouts, temperature: float) -> None:
    traces = probe(vlm, rolls, signals=EVERY, batch_size=3, temperature=temperature)
    assert len(traces) == len(rolls)
    for trace in traces:
        told = oracle(vlm, trace.sample, trace.rollout, temperature)
        assert trace.signals.keys() == told.keys()
        for name, values in trace.signals.items():
            scale = max(1, np.abs(told[name]).max())  # states have a size, distances with them
            assert values == pytest.approx(np.array(told[name]), abs=1e-5 * scale), name


def test_entropy_and_kl_are_at_the_temperature_of_sampling(vlm: VLM, rolls: Rollouts) -> None:
    hot = replace(rolls[0], sampling={"temperature": 2.0})
    cool = replace(rolls[2], sampling={"temperature": 0.5})
    mixed = Rollouts([hot, cool], rolls.samples)
    own = probe(vlm, mixed, signals=("entropy", "kl"))
    for trace, temperature in zip(own, (2.0, 0.5), strict=True):
        told = oracle(vlm, trace.sample, trace.rollout, temperature)
        for name, values in trace.signals.items():
            assert values == pytest.approx(np.array(told[name]), abs=1e-5), name
    (set_,) = probe(vlm, mixed[:1], signals=("entropy",), temperature=0.5)
    told = oracle(vlm, set_.sample, set_.rollout, 0.5)
    assert set_.signals["entropy"] == pytest.approx(np.array(told["entropy"]), abs=1e-5)


# --- in any company -----------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [2, 7])
def test_batched_and_padded_as_alone(
    vlm: VLM, rolls: Rollouts, alone: Any, batch_size: int
) -> None:
    assert len({len(r.response_ids) for r in rolls}) > 3
    found = by_key(probe(vlm, rolls, signals=EVERY, batch_size=batch_size))
    assert deviation(found, alone) < 1e-5


def test_reordered_as_alone(vlm: VLM, rolls: Rollouts, alone: Any) -> None:
    mixed = Rollouts([rolls[i] for i in (4, 0, 6, 2, 5, 1, 3)], rolls.samples)
    traces = probe(vlm, mixed, signals=EVERY, batch_size=4)
    assert [t.rollout for t in traces] == list(mixed)
    assert deviation(by_key(traces), alone) < 1e-5


@pytest.mark.parametrize("family", ["internvl", "qwen3_vl", "llava", "idefics3"])
@pytest.mark.parametrize("ablation", ["blind", "grey"])
def test_other_families_batched_as_alone(tiny_vlm: Any, family: str, ablation: str) -> None:
    vlm = tiny_vlm(family)
    rolls = rollout(vlm, SAMPLES[:3], n=2, max_new_tokens=4, seed=1)
    one = by_key(probe(vlm, rolls, signals=EVERY, ablation=ablation, batch_size=1))
    assert len(one) == len(rolls) == 6
    many = by_key(probe(vlm, rolls, signals=EVERY, ablation=ablation, batch_size=5))
    assert deviation(many, one) < 1e-5
    assert one["one", 0].signals[f"kl.{ablation}"].max() > 1e-3


def test_what_was_sampled_is_what_is_scored(vlm: VLM) -> None:
    """A greedy response's tokens are the likeliest of their rows; no row is off by one."""
    (roll,) = rollout(vlm, SAMPLES[:1], n=1, temperature=0, max_new_tokens=6)
    logits, _, _ = run(vlm, SAMPLES[0], roll, hide=False)
    (trace,) = probe(vlm, Rollouts([roll], {"one": SAMPLES[0]}), signals=["logprob"])
    best = logits[-7:-1].log_softmax(-1).max(-1).values
    assert trace.signals["logprob"] == pytest.approx(best.numpy(), abs=1e-5)


# --- what is asked for, and what it costs -------------------------------------------------------


def test_ids_are_scored_as_spoken_where_text_would_come_back_as_others(vlm: VLM) -> None:
    """Half a character, as a model may well speak it, has no text of its own."""
    sample, tokenizer = SAMPLES[0], vlm.tokenizer
    ids = tuple(tokenizer.convert_tokens_to_ids(["a", "Ã", "b"]))
    text = tokenizer.decode(ids)
    assert tuple(tokenizer.encode(text, add_special_tokens=False)) != ids
    said = Rollout(sample.id, 0, vlm.render(sample), ids, text)
    (trace,) = probe(vlm, Rollouts([said], {sample.id: sample}), signals=EVERY)
    assert trace.token_ids == ids and trace.tokens == ("a", "\ufffd", "b")
    told = oracle(vlm, sample, said, 1.0)
    assert trace.signals["logprob"] == pytest.approx(np.array(told["logprob"]), abs=1e-5)


@pytest.mark.parametrize(
    ("signals", "first", "runs"),
    [(("entropy", "visual_similarity"), 0, 2), (("k3",), 0, 3), (("entropy", "kl"), 4, 2)],
    ids=["seen", "ablated", "no image"],
)
def test_a_second_pass_only_where_one_is_needed(
    vlm: VLM, rolls: Rollouts, signals: Any, first: int, runs: int
) -> None:
    """The prompt runs once a pass, and the responses of all passes together."""
    counted = []
    watch = vlm.layers[0].register_forward_hook(lambda *_: counted.append(1))
    probe(vlm, rolls[first : first + 2], signals=signals)
    watch.remove()
    assert len(counted) == runs


def test_columns_are_those_asked_for(vlm: VLM, rolls: Rollouts) -> None:
    trace, text = probe(vlm, rolls[3:5], signals=["k3", "entropy"], ablation="grey")
    assert list(trace.signals) == ["k3.grey", "entropy"]
    assert list(text.signals) == ["entropy"]
    assert text.sample.id == "text"


def test_the_default_is_the_papers_four_and_the_logprob(vlm: VLM, rolls: Rollouts) -> None:
    expected = {"logprob", "entropy", "visual_similarity", "hidden_shift.blind", "kl.blind"}
    assert set(probe(vlm, rolls[:1])[0].signals) == expected


def test_a_layer_subset(vlm: VLM, rolls: Rollouts, alone: Any) -> None:
    signals = ("visual_similarity", "hidden_shift")
    parts = [probe(vlm, rolls[:1], signals=signals, layers=[i])[0] for i in range(3)]
    for name, whole in alone["one", 0].signals.items():
        if name in parts[0].signals:
            mean = np.mean([part.signals[name] for part in parts], axis=0)
            assert mean == pytest.approx(whole, abs=1e-6)
    assert parts[0].signals["hidden_shift.blind"].max() == 0  # the embeddings never move
    assert parts[1].signals["hidden_shift.blind"].min() > 0
    with pytest.raises(SaccadeError, match=r"layers must lie between 0 and 2 for .*got \[1, 3\]"):
        probe(vlm, rolls, layers=[1, 3])


def test_grey_is_the_pass_on_a_grey_image(vlm: VLM, rolls: Rollouts) -> None:
    (trace,) = probe(vlm, rolls[:1], signals=["logprob", "k3"], ablation="grey")
    plain = replace(SAMPLES[0], images=(Image.new("RGB", (32, 24), (128,) * 3),))
    (dark,) = probe(vlm, Rollouts(rolls[:1], {"one": plain}), signals=["logprob"])
    d = dark.signals["logprob"] - trace.signals["logprob"]
    assert trace.signals["k3.grey"] == pytest.approx(np.exp(d) - d - 1, abs=1e-5)


def test_progress_and_slices(vlm: VLM, rolls: Rollouts) -> None:
    seen: list[tuple[int, int]] = []
    traces = probe(
        vlm, rolls[:3], signals=["logprob"], progress=lambda *done_of: seen.append(done_of)
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert [t.rollout.index for t in traces[1:]] == [1, 0]
    assert traces[-1].token_ids == rolls[2].response_ids


# --- tokens -------------------------------------------------------------------------------------


def test_each_token_is_shown_as_decoded_alone(vlm: VLM) -> None:
    ids = vlm.tokenizer.encode("a é<|im_end|>", add_special_tokens=False)
    assert token_texts(vlm, ids) == ("a", " ", "\ufffd", "\ufffd", "<|im_end|>")


def test_an_id_that_only_pads_the_embedding_has_no_text(vlm: VLM) -> None:
    assert token_texts(vlm, (65, vlm.vocabulary)) == (vlm.tokenizer.decode([65]), "")


def test_a_words_leading_space_survives(vlm: VLM) -> None:
    class Pieces:
        """A tokenizer that, like SentencePiece, drops the space of a token decoded alone."""

        def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
            return ["▁the", "ory", "▁"][: len(ids)]

        def decode(self, ids: list[int]) -> str:
            return ("the", "ory", "")[ids[0]]

    other = replace(vlm, processor=type("P", (), {"tokenizer": Pieces()}))
    assert token_texts(other, (0, 1, 2)) == (" the", "ory", " ")


# --- one bad rollout never ends a run -----------------------------------------------------------


def truncated() -> Image.Image:
    """A file that opens as an image and breaks when it is read."""
    file = io.BytesIO()
    picture(0).save(file, "PNG")
    return Image.open(io.BytesIO(file.getvalue()[:200]))


@pytest.mark.parametrize(
    ("change", "images", "reason"),
    [
        ({"response_ids": ()}, None, "the response is empty"),
        ({"response_ids": (65, 262, 66)}, None, r"token 1 \(id 262\) stands for an image"),
        ({"response_ids": (65, 99999)}, None, r"token 1 \(id 99999\) is not in the model's vocab"),
        ({"response_ids": (65,) * 1000}, None, r"prompt and response have \d+ tokens, more than"),
        ({"sample_id": "gone"}, None, "sample must be among those given"),
        ({"prompt": "no picture"}, (truncated(),), "cannot read these images"),
        ({}, (truncated(),), "cannot read these images and prompts: .*truncated"),
        ({}, (), "Found 1 <.image_pad.> tokens in the text but no images"),
        ({"prompt": "a" * 2000}, (), "must leave room in the model's context of 1024"),
    ],
)
def test_a_bad_rollout_is_skipped_with_its_reason(
    vlm: VLM, rolls: Rollouts, alone: Any, change: Any, images: Any, reason: str
) -> None:
    assert vlm.image_token_id == 262
    sample = SAMPLES[0] if images is None else replace(SAMPLES[0], images=images)
    bad = replace(rolls[0], **{"sample_id": "bad", "index": 5, **change})
    samples = {**rolls.samples, "bad": replace(sample, id="bad")}
    mixed = [rolls[2], bad, rolls[3]]
    outcomes = list(iter_traces(vlm, mixed, samples, Probing(EVERY, batch_size=2)))
    (skip,) = [o for o in outcomes if isinstance(o, Skipped)]
    assert (skip.sample_id, skip.stage, skip.index) == (bad.sample_id, "probe", 5)
    assert re.search(reason, skip.reason)
    found = by_key(o for o in outcomes if isinstance(o, Trace))
    assert deviation(found, {key: alone[key] for key in found}) < 1e-5
    assert len(found) == 2


def test_numbers_that_are_not_finite_skip_the_response(vlm: VLM, rolls: Rollouts) -> None:
    model = copy.deepcopy(vlm.model)
    broken = replace(vlm, model=model)
    with torch.no_grad():
        model.get_output_embeddings().weight[7] = math.nan
    traces = probe(broken, rolls[:2])
    assert len(traces) == 0
    assert [s.index for s in traces.skipped] == [0, 1]
    assert re.search(
        r"logprob is not finite at response token 0: .* load it in float32 or bfloat16",
        traces.skipped[0].reason,
    )
