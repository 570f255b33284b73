"""Layout: which tokens stand for which part of which image.

An image becomes one or several tiles (the whole image, pieces of it, a thumbnail); a tile becomes a
grid of tokens, row by row. How a model cuts an image is in `plans.py`; here its tokens are dealt
out to the tiles, none left over and none missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from PIL.Image import Image
from torch import Tensor

from saccade.errors import SaccadeError
from saccade.models.grids import Grid, Row
from saccade.models.plans import plan
from saccade.models.vlm import VLM
from saccade.samples import ImageTokens, Tile


def image_tokens(
    vlm: VLM, inputs: dict[str, Tensor], images: Sequence[Sequence[Image]]
) -> list[list[ImageTokens]]:
    """Per row and image, where its tokens are and what they cover.

    `inputs` is what `encode` or `Teacher.inputs` holds, `images` what `encode` was given. Every
    image token of the sequence belongs to one tile, but for those that only end a row of a grid, or
    this raises. A tile's positions are those in the (padded) sequence.
    """
    rows = _rows(vlm, inputs, images)
    return [_place(vlm, row, plan(vlm, row) if row.sizes else []) for row in rows]


def among_themselves(found: Sequence[ImageTokens], image_mask: np.ndarray) -> list[ImageTokens]:
    """The same tokens by their place among the image tokens of the sequence, as maps have them."""
    place = image_mask.cumsum() - 1
    return [
        ImageTokens(of.image, tuple(replace(t, positions=place[t.positions]) for t in of.tiles))
        for of in found
    ]


def image_numbers(
    vlm: VLM, inputs: dict[str, Tensor], images: Sequence[Sequence[Image]]
) -> np.ndarray:
    """For every token of every row which image it is part of, row ends included; -1 if of none.

    Images lie one after the other, each behind its first token.
    """
    numbers = np.full(inputs["input_ids"].shape, -1)
    for row, found in enumerate(image_tokens(vlm, inputs, images)):
        firsts = [min(tile.positions.min() for tile in of.tiles) for of in found]
        positions = (inputs["input_ids"][row] == vlm.image_token_id).nonzero()[:, 0].cpu().numpy()
        numbers[row, positions] = np.searchsorted(firsts, positions, side="right") - 1
    return numbers


def _rows(vlm: VLM, inputs: dict[str, Tensor], images: Sequence[Sequence[Image]]) -> Iterator[Row]:
    """Each sequence with its images' sizes and stated grids."""
    ids = inputs["input_ids"].cpu().numpy()
    stated_grids = inputs["image_grid_thw"].tolist() if "image_grid_thw" in inputs else []
    grids = iter([tuple(grid) for grid in stated_grids])
    for row, its_images in zip(ids, images, strict=True):
        yield Row(
            ids=row,
            positions=np.flatnonzero(row == vlm.image_token_id),
            sizes=tuple(image.size for image in its_images),
            grids=tuple(islice(grids, len(its_images))),
        )


def _place(vlm: VLM, row: Row, plan: list[list[Grid]]) -> list[ImageTokens]:
    """Deal the image tokens of a row out to its tiles, none left over and none missing."""
    expected = sum(grid.tokens for grids in plan for grid in grids)
    if expected != len(row.positions) or len(plan) != len(row.sizes):
        raise SaccadeError(
            f"{vlm.name} has {len(row.positions)} image tokens in a sequence where {expected} were"
            f" expected from its {len(row.sizes)} images; the places of its image tokens are"
            " unknown."
        )
    left = iter(row.positions)
    found = []
    for index, grids in enumerate(plan):
        tiles = []
        for grid in grids:
            positions = grid.cells(np.fromiter(left, dtype=np.int64, count=grid.tokens))
            tiles.append(Tile(positions, grid.rows, grid.cols, grid.box))
        found.append(ImageTokens(index, tuple(tiles)))
    return found
