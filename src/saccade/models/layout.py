"""Layout: which tokens stand for which part of which image.

An image becomes one or several tiles (the whole image, pieces of it, a thumbnail); a tile becomes a
grid of tokens, row by row. What a model does is read off its inputs where they say so (Qwen's
`image_grid_thw`, Idefics' tags) and computed from the image's size where they do not.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isqrt
from typing import Any

import numpy as np
from PIL.Image import Image
from torch import Tensor
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import get_optimal_tiled_canvas

from saccade.errors import SaccadeError
from saccade.models.vlm import VLM
from saccade.samples import Box

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
TAG = re.compile(r"<row_(\d+)_col_(\d+)>")


@dataclass(frozen=True)
class Grid:
    """A tile before its tokens are known: so many rows and columns over this part of an image."""

    rows: int
    cols: int
    box: Box = WHOLE


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


@dataclass(frozen=True, eq=False)
class Row:
    """What one sequence shows of its images."""

    ids: np.ndarray
    positions: np.ndarray
    """Where the image tokens are."""
    sizes: tuple[tuple[int, int], ...]
    """Width and height of each original image."""
    grids: tuple[tuple[int, ...], ...]
    """Time, height and width in patches of each image, where the processor states them."""

    @property
    def runs(self) -> list[np.ndarray]:
        """The image tokens in unbroken stretches."""
        return np.split(self.positions, np.flatnonzero(np.diff(self.positions) > 1) + 1)


def image_tokens(
    vlm: VLM, inputs: dict[str, Tensor], images: Sequence[Sequence[Image]]
) -> list[list[ImageTokens]]:
    """Per row and image, where its tokens are and what they cover.

    `inputs` is what `encode` or `Teacher.inputs` holds, `images` what `encode` was given. Every
    image token of the sequence belongs to exactly one tile, or this raises.
    """
    plan = stated if "image_grid_thw" in inputs else PLANS.get(vlm.model.config.model_type, square)
    rows = _rows(vlm, inputs, images)
    return [_place(vlm, row, plan(vlm, row) if row.sizes else []) for row in rows]


def stated(vlm: VLM, row: Row) -> list[list[Grid]]:
    """The processor states each image's patches; the model merges them in squares."""
    merge = vlm.processor.image_processor.merge_size
    return [[Grid(height // merge, width // merge)] * time for time, height, width in row.grids]


def tagged(vlm: VLM, row: Row) -> list[list[Grid]]:
    """Each tile follows a tag with its row and column; the whole image comes last (Idefics3)."""
    images: list[list[tuple[int, int]]] = [[]]
    before = 0
    for run in row.runs:
        tags = TAG.findall(vlm.tokenizer.decode(row.ids[before : run[0]]))
        before = run[-1] + 1
        if tags:
            images[-1].append((int(tags[-1][0]), int(tags[-1][1])))
        else:
            images.append([])
    side = isqrt(vlm.processor.image_seq_len)
    return [[*_pieces(tiles, side), Grid(side, side)] for tiles in images[:-1]]


def canvas(vlm: VLM, row: Row) -> list[list[Grid]]:
    """Tiles on the canvas nearest to the image's shape, then a thumbnail (InternVL)."""
    processor = vlm.processor.image_processor
    side = isqrt(vlm.processor.image_seq_length)
    images = []
    for run, (width, height) in zip(row.runs, row.sizes, strict=False):
        tiles: list[tuple[int, int]] = []
        if len(run) > vlm.processor.image_seq_length:
            tile = (processor.size["height"], processor.size["width"])
            limits = (processor.min_patches, processor.max_patches)
            cols, rows = get_optimal_tiled_canvas((height, width), tile, *limits)
            tiles = [(r + 1, c + 1) for r in range(rows) for c in range(cols)]
        images.append([*_pieces(tiles, side), Grid(side, side)])
    return images


def square(vlm: VLM, row: Row) -> list[list[Grid]]:
    """One square grid per image over what resizing and cropping left of it (LLaVA)."""
    side = isqrt(len(row.positions) // len(row.sizes))
    processor = vlm.processor.image_processor
    return [[Grid(side, side, _seen(processor, *size))] for size in row.sizes]


PLANS: dict[str, Callable[[VLM, Row], list[list[Grid]]]] = {
    "idefics3": tagged,
    "internvl": canvas,
    "smolvlm": tagged,
}
"""How families cut images whose processor does not state a grid; any other is `square`."""


def _pieces(tiles: Sequence[tuple[int, int]], side: int) -> list[Grid]:
    """Equal pieces of an image, named by row and column from 1."""
    rows, cols = (max(axis) for axis in zip(*tiles, strict=True)) if tiles else (0, 0)
    boxes = [((c - 1) / cols, (r - 1) / rows, c / cols, r / rows) for r, c in tiles]
    return [Grid(side, side, box) for box in boxes]


def _seen(processor: Any, width: int, height: int) -> Box:
    """What padding to a square, scaling the short side and cropping leave of an image."""
    pad = max(width, height) if getattr(processor, "do_pad", False) else 0
    full_width, full_height = max(width, pad), max(height, pad)
    box = [0.0, 0.0, float(full_width), float(full_height)]
    short = processor.size.get("shortest_edge")
    if getattr(processor, "do_center_crop", False) and short:
        scale = min(full_width, full_height) / short
        half_width = processor.crop_size["width"] * scale / 2
        half_height = processor.crop_size["height"] * scale / 2
        middle_x, middle_y = full_width / 2, full_height / 2
        box = [middle_x - half_width, middle_y - half_height]
        box += [middle_x + half_width, middle_y + half_height]
    left, top = (full_width - width) // 2, (full_height - height) // 2
    return (
        (box[0] - left) / width,
        (box[1] - top) / height,
        (box[2] - left) / width,
        (box[3] - top) / height,
    )


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
    expected = sum(grid.rows * grid.cols for grids in plan for grid in grids)
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
            positions = np.fromiter(left, dtype=np.int64, count=grid.rows * grid.cols)
            tiles.append(Tile(positions, grid.rows, grid.cols, grid.box))
        found.append(ImageTokens(index, tuple(tiles)))
    return found
