"""Half precision: the model's own states and logits, and every reduction of them in float32.

In bfloat16 a number has three digits. A mean over layers, image tokens or words that is taken in it
would leave hardly any two tokens apart.
"""

import numpy as np
import pytest
import torch
from PIL import Image

from saccade.models import encode, load_vlm
from saccade.probes import SIGNALS, Probing, engine, plain
from saccade.probes.capture import watching
from saccade.samples import Rollout, Sample

HALVES = ("bfloat16", "float16")
FAMILIES = ("qwen2_5_vl", "idefics3", "gemma3")
EVERY = Probing(tuple(SIGNALS))
RESPONSES, TOKENS, HEAT = 3, 90, 0.7
GREATEST = {"bfloat16": 0.06, "float16": 0.008}
"""By how much a pass may differ from another of a different shape: some eight roundings."""


@pytest.fixture(scope="module", params=[(f, d) for f in FAMILIES for d in HALVES], ids="-".join)
def vlm(request, tiny_folder):
    family, dtype = request.param
    return load_vlm(str(tiny_folder(family)), device="cpu", dtype=dtype)


@pytest.fixture(scope="module")
def asked(vlm):
    """270 response tokens after one prompt, sampled above and below temperature 1."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 255, (28, 40, 3), dtype=np.uint8)
    sample = Sample("one", "What is it?", (Image.fromarray(pixels),), "x", "t")
    words = np.setdiff1d(np.arange(5, 200), vlm.forbidden_ids)
    return [
        (
            sample,
            Rollout(
                "one",
                index,
                vlm.render(sample),
                tuple(rng.choice(words, TOKENS).tolist()),
                "",
                sampling={"temperature": HEAT},
            ),
        )
        for index in range(RESPONSES)
    ]


@pytest.fixture(scope="module")
def watched(vlm, asked):
    """What the engine measures, and all states that pass while it does."""
    states = []
    with watching(vlm, lambda _number, state: states.append(state.clone())):
        found = engine.measure(vlm, asked, EVERY)
    return found, states


def from_logits(seen, ablated, ids):
    """The signals of distributions, in float64 from logits as they are."""
    z, dark = seen.double(), ablated.double()
    p, q = (z / HEAT).log_softmax(-1), (dark / HEAT).log_softmax(-1)
    own, without = (x.log_softmax(-1).gather(-1, ids[:, None])[:, 0] for x in (z, dark))
    d = without - own
    return {
        "logprob": own,
        "entropy": -(p.exp() * p).sum(-1),
        "kl.blind": (p.exp() * (p - q)).sum(-1),
        "k3.blind": (d.exp() - d - 1).clamp(0, 10),
    }


def from_states(seen, ablated, image):
    """The signals of hidden states, in float64 from states as they are: (layers, time, dim)."""
    h, dark, v = seen.double(), ablated.double(), image.double()
    apart = h[:, :, None] - v[:, None]
    moved = (h - dark).norm(dim=-1)
    near = {
        "visual_similarity": torch.einsum("ltd,lnd->ltn", unit(h), unit(v)),
        "visual_similarity.dot": torch.einsum("ltd,lnd->ltn", h, v),
        "visual_similarity.l2": -apart.norm(dim=-1),
        "visual_similarity.l1": -apart.abs().sum(-1),
    }
    shift = {
        "hidden_shift.blind": moved / h.norm(dim=-1),
        "hidden_shift.l2.blind": moved,
        "hidden_shift.cosine.blind": 1 - (unit(h) * unit(dark)).sum(-1),
    }
    means = {name: each.mean((0, 2)) for name, each in near.items()}
    return means | {name: each.mean(0) for name, each in shift.items()}


def unit(vectors):
    return vectors / vectors.norm(dim=-1, keepdim=True)


def off(found, expected):
    """The largest difference, as a share of a value above 1."""
    assert found.keys() == expected.keys()
    return max(
        float(((found[name] - value).abs() / value.abs().clamp_min(1)).max())
        for name, value in expected.items()
    )


@torch.no_grad()
def test_the_engine_reduces_its_own_half_states_in_float32(vlm, asked, watched):
    """The oracle reads the very states that the engine saw, so only the reductions can differ."""
    found, states = watched
    count = len(vlm.layers) + 1
    prompt, dark_prompt, said = (states[i : i + count] for i in (0, count, 2 * count))
    assert len(states) == 3 * count and said[0].dtype == vlm.model.dtype != torch.float32
    inputs = encode(vlm, [asked[0][1].prompt], [asked[0][0].images])
    image = inputs["input_ids"][0] == vlm.image_token_id
    last = torch.cat([prompt[-1][:, -1], dark_prompt[-1][:, -1]]).repeat_interleave(RESPONSES, 0)
    final = torch.cat([last[:, None], said[-1][:, :-1]], 1)
    seen, dark = (
        vlm.logits(rows.flatten(0, 1)).view(RESPONSES, TOKENS, -1) for rows in final.chunk(2)
    )
    for row, (_, rollout) in enumerate(asked):
        expected = from_logits(seen[row], dark[row], torch.tensor(rollout.response_ids))
        own, without = (torch.stack([s[i] for s in said]) for i in (row, row + RESPONSES))
        expected |= from_states(own, without, torch.stack([s[0, image] for s in prompt]))
        assert all(values.dtype == torch.float32 for values in found[row].values())
        assert off(found[row], expected) < 1e-5


@torch.no_grad()
def test_both_ways_agree_with_full_passes_by_transformers(vlm, asked, watched):
    """The plain way reduces just these passes; the engine's are of another shape."""
    measured = plain.measure(vlm, asked[:1], EVERY)[0]
    inputs = encode(vlm, [asked[0][1].prompt], [asked[0][0].images])
    teacher = plain.with_responses(vlm, inputs, [asked[0][1].response_ids])
    hidden = teacher.inputs["attention_mask"].masked_fill(teacher.image_mask, 0)
    seen, dark = (
        vlm.model(**teacher.inputs | more, output_hidden_states=True, use_cache=False)
        for more in ({}, {"attention_mask": hidden})
    )
    start, image = teacher.starts[0], teacher.image_mask[0]
    logits = (out.logits[0, start - 1 : -1] for out in (seen, dark))
    states = (torch.stack([s[0, start:] for s in out.hidden_states]) for out in (seen, dark))
    shown = torch.stack([s[0, image] for s in seen.hidden_states])
    expected = from_logits(*logits, torch.tensor(asked[0][1].response_ids))
    expected |= from_states(*states, shown)
    assert off(measured, expected) < 1e-5
    assert off(watched[0][0], expected) < GREATEST[str(vlm.model.dtype).removeprefix("torch.")]


def test_tokens_stay_apart(watched):
    """PEPO's code leaves 29 values among 270 tokens in bfloat16."""
    found, _ = watched
    for name in found[0]:
        values = torch.cat([row[name] for row in found])
        assert len(values) == 270
        assert len(values.unique()) > 260, name
