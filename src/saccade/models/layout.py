"""Layout: which tokens stand for which part of which image.

An image becomes one or several tiles (the whole image, pieces of it, a thumbnail); a tile becomes a
grid of tokens, row by row. How a model cuts an image is in `plans.py`; here its tokens are dealt
out to the tiles, none left over and none missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from PIL.Image import Image
from torch import Tensor

from saccade.errors import SaccadeError
from saccade.models.grids import Grid, Row
from saccade.models.plans import plan
from saccade.models.vlm import VLM
from saccade.samples import Box


@dataclass(frozen=True, eq=False)
class Tile:
    """A grid of image tokens over one part of an image."""

    positions: np.ndarray
    """The tokens' indices in the (padded) sequence, row by row from the top left."""
    rows: int
    cols: int
    box: Box
    """The part of the original image it covers, as fractions of width and height.

    Past 0 or 1 where the model's own preprocessing pads.
    """

    def fold(self, values: np.ndarray) -> np.ndarray:
        """One value per position of the tile (on the last axis) as (..., rows, cols)."""
        return values.reshape(*values.shape[:-1], self.rows, self.cols)


@dataclass(frozen=True, eq=False)
class ImageTokens:
    """All tokens of one image."""

    image: int
    """Which of the sample's images, from 0."""
    tiles: tuple[Tile, ...]


def image_tokens(
    vlm: VLM, inputs: dict[str, Tensor], images: Sequence[Sequence[Image]]
) -> list[list[ImageTokens]]:
    """Per row and image, where its tokens are and what they cover.

    `inputs` is what `encode` or `Teacher.inputs` holds, `images` what `encode` was given. Every
    image token of the sequence belongs to one tile, but for those that only end a row of a grid, or
    this raises.
    """
    rows = _rows(vlm, inputs, images)
    return [_place(vlm, row, plan(vlm, row) if row.sizes else []) for row in rows]


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
