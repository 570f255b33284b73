"""The oracle of geometry: touch one cell of an image, and see which token's features move most."""

import copy
import dataclasses
import re

import numpy as np
import pytest
import torch
from PIL import Image

from saccade.errors import SaccadeError
from saccade.models import encode, image_tokens, with_responses
from saccade.models.layout import _seen
from saccade.samples import Sample
from tiny import FAMILIES

SIZES = ((96, 72), (60, 150), (130, 40))


@pytest.fixture(params=sorted(FAMILIES))
def vlm(request, tiny_vlm):
    """The tiny model of each family."""
    return tiny_vlm(request.param)


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
    xs = slice(round((x0 + shrink_x) * width), round((x1 - shrink_x) * width))
    ys = slice(round((y0 + shrink_y) * height), round((y1 - shrink_y) * height))
    pixels[ys, xs] = 255 - pixels[ys, xs]
    return Image.fromarray(pixels)


def cell(tile, index):
    """The area of one cell of a tile, as fractions of the image."""
    x0, y0, x1, y1 = tile.box
    row, col = divmod(index, tile.cols)
    width, height = (x1 - x0) / tile.cols, (y1 - y0) / tile.rows
    left, top = x0 + col * width, y0 + row * height
    return left, top, left + width, top + height


def features(vlm, images):
    """(B, S, d): what enters the decoder, for one image per row."""
    prompts = [vlm.render(Sample("s", "?", (image,), "a", "t")) for image in images]
    inputs = encode(vlm, prompts, [[image] for image in images])
    with torch.no_grad():
        return vlm.model(**inputs, output_hidden_states=True).hidden_states[0].numpy()


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


def test_every_image_token_belongs_to_one_tile_wherever_the_padding_is(vlm):
    a, b, c = (Image.new("RGB", size, "teal") for size in SIZES)
    images = [[a], [], [b, c]]
    samples = [Sample("s", "hm" * i, tuple(row), "a", "t") for i, row in enumerate(images)]
    inputs = encode(vlm, [vlm.render(sample) for sample in samples], images)
    teacher = with_responses(vlm, inputs, [[5], [6, 7], [8] * 9])
    for batch in (inputs, teacher.inputs):
        layout = image_tokens(vlm, batch, images)
        for ids, tokens in zip(batch["input_ids"], layout, strict=True):
            placed = [p for one in tokens for tile in one.tiles for p in tile.positions]
            assert placed == (ids == vlm.image_token_id).nonzero()[:, 0].tolist()
        assert [[one.image for one in tokens] for tokens in layout] == [[0], [], [0, 1]]
        alone = [_shape(vlm, image) for image in (a, b, c)]
        assert [_grids(one) for tokens in layout for one in tokens] == alone


def _shape(vlm, image):
    """The grids of an image alone in a prompt."""
    inputs = encode(vlm, [vlm.render(Sample("s", "?", (image,), "a", "t"))], [[image]])
    return _grids(image_tokens(vlm, inputs, [[image]])[0][0])


def _grids(tokens):
    return [(tile.rows, tile.cols, tile.box) for tile in tokens.tiles]


def test_the_tiles_of_an_image_are_those_the_family_documents(tiny_vlm):
    wide = Image.new("RGB", (96, 48))
    for family in ("internvl", "idefics3", "smolvlm"):
        grids = _shape(tiny_vlm(family), wide)
        assert len(grids) > 2 and grids[-1] == (3, 3, (0, 0, 1, 1))
        area = sum((x1 - x0) * (y1 - y0) for _, _, (x0, y0, x1, y1) in grids[:-1])
        assert area == pytest.approx(1)
    small = _shape(tiny_vlm("internvl"), Image.new("RGB", (50, 25)))
    assert [box for _, _, box in small] == [(0, 0, 0.5, 1), (0.5, 0, 1, 1), (0, 0, 1, 1)]
    assert _shape(tiny_vlm("qwen2_5_vl"), Image.new("RGB", (48, 24))) == [(3, 6, (0, 0, 1, 1))]
    assert _shape(tiny_vlm("llava"), wide) == [(6, 6, (0.25, 0, 0.75, 1))]


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
    assert tile.fold(values)[1, 2].tolist() == [30, 31, 32, 33, 34, 35]
