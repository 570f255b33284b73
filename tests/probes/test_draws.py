"""Draws: the same whatever the company, and both ways of measuring them agree."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from saccade.models import VLM
from saccade.probes import ABLATIONS, SIGNALS, Probing, engine, iter_traces, plain, probe
from saccade.probes.chosen import Chosen
from saccade.probes.draws import Draws, columns
from saccade.probes.patches import squares, token_patches
from saccade.samples import Rollout, Rollouts, Sample, Skipped

EVERY = tuple(SIGNALS)
RANDOM = [name for name, ablation in ABLATIONS.items() if ablation.drawing]
PAPO = "blacken(p=0.6, per=prompt, grid=vppo)"


def picture(seed: int, width: int = 32, height: int = 24) -> Image.Image:
    """An image of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


SAMPLES = {
    one.id: one
    for one in (
        Sample("one", "how many?", (picture(0, 40, 28),), "3", "test"),
        Sample("two", "left of which?", (picture(2), picture(3, 24, 24)), "3", "test"),
        Sample("text", "2+2?", (), "4", "test"),
        Sample("wide", "what colour?", (picture(1, 48, 16),), "3", "test"),
        Sample("pair", "which?", (picture(4, 24, 24), picture(5)), "3", "test"),
        Sample("last", "which?", (picture(6),), "3", "test"),
    )
}


@pytest.fixture(scope="module")
def vlm(tiny_vlm: Any) -> VLM:
    """The shared tiny model."""
    return tiny_vlm("qwen2_5_vl")


def spoken(vlm: VLM, *names: str, n: int = 2) -> list[tuple[Sample, Rollout]]:
    """Responses to these samples, of unequal lengths."""
    rng = np.random.default_rng(1)
    return [
        (
            SAMPLES[name],
            Rollout(
                name,
                index,
                vlm.render(SAMPLES[name]),
                tuple(rng.integers(5, 200, 3 + 2 * index).tolist()),
                "",
                sampling={"temperature": (1.0, 0.7)[index % 2]},
            ),
        )
        for name in names
        for index in range(n)
    ]


def rolls(asked: Any) -> Rollouts:
    """Responses as they come from sampling, with all samples."""
    return Rollouts([rollout for _, rollout in asked], SAMPLES)


def pixels(images: Any) -> list[bytes]:
    """What images show."""
    return [image.convert("RGB").tobytes() for image in images]


def shown(vlm: VLM, words: str, asked: Any, number: int = 0) -> list[bytes]:
    """What an ablation shows instead."""
    return pixels(Draws(vlm, Chosen.read(words), SAMPLES).draw(asked, number)[0].images)


# --- the two ways agree -------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["qwen2_5_vl", "idefics3"])
@pytest.mark.parametrize("words", [*RANDOM, PAPO])
def test_the_fast_way_is_the_plain_one_over_several_draws(
    tiny_vlm: Any, family: str, words: str
) -> None:
    vlm = tiny_vlm(family)
    asked = spoken(vlm, "one", "two", "text")
    settings = Probing(EVERY, words, draws=3)
    slow, fast = (way.measure(vlm, asked, settings, samples=SAMPLES) for way in (plain, engine))
    for one, other in zip(slow, fast, strict=True):
        assert list(one) == list(other)
        for name, values in one.items():
            scale = values.abs().clamp_min(1)
            assert ((values - other[name]).abs() / scale).max() < 1e-5, name


def test_without_an_image_there_is_no_second_pass_to_draw(vlm: VLM) -> None:
    for words in ABLATIONS:
        (told,) = plain.measure(vlm, spoken(vlm, "text", n=1), Probing(EVERY, words))
        assert list(told) == ["logprob", "entropy"]


# --- remove -------------------------------------------------------------------------------------


@torch.no_grad()
def text_only(vlm: VLM, prompt: str, response: Any) -> torch.Tensor:
    """Log-probabilities of a response after a prompt without an image, by transformers alone."""
    ids = vlm.tokenizer(prompt, return_tensors="pt")["input_ids"]
    whole = torch.cat([ids, torch.tensor([response])], 1)
    logits = vlm.model(input_ids=whole).logits[0, ids.shape[1] - 1 : -1]
    return logits.log_softmax(-1)


@pytest.mark.parametrize(
    ("family", "one_image"),
    [
        ("qwen2_5_vl", "<|vision_start|><|image_pad|><|vision_end|>"),
        ("idefics3", "<image>"),
        ("internvl", "<IMG_CONTEXT>"),
        ("llava", "<image>"),
    ],
)
def test_remove_is_asking_the_text_alone(tiny_vlm: Any, family: str, one_image: str) -> None:
    vlm = tiny_vlm(family)
    asked = spoken(vlm, "two", "one")
    traces = probe(vlm, rolls(asked), signals=("logprob", "k3", "kl"), ablation="remove")
    assert len(traces) == 4
    for trace in traces:
        assert trace.rollout.prompt.count(one_image) == len(trace.sample.images)
        prompt = trace.rollout.prompt.replace(one_image, "").removeprefix("<s>")
        ids = torch.tensor(trace.token_ids)
        dark = text_only(vlm, prompt, trace.token_ids).gather(-1, ids[:, None])[:, 0].numpy()
        d = dark - trace.signals["logprob"]
        expected = (np.expm1(d) - d).clip(0, 10)
        assert trace.signals["k3.remove"] == pytest.approx(expected, abs=1e-5, rel=1e-5)
        assert trace.signals["kl.remove"].max() > 1e-2


# --- chance -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "own"),
    [("blacken", True), (PAPO, False), ("noise", False), ("shuffle", False), ("swap", False)],
)
def test_a_response_has_a_draw_of_its_own_or_shares_it(vlm: VLM, words: str, own: bool) -> None:
    first, second = spoken(vlm, "one")
    drawn = shown(vlm, words, first)
    assert drawn == shown(vlm, words, first)
    assert drawn != pixels(first[0].images)
    assert (drawn != shown(vlm, words, second)) == own


@pytest.mark.parametrize("words", ["noise(std=60", "blacken(p=0.4", "shuffle("])
def test_draws_and_seeds_differ(vlm: VLM, words: str) -> None:
    (one,) = spoken(vlm, "one", n=1)
    drawn = [shown(vlm, f"{words})", one, number) for number in range(4)]
    drawn.append(shown(vlm, f"{words}, seed=1)", one))
    assert len(set(map(tuple, drawn))) == 5


@pytest.mark.parametrize("grid", ["model", "vppo"])
def test_patches_lie_on_the_grid_asked_for(vlm: VLM, grid: str) -> None:
    """Each is black or as it was; on the other grid some would be neither."""
    (asked,) = spoken(vlm, "one", n=1)
    (image,) = asked[0].images
    draws = Draws(vlm, Chosen.read(f"blacken(grid={grid})"), SAMPLES)
    drawn = np.asarray(draws.draw(asked, 0)[0].images[0])
    changed = (drawn != np.asarray(image)).any(-1)
    cuts = {
        "model": token_patches(vlm, asked[1].prompt, [image])[0],
        "vppo": squares(image),
    }
    for name, cut in cuts.items():
        shares = {float(changed[top:bottom, left:right].mean()) for left, top, right, bottom in cut}
        assert (shares <= {0.0, 1.0}) == (name == grid)


def test_two_equal_images_of_a_sample_do_not_get_equal_noise(vlm: VLM) -> None:
    twice = replace(SAMPLES["two"], images=(picture(0), picture(0)))
    asked = (twice, Rollout("two", 0, vlm.render(twice), (65,), "A"))
    first, second = shown(vlm, "noise", asked)
    assert first != second


@pytest.mark.parametrize("words", RANDOM)
def test_batched_and_reordered_as_alone(vlm: VLM, words: str) -> None:
    asked = spoken(vlm, "one", "two", "wide")
    settings = Probing(("kl", "hidden_shift"), words, draws=2, batch_size=1)
    alone = list(iter_traces(vlm, rolls(asked), SAMPLES, settings))
    mixed = [asked[i] for i in (4, 0, 3, 1, 5, 2)]
    backwards = dict(reversed(SAMPLES.items()))
    together = iter_traces(vlm, rolls(mixed), backwards, replace(settings, batch_size=4))
    found = {(t.sample.id, t.rollout.index): t.signals for t in together}
    for trace in alone:
        for name, values in trace.signals.items():
            other = found[trace.sample.id, trace.rollout.index][name]
            assert values == pytest.approx(other, abs=1e-5), name


@pytest.mark.parametrize("words", ["blacken(p=0.3)", "noise(std=60)"])
def test_several_draws_are_their_mean_and_spread(vlm: VLM, words: str) -> None:
    asked = spoken(vlm, "one")
    name = Chosen.read(words).ablation.name
    found = probe(vlm, rolls(asked), signals=("k3", "logprob"), ablation=words, draws=4)
    draws = Draws(vlm, Chosen.read(words), SAMPLES)
    for one, trace in zip(asked, found, strict=True):
        values = []
        for number in range(4):
            sample, rollout = draws.draw(one, number)
            (dark,) = probe(vlm, Rollouts([rollout], {"one": sample}), signals=("logprob",))
            d = dark.signals["logprob"] - trace.signals["logprob"]
            values.append((np.exp(d) - d - 1).clip(0, 10))
        told = trace.signals
        assert list(told) == [f"k3.{name}", f"k3.{name}.spread", "logprob"]
        assert told[f"k3.{name}"] == pytest.approx(np.mean(values, 0), abs=1e-5)
        assert told[f"k3.{name}.spread"] == pytest.approx(np.std(values, 0, ddof=1), abs=1e-5)
        assert told[f"k3.{name}.spread"].max() > 1e-3


def test_columns_of_one_draw_and_of_several() -> None:
    draws = torch.tensor([[1.0, 4.0], [3.0, 4.0]])
    assert columns("kl.grey", draws[:1])["kl.grey"].tolist() == [1.0, 4.0]
    several = {name: values.tolist() for name, values in columns("kl.swap", draws).items()}
    assert several == {"kl.swap": [2.0, 4.0], "kl.swap.spread": [pytest.approx(2**0.5), 0.0]}


# --- swap ---------------------------------------------------------------------------------------


def partner(vlm: VLM, samples: Any, name: str = "s0", words: str = "swap", number: int = 0) -> str:
    """Whose image a sample is shown."""
    sample = samples[name]
    asked = (sample, Rollout(name, 0, "", (65,), "A"))
    (image,) = Draws(vlm, Chosen.read(words), samples).draw(asked, number)[0].images
    (found,) = (other for other, its in samples.items() if its.images[0] is image)
    return found


def many(count: int) -> dict[str, Sample]:
    """Samples of one image each."""
    return {f"s{i}": Sample(f"s{i}", "?", (picture(i, 8, 8),), "", "t") for i in range(count)}


def test_a_partner_is_never_the_sample_itself_nor_one_with_its_image(vlm: VLM) -> None:
    samples = many(12)
    for i in range(6):
        samples[f"same{i}"] = replace(samples["s0"], id=f"same{i}", images=(picture(0, 8, 8),))
    drawn = set()
    for words in ("swap", "swap(seed=1)", "swap(seed=2)"):
        found = {name: partner(vlm, samples, name, words) for name in samples}
        drawn.add(tuple(found.values()))
        for name, other in found.items():
            assert pixels(samples[name].images) != pixels(samples[other].images)
        assert len(set(found.values())) > 4, "not one sample for all"
    assert len(drawn) == 3


def test_more_samples_change_a_partner_only_for_one_of_them(vlm: VLM) -> None:
    few, all_ = many(10), many(14)
    for name in few:
        before, after = partner(vlm, few, name), partner(vlm, all_, name)
        assert after in (before, "s10", "s11", "s12", "s13")


def test_each_draw_has_another_partner_while_there_is_one(vlm: VLM) -> None:
    samples = many(6)
    found = [partner(vlm, samples, number=number) for number in range(12)]
    assert set(found[:5]) == {"s1", "s2", "s3", "s4", "s5"}
    assert found[5:10] == found[:5] and found[10:] == found[:2]
    assert [partner(vlm, samples, "s1", number=number) for number in range(5)] != found[:5]


def test_two_samples_with_one_image_are_one_partner(vlm: VLM) -> None:
    samples = many(3)
    samples |= {f"as1_{i}": replace(samples["s1"], id=f"as1_{i}") for i in range(20)}
    asked = (samples["s0"], Rollout("s0", 0, "", (65,), "A"))
    draws = Draws(vlm, Chosen.read("swap"), samples)
    shown = [pixels(draws.draw(asked, number)[0].images) for number in range(2)]
    assert sorted(shown) == sorted([pixels(samples["s1"].images), pixels(samples["s2"].images)])


def test_a_sample_that_cannot_be_read_is_no_partner(vlm: VLM) -> None:
    samples = many(3)
    whole = io.BytesIO()
    picture(0).save(whole, "PNG")
    for name in ("s1", "s2"):
        cut = Image.open(io.BytesIO(whole.getvalue()[:200]))
        broken = {**samples, name: replace(samples[name], images=(cut,))}
        assert partner(vlm, broken) == {"s1": "s2", "s2": "s1"}[name]


def test_without_a_partner_a_response_is_skipped_and_the_rest_goes_on(vlm: VLM) -> None:
    samples = {name: SAMPLES[name] for name in ("one", "two", "wide")}
    asked = spoken(vlm, "two", "one", n=1)
    settings = Probing(("kl",), "swap")
    skip, trace = iter_traces(vlm, [r for _, r in asked], samples, settings)
    assert isinstance(skip, Skipped)
    assert (skip.sample_id, skip.stage, skip.index) == ("two", "probe", 0)
    assert "swap needs another sample with 2 image(s)" in skip.reason
    assert trace.signals["kl.swap"].max() > 0
    (seen,) = iter_traces(vlm, [asked[0][1]], samples, replace(settings, signals=("entropy",)))
    assert list(seen.signals) == ["entropy"], "nothing compares, so nobody is needed"


def test_a_partner_with_too_many_tokens_is_refused_before_a_pass(vlm: VLM) -> None:
    small = Sample("small", "?", (picture(0, 16, 16),), "", "t")
    large = Sample("large", "?", (picture(1, 48, 48),), "", "t")
    length = 1024 - len(vlm.tokenizer(vlm.render(small))["input_ids"]) - 3 - 10
    roll = Rollout("small", 0, vlm.render(small), (65,) * length, "")
    (skip,) = iter_traces(vlm, [roll], {"small": small, "large": large}, Probing(("kl",), "swap"))
    assert "more than the model's context of 1024" in skip.reason
