"""Rollouts: exact sampling, the same words giving the same responses, and nothing ending a run."""

import copy
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from saccade.errors import SaccadeError
from saccade.models import VLM, encode
from saccade.rollouts import Group, Sampler, Sampling, iter_rollouts, rollout
from saccade.samples import Sample, Skipped

LOGITS = torch.tensor([2.0, 1.5, 0.3, 0.0, -1.0, -2.5, 1.0])


def picture(seed: int, width: int = 32, height: int = 24) -> Image.Image:
    """An image of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def sample(name: str, question: str = "how many?", *images: Image.Image) -> Sample:
    """A question about an image; the picture is seeded by the name unless one is given."""
    return Sample(name, question, images or (picture(len(name)),), answer="3", task="test")


SAMPLES = (
    sample("a"),
    sample("bb", "what colour is the large one?", picture(1, 48, 32)),
    Sample("text", "2+2?", (), answer="4", task="test"),
    sample("dddd", "left of?", picture(2), picture(3, 40, 24)),
)


@pytest.fixture(scope="module")
def vlm(tiny_vlm: Any) -> VLM:
    """The shared tiny model."""
    return tiny_vlm("qwen2_5_vl")


def changed(vlm: VLM, *, bias: dict[int, float] | None = None, context: int | None = None) -> VLM:
    """A copy whose head leans towards some tokens, or whose context is shorter."""
    model = copy.deepcopy(vlm.model)
    if context is not None:
        model.config.get_text_config().max_position_embeddings = context
    lean = torch.zeros(model.get_output_embeddings().out_features)
    for token, value in (bias or {}).items():
        lean[token] = value
    model.get_output_embeddings().bias = torch.nn.Parameter(lean)
    return replace(vlm, model=model)


def said(rolls: Any) -> dict[tuple[str, int], tuple[int, ...]]:
    """What was said, by sample and index."""
    return {(r.sample_id, r.index): r.response_ids for r in rolls}


# --- the distribution ---------------------------------------------------------------------------


def pvalue(found: np.ndarray, expected: np.ndarray) -> float:
    """How often chance alone strays as far from the expected counts (chi-square)."""
    from scipy.stats import chisquare

    return float(chisquare(found, expected).pvalue)


def counts(tokens: torch.Tensor) -> np.ndarray:
    """How often each token came."""
    return np.bincount(tokens.numpy(), minlength=len(LOGITS))


def drawn(settings: Sampling, rows: int, steps: int = 1, forbidden: tuple[int, ...] = ()) -> Any:
    """Tokens drawn from `LOGITS`: (steps, rows)."""
    sampler = Sampler(settings, [("s", i) for i in range(rows)], forbidden)
    nothing = torch.zeros(rows, 0, dtype=torch.long)
    return torch.stack([sampler(nothing, LOGITS.repeat(rows, 1)).argmax(-1) for _ in range(steps)])


@pytest.mark.parametrize("temperature", [1.0, 0.6, 1.7])
def test_frequencies_are_the_softmax_across_responses(temperature: float) -> None:
    expected = (LOGITS.double() / temperature).softmax(-1).numpy() * 6000
    found = counts(drawn(Sampling(temperature=temperature), rows=6000)[0])
    assert pvalue(found, expected) > 0.01


def test_frequencies_are_the_softmax_along_one_response() -> None:
    expected = (LOGITS.double() / 0.8).softmax(-1).numpy() * 4000
    found = counts(drawn(Sampling(temperature=0.8), rows=1, steps=4000)[:, 0])
    assert pvalue(found, expected) > 0.01


def test_top_p_keeps_the_nucleus_at_the_sampling_temperature() -> None:
    p = (LOGITS.double() / 1.4).softmax(-1).numpy()
    order = np.argsort(-p)
    kept = order[: int(np.searchsorted(np.cumsum(p[order]), 0.75)) + 1]
    assert 1 < len(kept) < len(p)
    found = counts(drawn(Sampling(temperature=1.4, top_p=0.75), rows=6000)[0])
    assert found[kept].sum() == 6000
    assert pvalue(found[kept], p[kept] / p[kept].sum() * 6000) > 0.01


def test_forbidden_tokens_never_come_and_the_rest_keeps_its_odds() -> None:
    found = counts(drawn(Sampling(), rows=6000, forbidden=(0, 3, 900))[0])
    allowed = [1, 2, 4, 5, 6]
    expected = LOGITS[allowed].double().softmax(-1).numpy() * 6000
    assert found[0] == found[3] == 0
    assert pvalue(found[allowed], expected) > 0.01


def test_consecutive_tokens_are_independent() -> None:
    first, second = drawn(Sampling(), rows=6000, steps=2)
    p = LOGITS.double().softmax(-1).numpy()
    pairs = np.bincount((first * len(p) + second).numpy(), minlength=len(p) ** 2)
    assert pvalue(pairs, np.outer(p, p).ravel() * 6000) > 0.01


def test_logits_are_left_as_they_were() -> None:
    scores = LOGITS.repeat(1, 1)
    Sampler(Sampling(), [("s", 0)], (0,))(torch.zeros(1, 0), scores)
    assert torch.equal(scores[0], LOGITS)


# --- the same words, the same responses ---------------------------------------------------------


@pytest.fixture(scope="module")
def reference(vlm: VLM) -> dict[tuple[str, int], tuple[int, ...]]:
    """Three responses to every sample, one batch."""
    rolls = rollout(vlm, SAMPLES, n=3, max_new_tokens=16, seed=5, batch_size=12)
    assert len(rolls) == 12
    return said(rolls)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_however_batched(vlm: VLM, reference: Any, batch_size: int) -> None:
    rolls = rollout(vlm, SAMPLES, n=3, max_new_tokens=16, seed=5, batch_size=batch_size)
    assert said(rolls) == reference


def test_however_ordered(vlm: VLM, reference: Any) -> None:
    rolls = rollout(vlm, SAMPLES[::-1], n=3, max_new_tokens=16, seed=5, batch_size=4)
    assert said(rolls) == reference
    assert [r.sample_id for r in rolls][::3] == ["dddd", "text", "bb", "a"]


def test_however_resumed(vlm: VLM, reference: Any) -> None:
    stream = iter_rollouts(vlm, SAMPLES, Sampling(n=3, max_new_tokens=16, seed=5, batch_size=4))
    before = next(stream)
    assert isinstance(before, Group)
    rest = rollout(vlm, SAMPLES[1:], n=3, max_new_tokens=16, seed=5, batch_size=7)
    assert said(before.rollouts) | said(rest) == reference


def test_a_smaller_group_is_the_start_of_a_larger_one(vlm: VLM, reference: Any) -> None:
    rolls = rollout(vlm, SAMPLES, n=2, max_new_tokens=16, seed=5)
    assert said(rolls) == {key: ids for key, ids in reference.items() if key[1] < 2}


def test_however_split_over_processes(vlm: VLM, reference: Any) -> None:
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[2]); from saccade import load_vlm, rollout\n"
        "from test_rollouts import SAMPLES, said\n"
        "vlm = load_vlm(sys.argv[1], device='cpu', dtype='float32')\n"
        "rolls = rollout(vlm, SAMPLES[2:], n=3, max_new_tokens=16, seed=5)\n"
        "print(json.dumps([[*key, ids] for key, ids in said(rolls).items()]))"
    )
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", code, vlm.name, here], capture_output=True, text=True, check=True
    )
    found = {(i, n): tuple(ids) for i, n, ids in json.loads(done.stdout.splitlines()[-1])}
    assert found == {key: ids for key, ids in reference.items() if key[0] in ("text", "dddd")}


def test_other_words_other_responses(vlm: VLM, reference: Any) -> None:
    assert len(set(reference.values())) == len(reference)
    asked = [SAMPLES[0], replace(SAMPLES[0], id="the same question under another id")]
    other = said(rollout(vlm, asked, n=3, max_new_tokens=16, seed=6))
    assert len(set(other.values())) == 6
    assert not set(other.values()) & set(reference.values())


# --- what a rollout holds -----------------------------------------------------------------------


def test_stop_keeps_the_end_token_and_the_text_does_not(vlm: VLM) -> None:
    end = vlm.eos_ids[0]
    rolls = rollout(changed(vlm, bias={end: 4.0}), SAMPLES[:2], n=8, max_new_tokens=6, seed=1)
    stopped = [r for r in rolls if r.finish_reason == "stop"]
    cut = [r for r in rolls if r.finish_reason == "length"]
    assert stopped
    assert cut
    for r in stopped:
        assert r.response_ids[-1] == end
        assert end not in r.response_ids[:-1]
        assert r.text == vlm.tokenizer.decode(r.response_ids[:-1])
    for r in cut:
        assert len(r.response_ids) == 6
        assert end not in r.response_ids
        assert r.text == vlm.tokenizer.decode(r.response_ids)


def test_it_remembers_how_it_was_made(vlm: VLM) -> None:
    rolls = rollout(
        vlm, SAMPLES[:1], n=2, temperature=0.7, top_p=0.9, max_new_tokens=3, seed=4, step=12
    )
    noted = {"temperature": 0.7, "top_p": 0.9, "max_new_tokens": 3, "seed": 4}
    assert [(r.index, r.step, r.sampling) for r in rolls] == [(0, 12, noted), (1, 12, noted)]
    assert rolls[0].prompt == vlm.render(SAMPLES[0])
    assert rolls.samples["a"] is SAMPLES[0]
    assert rolls[0].rewards
    assert rolls[0].correct is False


def test_special_tokens_a_model_speaks_stay_in_the_text(vlm: VLM) -> None:
    start = vlm.tokenizer.convert_tokens_to_ids("<|im_start|>")
    (spoken,) = rollout(changed(vlm, bias={start: 500.0}), SAMPLES[:1], n=1, max_new_tokens=2)
    assert spoken.text == "<|im_start|><|im_start|>"


def test_image_tokens_are_never_sampled(vlm: VLM) -> None:
    drawn_to_images = changed(vlm, bias=dict.fromkeys(vlm.forbidden_ids, 1e4))
    rolls = rollout(drawn_to_images, SAMPLES, n=2, max_new_tokens=8)
    assert vlm.image_token_id in vlm.forbidden_ids
    assert len(rolls) == 8
    assert not {i for r in rolls for i in r.response_ids} & set(vlm.forbidden_ids)


def test_ids_that_only_pad_the_embedding_are_never_sampled(vlm: VLM) -> None:
    padded = Sampler(Sampling(), [("s", i) for i in range(50)], vocabulary=4)
    scores = LOGITS.clone()
    scores[4:] = 100.0
    assert padded(torch.zeros(50, 0), scores.repeat(50, 1)).argmax(-1).max() == 3
    assert vlm.vocabulary == len(vlm.tokenizer)


def test_temperature_zero_is_greedy(vlm: VLM) -> None:
    rolls = rollout(vlm, SAMPLES[1:2], n=2, temperature=0, max_new_tokens=10)
    inputs = encode(vlm, [vlm.render(SAMPLES[1])], [SAMPLES[1].images])
    plain = vlm.model.generate(**inputs, do_sample=False, max_new_tokens=10)
    expected = tuple(plain[0, inputs["input_ids"].shape[1] :].tolist())
    assert [r.response_ids for r in rolls] == [expected, expected]


def test_a_checkpoints_generation_config_shapes_nothing(vlm: VLM, reference: Any) -> None:
    opinionated = replace(vlm, model=copy.copy(vlm.model))
    config = copy.deepcopy(vlm.model.generation_config)
    config.update(repetition_penalty=3.0, no_repeat_ngram_size=1, bad_words_ids=[[70], [71]])
    opinionated.model.generation_config = config
    assert said(rollout(opinionated, SAMPLES, n=3, max_new_tokens=16, seed=5)) == reference
    assert opinionated.model.generation_config is config


def test_progress_counts_samples(vlm: VLM) -> None:
    seen: list[tuple[int, int]] = []
    rollout(vlm, SAMPLES[:3], n=2, max_new_tokens=2, progress=lambda *done_of: seen.append(done_of))
    assert seen == [(1, 3), (2, 3), (3, 3)]


# --- one bad sample never ends a run ------------------------------------------------------------


def truncated() -> Image.Image:
    """A file that opens as an image and breaks when it is read."""
    file = io.BytesIO()
    picture(0).save(file, "PNG")
    return Image.open(io.BytesIO(file.getvalue()[:200]))


def misspelt() -> Image.Image:
    """A PNG whose second chunk of pixels has no name."""
    file = io.BytesIO()
    picture(0, 300, 300).save(file, "PNG")
    head, _, tail = file.getvalue().rpartition(b"IDAT")
    return Image.open(io.BytesIO(head + b"\0\1\2\3" + tail))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (sample("cut", "how many?", truncated()), "cannot read these images and .*truncated"),
        (sample("misspelt", "how many?", misspelt()), "must be readable, but one is not: broken"),
        (sample("empty", "how many?", Image.new("RGB", (0, 5))), "must have pixels, but one is e"),
        (sample("long", "why? " * 400), r"room in the model's context of 1024 tokens, but has \d+"),
        (sample("trick", "what is <|image_pad|>?"), "has '<|image_pad|>' in its question"),
        (
            sample("thin", "how many?", picture(0, 900, 2)),
            "cannot read these images .*aspect ratio",
        ),
        (SAMPLES[0], "ids must be unique"),
        (replace(SAMPLES[0], id="odd", scorer="taste"), "asks for the scorer 'taste'; there are"),
        (replace(SAMPLES[0], id="boxless", scorer="iou"), "iou reward needs a gold answer .* '3'"),
    ],
    ids=lambda value: value.id if isinstance(value, Sample) else "",
)
def test_a_bad_sample_is_skipped_with_its_reason(vlm: VLM, bad: Sample, reason: str) -> None:
    rolls = rollout(vlm, [SAMPLES[0], bad, SAMPLES[1]], n=2, max_new_tokens=2, batch_size=3)
    assert [r.sample_id for r in rolls] == ["a", "a", "bb", "bb"]
    (skip,) = rolls.skipped
    assert (skip.sample_id, skip.stage, skip.index) == (bad.id, "rollout", None)
    with pytest.raises(SaccadeError, match=reason):
        raise SaccadeError(skip.reason)


def test_of_two_samples_with_one_id_the_one_that_was_answered_is_kept(vlm: VLM) -> None:
    unreadable = replace(SAMPLES[0], images=(truncated(),))
    asked = [unreadable, SAMPLES[0], replace(SAMPLES[0], images=(picture(9),))]
    rolls = rollout(vlm, asked, n=1, max_new_tokens=2)
    assert rolls.samples == {"a": SAMPLES[0]}
    assert len(rolls.skipped) == 2


def test_logits_that_are_not_finite_skip_the_sample(vlm: VLM) -> None:
    outcome = rollout(changed(vlm, bias={7: float("nan")}), SAMPLES[:2], n=2, max_new_tokens=3)
    assert len(outcome) == 0
    assert [s.sample_id for s in outcome.skipped] == ["a", "bb"]
    assert "must be finite, but held NaN" in outcome.skipped[0].reason


def test_a_response_ends_with_the_context(vlm: VLM) -> None:
    prompt = encode(vlm, [vlm.render(SAMPLES[1])], [SAMPLES[1].images])["input_ids"].shape[1]
    short = changed(vlm, context=prompt + 3)
    rolls = rollout(short, SAMPLES[:2], n=1, max_new_tokens=20, seed=5)
    whole = rollout(vlm, SAMPLES[:2], n=1, max_new_tokens=20, seed=5)
    assert rolls[1].response_ids == whole[1].response_ids[:3]
    assert rolls[1].finish_reason == "length"
    assert len(rolls[0].response_ids) > 3


def test_a_group_is_whole_or_skipped(vlm: VLM) -> None:
    outcomes = list(iter_rollouts(vlm, SAMPLES, Sampling(n=3, max_new_tokens=2, batch_size=2)))
    assert [len(o.rollouts) for o in outcomes if isinstance(o, Group)] == [3, 3, 3, 3]
    assert not [o for o in outcomes if isinstance(o, Skipped)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        ({"batch_size": -2}, "batch_size must be at least 1, got -2"),
        ({"temperature": -0.1}, r"temperature must be 0 \(greedy\) or a positive number, got -0.1"),
        ({"temperature": float("nan")}, "temperature must be 0"),
        ({"top_p": 0.0}, "top_p must lie above 0 and at most at 1, got 0"),
        ({"top_p": 1.1}, "top_p must lie above 0"),
    ],
)
def test_settings_that_cannot_be_sampled_with(settings: Any, message: str) -> None:
    with pytest.raises(SaccadeError, match=message):
        Sampling(**settings)
