"""The oracle of geometry: touch one cell of an image, and see which token's features move most."""

import copy
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saccade.errors import SaccadeError
from saccade.models import ImageTokens, encode, families, image_tokens, with_responses
from saccade.models.layout import among_themselves
from saccade.models.plans import _seen
from saccade.samples import Sample
from tiny import FAMILIES

SIZES = ((96, 72), (60, 150), (130, 40))


@pytest.fixture(params=sorted(FAMILIES))
def vlm(request, tiny_vlm):
    """The tiny model of each family."""
    return tiny_vlm(request.param)


@pytest.fixture
def needs_image(vlm):
    """Whether the family reads no prompt without an image."""
    return not families.FAMILIES[Path(vlm.name).name].reads_text_alone


@pytest.fixture
def local(vlm):
    """The same model, no patch of an image looking at another: each token shows its own place."""
    model = copy.deepcopy(vlm.model)
    for name, parameter in model.named_parameters():
        if "vis" in name and re.search(r"att.*(out_proj|projection_layer|\bproj)\b", name):
            torch.nn.init.zeros_(parameter)
    return dataclasses.replace(vlm, model=model)


def touched(image, box):
    """The image with the middle of one area (in fractions) inverted."""
    pixels = np.array(image)
    height, width, _ = pixels.shape
    x0, y0, x1, y1 = box
    shrink_x, shrink_y = (x1 - x0) * 0.2, (y1 - y0) * 0.2
    xs = slice(max(0, round((x0 + shrink_x) * width)), round((x1 - shrink_x) * width))
    ys = slice(max(0, round((y0 + shrink_y) * height)), round((y1 - shrink_y) * height))
    pixels[ys, xs] = 255 - pixels[ys, xs]
    return Image.fromarray(pixels)


def cell(tile, index):
    """The area of one cell of a tile, as fractions of the image."""
    x0, y0, x1, y1 = tile.box
    row, col = divmod(index, tile.cols)
    width, height = (x1 - x0) / tile.cols, (y1 - y0) / tile.rows
    left, top = x0 + col * width, y0 + row * height
    return left, top, left + width, top + height


class Entered(Exception):
    """Raised with what enters the decoder, which need not run."""


def features(vlm, images):
    """(B, S, d): what enters the decoder, for one image per row."""

    def stop(_layer, args, kwargs):
        raise Entered(args[0] if args else kwargs["hidden_states"])

    prompts = [vlm.render(Sample("s", "?", (image,), "a", "t")) for image in images]
    inputs = encode(vlm, prompts, [[image] for image in images])
    handle = vlm.layers[0].register_forward_pre_hook(stop, with_kwargs=True)
    try:
        with torch.no_grad(), pytest.raises(Entered) as entered:
            vlm.model(**inputs)
    finally:
        handle.remove()
    return entered.value.args[0].numpy()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_each_cell_of_an_image_moves_its_own_token_most(local, size):
    vlm = local
    # a soft gradient: no area stands out but the one that is touched
    x, y = np.meshgrid(np.linspace(40, 90, size[0]), np.linspace(30, 80, size[1]))
    image = Image.fromarray(np.stack([x, y, (x + y) / 2], -1).astype(np.uint8))
    inputs = encode(vlm, [vlm.render(Sample("s", "?", (image,), "a", "t"))], [[image]])
    ((tokens,),) = image_tokens(vlm, inputs, [[image]])
    whole = tokens.tiles[-1]
    for tile in tokens.tiles:
        count = tile.rows * tile.cols
        changed = [touched(image, cell(tile, index)) for index in range(count)]
        seen = features(vlm, [image, *changed])
        moved = np.linalg.norm(seen[1:] - seen[0], axis=-1)  # (cells, S)
        assert moved[:, tile.positions].argmax(1).tolist() == list(range(count))
        others = [
            p for other in tokens.tiles if other not in (tile, whole) for p in other.positions
        ]
        if tile is not whole:
            assert moved[:, others].max(initial=0) < moved[:, tile.positions].max(1).min() / 4


def test_every_image_token_belongs_to_one_tile_wherever_the_padding_is(vlm, needs_image):
    a, b, c = (Image.new("RGB", size, "teal") for size in SIZES)
    images = [[a], [a] if needs_image else [], [b, c]]
    samples = [Sample("s", "hm" * i, tuple(row), "a", "t") for i, row in enumerate(images)]
    inputs = encode(vlm, [vlm.render(sample) for sample in samples], images)
    teacher = with_responses(vlm, inputs, [[5], [6, 7], [8] * 9])
    for batch in (inputs, teacher.inputs):
        layout = image_tokens(vlm, batch, images)
        for ids, row, tokens in zip(batch["input_ids"], images, layout, strict=True):
            placed = [p for one in tokens for tile in one.tiles for p in tile.positions]
            held = (ids == vlm.image_token_id).nonzero()[:, 0].tolist()
            assert sorted(set(placed)) == placed and set(placed) <= set(held)
            assert [one.image for one in tokens] == list(range(len(row)))
            assert [_grids(one) for one in tokens] == _shapes(vlm, row)
            if not vlm.model.config.model_type.startswith("llava_"):
                assert placed == held


@pytest.mark.parametrize("family", ["llava_next", "llava_onevision"])
def test_an_image_token_of_no_tile_shows_nothing(tiny_vlm, family):
    vlm, image = tiny_vlm(family), Image.effect_noise((60, 150), 90).convert("RGB")
    inputs = encode(vlm, [vlm.render(Sample("s", "?", (image,), "a", "t"))], [[image]])
    ((tokens,),) = image_tokens(vlm, inputs, [[image]])
    held = (inputs["input_ids"][0] == vlm.image_token_id).nonzero()[:, 0].numpy()
    ends = np.setdiff1d(held, np.concatenate([tile.positions for tile in tokens.tiles]))
    newline = vlm.model.base_model.image_newline.detach().numpy()
    entered = features(vlm, [image])[0]
    assert np.flatnonzero((entered == newline).all(-1)).tolist() == ends.tolist()
    assert len(ends) == tokens.tiles[-1].rows


def _shapes(vlm, images):
    """The grids of a sample's images, in a prompt with nothing beside it."""
    if not images:
        return []
    inputs = encode(vlm, [vlm.render(Sample("s", "?", tuple(images), "a", "t"))], [images])
    return [_grids(one) for one in image_tokens(vlm, inputs, [images])[0]]


def _grids(tokens):
    return [(tile.rows, tile.cols, tile.box) for tile in tokens.tiles]


def test_the_tiles_of_an_image_are_those_the_family_documents(tiny_vlm):
    wide = Image.new("RGB", (96, 48))
    for family in ("aya_vision", "internvl", "idefics3", "smolvlm"):
        grids = _shapes(tiny_vlm(family), [wide])[0]
        assert len(grids) > 2 and grids[-1] == (3, 3, (0, 0, 1, 1))
        area = sum((x1 - x0) * (y1 - y0) for _, _, (x0, y0, x1, y1) in grids[:-1])
        assert area == pytest.approx(1)
    (small,) = _shapes(tiny_vlm("internvl"), [Image.new("RGB", (50, 25))])
    assert [box for _, _, box in small] == [(0, 0, 0.5, 1), (0.5, 0, 1, 1), (0, 0, 1, 1)]
    for family in ("qwen2_5_vl", "glm4v"):
        patches = _shapes(tiny_vlm(family), [Image.new("RGB", (48, 24))])
        assert patches == [[(3, 6, (0, 0, 1, 1))]]
    assert _shapes(tiny_vlm("llava"), [wide]) == [[(6, 6, (0.25, 0, 0.75, 1))]]
    assert _shapes(tiny_vlm("gemma3"), [wide]) == [[(3, 3, (0, 0, 1, 1))]]
    assert _shapes(tiny_vlm("paligemma"), [wide]) == [[(6, 6, (0, 0, 1, 1))]]


def test_any_resolution_is_the_whole_image_and_then_a_grid_of_its_own_shape(tiny_vlm):
    wide = Image.new("RGB", (96, 48))
    whole, sewn = _shapes(tiny_vlm("llava_next"), [wide])[0]
    assert whole == (6, 6, (0, 0, 1, 1))
    assert sewn == (6, 12, (0, 0, 1, 1))
    whole, sewn = _shapes(tiny_vlm("llava_onevision"), [Image.new("RGB", (300, 300))])[0]
    assert sewn == (12, 12, (0, 0, 1, 1))  # three by three tiles, scaled to the room of four
    pair = _shapes(tiny_vlm("llava_onevision"), [wide, wide])
    assert pair == [[(6, 6, (0, -0.5, 1, 1.5))]] * 2


def test_tokens_that_are_no_squares_of_patches_in_one_place_have_none(tiny_vlm):
    vlm, image = tiny_vlm("gemma3"), Image.new("RGB", (60, 40))
    inputs = encode(vlm, [vlm.render(Sample("s", "?", (image,), "a", "t"))], [[image]])
    count = int((inputs["input_ids"] == vlm.image_token_id).sum())
    crops = inputs["input_ids"].repeat(1, 4)  # as many as a larger square, but in four places
    resampled = torch.full((1, 16), vlm.image_token_id)  # 4 by 4, out of 6 by 6 patches
    assert count == 9
    for ids in (crops, resampled, torch.full((1, 16), 5)):
        with pytest.raises(SaccadeError, match="where 0 were expected"):
            image_tokens(vlm, {**inputs, "input_ids": ids}, [[image]])


class Processor:
    """The settings of an image processor that decide what is seen of an image."""

    def __init__(self, size, **settings):
        self.size = size
        self.crop_size = {"height": 24, "width": 24}
        vars(self).update(settings)


def test_squashing_sees_everything_cropping_the_middle_and_padding_more_than_there_is():
    assert _seen(Processor({"height": 24, "width": 24}), 96, 48) == (0, 0, 1, 1)
    crop = Processor({"shortest_edge": 24}, do_center_crop=True)
    assert _seen(crop, 96, 48) == (0.25, 0, 0.75, 1)
    assert _seen(crop, 30, 90) == pytest.approx((0, 1 / 3, 1, 2 / 3))
    pad = Processor({"shortest_edge": 24}, do_center_crop=True, do_pad=True)
    assert _seen(pad, 96, 48) == (0, -0.5, 1, 1.5)


def test_another_number_of_image_tokens_than_the_images_explain_is_refused(vlm):
    image = Image.new("RGB", (60, 40))
    inputs = encode(vlm, [vlm.render(Sample("s", "?", (image,), "a", "t"))], [[image]])
    count = int((inputs["input_ids"] == vlm.image_token_id).sum())
    inputs["input_ids"] = torch.cat(
        [inputs["input_ids"], torch.tensor([[vlm.image_token_id]])], dim=1
    )
    with pytest.raises(SaccadeError, match=f"has {count + 1} image tokens .* where [0-9]+ were"):
        image_tokens(vlm, inputs, [[image]])


def test_values_fold_onto_the_grid_row_by_row(tiny_vlm):
    vlm, image = tiny_vlm("qwen2_5_vl"), Image.new("RGB", (48, 24))
    inputs = encode(vlm, [vlm.render(Sample("s", "?", (image,), "a", "t"))], [[image]])
    (tile,) = image_tokens(vlm, inputs, [[image]])[0][0].tiles
    values = np.arange(2 * 18).reshape(2, 18)
    mask = (inputs["input_ids"][0] == vlm.image_token_id).numpy()
    ((tile,),) = [of.tiles for of in among_themselves([ImageTokens(0, (tile,))], mask)]
    assert tile.fold(values)[1, 2].tolist() == [30, 31, 32, 33, 34, 35]
