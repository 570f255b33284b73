"""Patches: worked by hand, and really what one image token stands for."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from saccade.models import encode
from saccade.probes import blacken
from saccade.probes.patches import squares, token_patches
from saccade.samples import Sample


def picture(width: int, height: int) -> Image.Image:
    """An image of random pixels, none of them black."""
    pixels = np.random.default_rng(7).integers(1, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def patches(vlm: Any, *images: Image.Image) -> Any:
    """The patches of the images of one prompt."""
    return token_patches(vlm, vlm.render(Sample("a", "what?", images, "", "t")), images)


def test_squares_of_a_fixed_side_may_be_cut_short() -> None:
    assert squares(picture(20, 17)) == [
        (0, 0, 14, 14),
        (14, 0, 20, 14),
        (0, 14, 14, 17),
        (14, 14, 20, 17),
    ]


def test_one_patch_for_each_merged_token(tiny_vlm: Any) -> None:
    """40 x 28 is resized to 40 x 32: five by four tokens of 8 x 8, 8 x 7 in the original."""
    one, two = patches(tiny_vlm("qwen2_5_vl"), picture(40, 28), picture(16, 16))
    assert one[:2] == [(0, 0, 8, 7), (8, 0, 16, 7)]
    assert one[5:6] == [(0, 7, 8, 14)]
    assert (len(one), one[-1]) == (20, (32, 21, 40, 28))
    assert two == [(0, 0, 8, 8), (8, 0, 16, 8), (0, 8, 8, 16), (8, 8, 16, 16)]


def test_only_what_cropping_leaves_is_cut(tiny_vlm: Any) -> None:
    """LLaVA sees the middle 24 x 24 of 32 x 24, as six by six tokens."""
    (one,) = patches(tiny_vlm("llava"), picture(32, 24))
    assert (len(one), one[0], one[-1]) == (36, (4, 0, 8, 4), (24, 20, 28, 24))


@pytest.mark.parametrize(
    ("family", "image", "count"),
    [("idefics3", picture(72, 48), 54), ("internvl", picture(24, 24), 9)],
)
def test_pieces_not_the_thumbnail_cover_every_pixel_once(
    tiny_vlm: Any, family: str, image: Image.Image, count: int
) -> None:
    """Three by two pieces of three by three tokens of 8 x 8; or one piece alone."""
    (found,) = patches(tiny_vlm(family), image)
    assert len(found) == count
    covered = np.zeros((image.height, image.width), dtype=int)
    for left, top, right, bottom in found:
        assert (right - left, bottom - top) == (8, 8)
        covered[top:bottom, left:right] += 1
    assert (covered == 1).all()


def test_a_black_patch_is_a_black_token_and_no_other_token_changes(tiny_vlm: Any) -> None:
    """What the vision tower is given for each token: black throughout, or as it was to the bit."""
    vlm, image = tiny_vlm("qwen2_5_vl"), picture(40, 32)  # a size that needs no resizing
    (cut,) = patches(vlm, image)
    drawn = blacken(image, cut, np.random.default_rng(3), p=0.4)
    black = np.random.default_rng(3).random(20) < 0.4
    assert 0 < black.sum() < 20
    given = []
    for shown in (image, drawn, Image.new("RGB", image.size)):
        prompt = vlm.render(Sample("a", "what?", (shown,), "", "t"))
        pixels = encode(vlm, [prompt], [[shown]])["pixel_values"]
        given.append(pixels.reshape(20, -1).numpy())
    original, found, dark = given
    assert np.array_equal(found[black], dark[black])
    assert np.array_equal(found[~black], original[~black])
