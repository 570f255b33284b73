"""Ablations, each worked by hand at settings that are no defaults; blind is blind to the bit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from saccade.errors import SaccadeError
from saccade.models import encode, with_responses
from saccade.probes import Probing, blacken, blind, blur, grey, noise, remove, shuffle, swap
from saccade.probes.capture import watching
from saccade.probes.engine import measure
from saccade.probes.patches import squares
from saccade.samples import Rollout, Sample

QUARTERS = [(0, 0, 4, 3), (4, 0, 8, 3), (0, 3, 4, 6), (4, 3, 8, 6)]
FAMILIES = ["qwen2_5_vl", "qwen3_vl", "internvl", "llava", "idefics3"]


class Chances(np.random.Generator):
    """A generator of known chances, and of one known order."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def random(self, count: Any) -> Any:
        return np.array([0.69, 0.71, 0.0, 0.7][:count])

    def permutation(self, count: Any) -> Any:
        return np.arange(count)[::-1]


def picture(seed: int, width: int = 32, height: int = 24) -> Image.Image:
    """An image of random pixels, none of them black."""
    pixels = np.random.default_rng(seed).integers(1, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def sample(name: str, *images: Image.Image) -> Sample:
    """A question about these images."""
    return Sample(name, "how many?", images, "3", "test")


# --- pixels -------------------------------------------------------------------------------------


def test_blacken_draws_the_patches_whose_chance_is_below_p() -> None:
    original = picture(0, 8, 6)
    drawn = np.asarray(blacken(original, QUARTERS, Chances(), p=0.7))
    expected = np.array(original)
    expected[0:3, 0:4] = expected[3:6, 0:4] = 0
    assert np.array_equal(drawn, expected)
    assert np.array_equal(np.asarray(original), np.asarray(picture(0, 8, 6)))


@pytest.mark.parametrize("p", [0.0, 0.3, 0.6, 1.0])
def test_the_share_of_black_patches_is_p(p: float) -> None:
    image = picture(0, 140, 140)
    cut, rng = squares(image), np.random.default_rng(1)
    draws = [np.asarray(blacken(image, cut, rng, p=p))[::14, ::14, 0] == 0 for _ in range(40)]
    assert np.mean(draws) == pytest.approx(p, abs=4 * (p * (1 - p) / 4000) ** 0.5)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_grey_keeps_the_size_and_no_pixel(mode: str) -> None:
    original = Image.new(mode, (7, 5))
    drawn = grey(original)
    assert drawn.size == (7, 5)
    assert np.unique(np.asarray(drawn)).tolist() == [128]
    assert original.getpixel((0, 0)) == Image.new(mode, (1, 1)).getpixel((0, 0))


def test_noise_has_its_standard_deviation_and_no_bias() -> None:
    flat = grey(Image.new("RGB", (200, 100)))
    drawn = np.asarray(noise(flat, np.random.default_rng(0), std=25.0)).astype(float) - 128
    assert drawn.std() == pytest.approx(25, rel=0.02)
    assert drawn.mean() == pytest.approx(0, abs=0.4)
    assert len(np.unique(drawn[..., 0] - drawn[..., 1])) > 50, "each channel has its own"


def test_noise_is_cut_off_at_black_and_white() -> None:
    drawn = np.asarray(noise(picture(0), np.random.default_rng(0), std=189.0))
    assert (drawn == 0).mean() > 0.15
    assert (drawn == 255).mean() > 0.15


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_blur_is_pillows(mode: str) -> None:
    original = picture(0).convert(mode)
    expected = original.convert("RGB").filter(ImageFilter.GaussianBlur(2.5))
    assert np.array_equal(np.asarray(blur(original, radius=2.5)), np.asarray(expected))


def test_shuffle_moves_patches_whole() -> None:
    original = picture(0, 8, 6)
    pixels, drawn = np.asarray(original), np.asarray(shuffle(original, QUARTERS, Chances()))
    assert np.array_equal(drawn, np.vstack([pixels[3:], pixels[:3]])[:, [4, 5, 6, 7, 0, 1, 2, 3]])


def test_shuffle_keeps_every_patch_and_moves_most() -> None:
    image = picture(0, 45, 31)  # a last column and a last row of their own sizes
    cut = squares(image, 7)
    drawn = shuffle(image, cut, np.random.default_rng(0))
    before, after = ([each.crop(patch).tobytes() for patch in cut] for each in (image, drawn))
    assert sorted(before) == sorted(after)
    assert np.mean([a != b for a, b in zip(before, after, strict=True)]) > 0.8


# --- prompts and images -------------------------------------------------------------------------


def test_remove_takes_whole_markers_and_leaves_every_other_letter() -> None:
    prompt = "<a><img>(.)<img>\n<image>  was <b?>"
    assert remove(prompt, ["<img>", "<image>", "<a>"]) == "(.)\n  was <b?>"
    assert remove("as it was", ["<img>"]) == "as it was"


def test_swap_takes_the_first_that_fits() -> None:
    own, red, blue = picture(0), picture(1), picture(2)
    others = [
        sample("none"),
        sample("two", red, blue),
        sample("its own, stored otherwise", own.convert("RGBA")),
        sample("fits", blue),
        sample("fits too", red),
    ]
    assert swap(sample("a", own), others) == (blue,)
    assert swap(sample("a", own, own), others) == (red, blue)
    with pytest.raises(SaccadeError, match=r"another sample with 2 image\(s\) .* there is none"):
        swap(sample("a", own, red), others)


# --- attention ----------------------------------------------------------------------------------


def test_blind_hides_image_tokens_and_nothing_else() -> None:
    attention = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]])
    image = torch.tensor([[0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]).bool()
    kept = attention.clone()
    assert blind(attention, image).tolist() == [[1, 0, 0, 1, 0], [1, 1, 1, 1, 1]]
    assert torch.equal(attention, kept)


def any_change() -> list[Image.Image]:
    """Images of one size that share nothing else: noise, both extremes, colours, a photograph."""
    plain = [Image.new("RGB", (32, 24), colour) for colour in ("black", "white", "red")]
    return [picture(0), picture(1), *plain, blur(picture(2), radius=3.0)]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_blind_pass_is_blind_to_the_bit(tiny_vlm: Any, family: str) -> None:
    """Whatever image stands there, not one bit of the response's states or logits changes."""
    vlm = tiny_vlm(family)
    sighted, unsighted = [], []
    for image in any_change():
        inputs = encode(vlm, [vlm.render(sample("a", image))], [[image]])
        teacher = with_responses(vlm, inputs, [[65, 66, 67, 68]])
        mask = blind(teacher.inputs["attention_mask"], teacher.image_mask)
        hidden = replace(teacher, inputs={**teacher.inputs, "attention_mask": mask})
        assert torch.equal(hidden.inputs["position_ids"], teacher.inputs["position_ids"])
        sighted.append(after_image(vlm, teacher))
        unsighted.append(after_image(vlm, hidden))
    assert unsighted[0].isfinite().all()
    for other, dark in zip(sighted[1:], unsighted[1:], strict=True):
        assert (sighted[0] - other).abs().max() > 1e-3
        assert torch.equal(unsighted[0], dark)


@torch.no_grad()
def after_image(vlm: Any, teacher: Any) -> torch.Tensor:
    """All states and logits of the response."""
    out = vlm.model(**teacher.inputs, output_hidden_states=True)
    start = teacher.starts[0]
    return torch.cat([kept[0, start:].flatten() for kept in (*out.hidden_states, out.logits)])


@pytest.mark.parametrize("family", ["qwen2_5_vl", "idefics3"])
def test_so_is_the_fast_way(tiny_vlm: Any, family: str) -> None:
    """The same of the pass that reads a prompt once: its last rows are the blind responses."""
    vlm = tiny_vlm(family)
    runs = []
    for image in any_change():
        asked = sample("a", image)
        said = [Rollout("a", i, vlm.render(asked), (65, 66, 67), "ABC") for i in range(2)]
        states: list[torch.Tensor] = []
        with watching(vlm, lambda _, state, kept=states: kept.append(state.clone())):
            measure(vlm, [(asked, one) for one in said], Probing(("hidden_shift", "kl")))
        runs.append(torch.stack(states[-len(vlm.layers) - 1 :]))
    for run in runs[1:]:
        assert (run[:, :2] - runs[0][:, :2]).abs().max() > 1e-3
        assert torch.equal(run[:, 2:], runs[0][:, 2:])
