"""Patches: an image cut up, either where the model cuts it or in squares of a fixed side."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PIL.Image import Image

from saccade.models import VLM, encode
from saccade.models.grids import WHOLE
from saccade.models.layout import among_themselves, image_tokens
from saccade.samples import ImageTokens, Tile

Patch = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels of the image."""

SIDE = 14
"""Of the squares of VPPO and PAPO, whatever the model and its scaling of the image."""


def squares(image: Image, side: int = SIDE) -> list[Patch]:
    """Squares from the top left, row by row; the last of a row or column may be cut short."""
    width, height = image.size
    return [
        (left, top, min(left + side, width), min(top + side, height))
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]


def token_patches(vlm: VLM, prompt: str, images: Sequence[Image]) -> list[list[Patch]]:
    """Per image, the patch behind each of its tokens: a patch gone is one token gone, whole.

    Where a model sees an image in pieces and also as a thumbnail, the pieces' tokens cut it; they
    are the finer ones.
    """
    tokens = image_tokens(vlm, encode(vlm, [prompt], [images]), [images])[0]
    return [
        [patch for tile in _finest(of.tiles) for patch in _cut(tile, *images[of.image].size)]
        for of in tokens
    ]


def image_grids(vlm: VLM, prompt: str, images: Sequence[Image]) -> tuple[ImageTokens, ...]:
    """Where on the images the columns of a map of patches lie."""
    inputs = encode(vlm, [prompt], [images])
    mask = (inputs["input_ids"][0] == vlm.image_token_id).cpu().numpy()
    return tuple(among_themselves(image_tokens(vlm, inputs, [images])[0], mask))


def _finest(tiles: Sequence[Tile]) -> list[Tile]:
    return [tile for tile in tiles if tile.box != WHOLE] or list(tiles)


def _cut(tile: Tile, width: int, height: int) -> list[Patch]:
    """A tile's grid on the image's pixels; neighbours share their edge, padding falls away."""
    x0, y0, x1, y1 = tile.box
    across = _edges(x0, x1, tile.cols, width)
    down = _edges(y0, y1, tile.rows, height)
    return [
        (left, top, right, bottom)
        for top, bottom in pairwise(down)
        for left, right in pairwise(across)
    ]


def _edges(start: float, end: float, count: int, length: int) -> list[int]:
    """The nearest pixel to each line between `count` equal parts."""
    lines = np.linspace(start * length, end * length, count + 1).round()
    return [int(line) for line in lines.clip(0, length)]
