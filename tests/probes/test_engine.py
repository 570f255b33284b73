"""The engine against the plain way, for every family, and what it must not do twice."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch._subclasses.fake_tensor import FakeTensorMode

from saccade.errors import SaccadeError
from saccade.models import FAMILIES, encode, load_vlm
from saccade.probes import ABLATIONS, MAPS, SIGNALS, Probing, engine, plain
from saccade.probes.measuring import measure
from saccade.probes.prefix import PrefixLayer, shares_prefix
from saccade.probes.vocabulary import summed_up
from saccade.samples import Rollout, Sample

LIMITS = {"entropy": 5e-5}
"""What the numbers may differ by, where not by 1e-5."""


def picture(seed, width, height):
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


SAMPLES = (
    Sample("one", "What is it?", (picture(0, 40, 28),), "x", "test"),
    Sample("two", "How many in both?", (picture(1, 24, 24), picture(2, 30, 48)), "x", "test"),
)
OTHERS = (
    Sample("wide", "?", (picture(3, 48, 16),), "x", "test"),
    Sample("small", "?", (picture(4, 20, 20), picture(5, 30, 20)), "x", "test"),
)
"""Whose images may be swapped in."""


def spoken(vlm, samples=SAMPLES, responses=3):
    """Responses of unequal length and temperature, in an order that mixes their prompts."""
    rng = random.Random(1)
    words = [i for i in range(5, 200) if i not in vlm.forbidden_ids]
    asked = [
        (
            sample,
            Rollout(sample.id, k, vlm.render(sample), tuple(rng.choices(words, k=3 + 4 * k)), ""),
        )
        for k in range(responses)
        for sample in samples
    ]
    heat = [{"temperature": 0.7 if rollout.index else 1.0} for _, rollout in asked]
    return [(s, replace(r, sampling=t)) for (s, r), t in zip(asked, heat, strict=True)]


def settings(ablation="blind", **more):
    return Probing(tuple(SIGNALS), ablation, **more)


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name, values in one.items():
            limit = LIMITS.get(name, 1e-5)
            if ".dot" in name:  # of states as long as they are: rounding is a share of the largest
                limit *= float(other[name].abs().max().clamp_min(1))
            torch.testing.assert_close(values, other[name], atol=limit, rtol=1e-5, msg=name)


@pytest.mark.parametrize(
    ("family", "ablation"),
    [
        (family, name)
        for family in FAMILIES
        for name, ablation in ABLATIONS.items()
        # one redrawing of pixels is as good as another; all of them on two families
        if ablation.changes != "pixels" or name == "grey" or family in ("qwen2_5_vl", "idefics3")
    ],
)
def test_every_family_measures_what_the_plain_way_does(tiny_vlm, family, ablation):
    vlm = tiny_vlm(family)
    asked, others = spoken(vlm), {sample.id: sample for sample in OTHERS}
    maps = tuple(MAPS) if ablation == "blind" else ()
    assert shares_prefix(vlm) == FAMILIES[family].shares_prompt
    if ablation == "remove" and not FAMILIES[family].reads_text_alone:
        with pytest.raises(SaccadeError, match="image"):
            measure(vlm, asked, settings(ablation))
        return
    for some in (asked, asked[-1:]):  # with padding, and alone without any
        assert_same(
            measure(vlm, some, settings(ablation, maps=maps), samples=others),
            plain.measure(vlm, some, settings(ablation, maps=maps), samples=others),
        )


def test_a_choice_of_layers_is_the_same_choice(tiny_vlm):
    vlm = tiny_vlm("qwen2_5_vl")
    asked, some = spoken(vlm), settings(layers=(0, 2, 2))
    assert_same(engine.measure(vlm, asked, some), plain.measure(vlm, asked, some))


@pytest.mark.parametrize("family", ["qwen2_5_vl", "llava_next"])
@pytest.mark.parametrize("way", [engine, plain])
def test_a_signal_is_the_mean_of_its_maps(tiny_vlm, family, way):
    vlm, layers = tiny_vlm(family), (1, 2)
    asked = [*spoken(vlm), *spoken(vlm, (Sample("blind", "Why?", (), "x", "test"),), 1)]
    some = settings("noise", draws=2, maps=tuple(MAPS), layers=layers)
    *found, imageless = way.measure(vlm, asked, some)
    assert set(imageless) == {"logprob", "entropy"}
    for (sample, rollout), columns in zip(asked, found, strict=False):
        time = len(rollout.response_ids)
        similarity = [name for name in columns if name.startswith("visual_similarity")]
        assert len(similarity) == 4
        for name in [*similarity, "hidden_shift.noise", "hidden_shift.l2.noise"]:
            by_layer = columns[f"layers.{name}"]
            assert by_layer.shape == (len(vlm.layers) + 1, time)
            torch.testing.assert_close(by_layer[list(layers)].mean(0), columns[name])
        numbers = torch.from_numpy(numbers_of(vlm, sample, rollout))
        for name in similarity:
            patches, images = columns[f"patches.{name}"], columns[f"images.{name}"]
            assert patches.shape == (time, len(numbers)) and images.shape[0] == len(sample.images)
            torch.testing.assert_close(patches.mean(1), columns[name])
            for image, values in enumerate(images):
                torch.testing.assert_close(patches[:, numbers == image].mean(1), values)


@pytest.mark.parametrize("way", [engine, plain])
def test_a_state_that_is_left_out_adds_nothing_not_even_where_it_is_infinite(tiny_folder, way):
    vlm = load_vlm(str(tiny_folder("qwen2_5_vl")), device="cpu", dtype="float32")
    asked, names = spoken(vlm), ("visual_similarity", "visual_similarity.l2", "hidden_shift")
    sound = way.measure(vlm, asked, Probing(names, layers=(0, 1)))
    with torch.no_grad():
        vlm.norm.weight.fill_(torch.inf)
    mapped = way.measure(vlm, asked, Probing(names, layers=(0, 1), maps=("layers", "patches")))
    for one, other in zip(sound, mapped, strict=True):
        assert {*one} < {*other}
        for name, values in one.items():
            torch.testing.assert_close(values, other[name])


def test_sums_stay_in_float32_where_a_trainer_halves_products(tiny_vlm):
    vlm = tiny_vlm("qwen2_5_vl")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = engine.measure(vlm, spoken(vlm), settings(maps=tuple(MAPS)))
    assert {values.dtype for columns in found for values in columns.values()} == {torch.float32}


def numbers_of(vlm, sample, rollout):
    """Of every image token its image, by their counts in prompts with one image each."""
    alone = [replace(sample, images=(image,)) for image in sample.images]
    counts = [
        int((encode(vlm, [vlm.render(one)], [one.images])["input_ids"] == vlm.image_token_id).sum())
        for one in alone
    ]
    return np.repeat(np.arange(len(counts)), counts)


def test_signals_of_one_pass_need_no_other(tiny_vlm, monkeypatch):
    vlm = tiny_vlm("qwen2_5_vl")
    seen = Probing(("logprob", "entropy", "visual_similarity"), "grey")
    expected = plain.measure(vlm, spoken(vlm), seen)
    monkeypatch.setattr(engine, "Draws", None)
    assert_same(engine.measure(vlm, spoken(vlm), seen), expected)


def test_a_group_costs_two_prompts_one_image_and_one_batch_of_responses(tiny_vlm):
    """Four signals, two forwards: every token of a pass goes through the decoder once."""
    vlm = tiny_vlm("qwen2_5_vl")
    asked = spoken(vlm, SAMPLES[:1], responses=4)
    tokens, images = [], []
    watch = [
        vlm.layers[0].register_forward_hook(lambda _m, _a, out: tokens.append(out.shape[:2])),
        vlm.model.base_model.visual.register_forward_hook(lambda *_: images.append(1)),
    ]
    engine.measure(vlm, asked, settings())
    for handle in watch:
        handle.remove()
    longest = max(len(rollout.response_ids) for _, rollout in asked)
    assert [tuple(shape) for shape in tokens[2:]] == [(8, longest)]
    assert len(tokens) == 3 and tokens[0] == tokens[1] and tokens[0][0] == 1
    assert images == [1]


def test_nothing_as_large_as_the_logits_ever_exists(tiny_vlm, monkeypatch):
    vlm = tiny_vlm("qwen2_5_vl")
    sizes = []

    def logits(states, words):
        sizes.append((len(states), words.stop - words.start))
        return vlm.logits(states, words)

    def tiled(_logits, *args, **kwargs):
        return summed_up(logits, *args, **kwargs)

    monkeypatch.setattr("saccade.probes.vocabulary.ROWS", 5)
    monkeypatch.setattr("saccade.probes.vocabulary.TILE", 50)
    monkeypatch.setattr(engine, "summed_up", tiled)
    asked = spoken(vlm)
    assert_same(engine.measure(vlm, asked, settings()), plain.measure(vlm, asked, settings()))
    assert max(rows for rows, _ in sizes) == 5 and max(words for _, words in sizes) == 50


def test_the_model_is_left_as_it_was(tiny_vlm):
    vlm = tiny_vlm("qwen2_5_vl")

    def hooks():
        return [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in vlm.model.modules()]

    before = hooks()
    engine.measure(vlm, spoken(vlm), settings())
    assert "get_image_features" not in vars(vlm.model.base_model)
    assert hooks() == before


def test_a_prompt_is_shared_on_the_device_of_its_layer():
    """Of a model laid on several devices. Pretended tensors know where they lie without a GPU."""
    with FakeTensorMode():
        rows = torch.zeros(3, dtype=torch.long, device="cuda:0")
        prompt = torch.empty(2, 2, 5, 4, device="cuda:1")
        said = torch.empty(3, 2, 6, 4, device="cuda:1")
        for joined in PrefixLayer(prompt, prompt, rows).update(said, said):
            assert joined.shape == (3, 2, 11, 4) and joined.device == prompt.device
