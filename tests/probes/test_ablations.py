"""Ablations: pure, and really taking the image away."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from saccade.models import encode, with_responses
from saccade.probes import blind, grey
from saccade.samples import Sample


def test_blind_hides_image_tokens_and_nothing_else() -> None:
    attention = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]])
    image = torch.tensor([[0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]).bool()
    kept = attention.clone()
    assert blind(attention, image).tolist() == [[1, 0, 0, 1, 0], [1, 1, 1, 1, 1]]
    assert torch.equal(attention, kept)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_grey_keeps_the_size_and_no_pixel(mode: str) -> None:
    original = Image.new(mode, (7, 5))
    drawn = grey(original, np.random.default_rng(0))
    assert drawn.size == (7, 5)
    assert np.unique(np.asarray(drawn)).tolist() == [128]
    assert original.getpixel((0, 0)) == Image.new(mode, (1, 1)).getpixel((0, 0))


@pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl", "internvl", "llava", "idefics3"])
def test_the_blind_pass_is_blind_to_the_bit(tiny_vlm: Any, family: str) -> None:
    """Whatever image stands there, not one bit of the response's states or logits changes."""
    vlm = tiny_vlm(family)
    sighted, unsighted = [], []
    for seed in range(3):
        pixels = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), dtype=np.uint8)
        sample = Sample("a", "how many?", (Image.fromarray(pixels),), "3", "test")
        inputs = encode(vlm, [vlm.render(sample)], [sample.images])
        teacher = with_responses(vlm, inputs, [[65, 66, 67, 68]])
        mask = blind(teacher.inputs["attention_mask"], teacher.image_mask)
        hidden = replace(teacher, inputs={**teacher.inputs, "attention_mask": mask})
        sighted.append(after_image(vlm, teacher))
        unsighted.append(after_image(vlm, hidden))
    assert (sighted[0] - sighted[1]).abs().max() > 1e-3
    assert torch.equal(unsighted[0], unsighted[1])
    assert torch.equal(unsighted[0], unsighted[2])
    assert unsighted[0].isfinite().all()


@torch.no_grad()
def after_image(vlm: Any, teacher: Any) -> torch.Tensor:
    """All states and logits of the response."""
    out = vlm.model(**teacher.inputs, output_hidden_states=True)
    start = teacher.starts[0]
    return torch.cat([kept[0, start:].flatten() for kept in (*out.hidden_states, out.logits)])
