"""Every family: who shares a prompt, whether blind is blind, and what an image state is."""

import copy

import numpy as np
import pytest
import torch
from PIL import Image

from saccade.models import encode
from saccade.probes import SIGNALS, Probing, engine
from saccade.probes.prefix import shares_prefix
from saccade.probes.vocabulary import summed_up
from saccade.samples import Rollout, Sample
from tiny import FAMILIES

RECURRENT = ("qwen3_5",)


@pytest.fixture(params=sorted(FAMILIES))
def vlm(request, tiny_vlm):
    """The tiny model of each family."""
    return tiny_vlm(request.param)


def noise(width, height, seed):
    """An image of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def asked(vlm, seed=0):
    """Two prompts of unequal length, with one image and with two, and five ragged responses."""
    one = Sample("one", "What is it?", (noise(40, 28, seed),), "x", "t")
    images = (noise(24, 24, seed + 1), noise(30, 48, seed + 2))
    two = Sample("two", "How many are there in both of them?", images, "x", "t")
    rng = np.random.default_rng(1)
    words = np.setdiff1d(np.arange(5, 200), vlm.forbidden_ids)
    return [
        (
            sample,
            Rollout(
                sample_id=sample.id,
                index=index,
                prompt=vlm.render(sample),
                response_ids=tuple(rng.choice(words, length).tolist()),
                text="",
                sampling={"temperature": heat},
            ),
        )
        for sample, index, length, heat in (
            (one, 0, 1, 1.0),
            (one, 1, 11, 0.7),
            (two, 0, 14, 1.0),
            (two, 1, 5, 0.7),
            (two, 2, 8, 1.0),
        )
    ]


def test_only_models_that_keep_more_than_keys_and_values_share_no_prompt(tiny_vlm):
    assert {f for f in FAMILIES if not shares_prefix(tiny_vlm(f))} == set(RECURRENT)


@pytest.mark.parametrize(
    "more", [{"kv_sharing_modes": [None, "reuse"]}, {"hidden_size_per_layer_input": 8}], ids=str
)
def test_layers_that_read_more_than_their_own_keys_share_no_prompt(tiny_vlm, more):
    """As in the small models of Gemma 4: keys of other layers, or an embedding for each layer."""
    vlm = copy.deepcopy(tiny_vlm("gemma3"))
    assert shares_prefix(vlm)
    for name, value in more.items():
        setattr(vlm.model.config.text_config, name, value)
    assert not shares_prefix(vlm)


def test_what_an_image_shows_changes_nothing_of_a_blind_pass(vlm, monkeypatch):
    """To the last bit; `tests/models/test_inputs.py` says the same of full passes."""
    if not shares_prefix(vlm):
        return  # measured in full passes
    final = []

    def watched(logits, seen, ablated, *args, **kwargs):
        final.append((seen, ablated))
        return summed_up(logits, seen, ablated, *args, **kwargs)

    monkeypatch.setattr(engine, "summed_up", watched)
    for seed in (0, 7):
        engine.measure(vlm, asked(vlm, seed), Probing(tuple(SIGNALS), "blind"))
    (seen_a, blind_a), (seen_b, blind_b) = final
    assert torch.equal(blind_a, blind_b)
    assert not torch.equal(seen_a, seen_b)


def test_what_enters_after_a_layer_shows_from_the_next_state_on(tiny_vlm):
    """Qwen3-VL adds image features to the image tokens after its first layer too."""
    vlm = copy.deepcopy(tiny_vlm("qwen3_vl"))
    sample, rollout = asked(vlm)[0]
    inputs = encode(vlm, [rollout.prompt], [sample.images])
    seen = inputs["input_ids"][0] == vlm.image_token_id
    states = []
    for scale in (1, 2):
        for merger in vlm.model.model.visual.deepstack_merger_list:
            merger.linear_fc2.weight.data *= scale
        with torch.no_grad():
            states.append(vlm.model(**inputs, output_hidden_states=True).hidden_states)
    moved = [not torch.equal(a[0, seen], b[0, seen]) for a, b in zip(*states, strict=True)]
    assert moved == [False, False, True]
