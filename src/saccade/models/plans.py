"""Plans: how a model cuts an image into tiles, and each tile into a grid of tokens.

What a model does is read off its inputs where they say so (Qwen's `image_grid_thw`, Idefics' tags)
and computed from the image's size where they do not.
"""

import re
from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any

from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import get_optimal_tiled_canvas

from saccade.models.anyres import packed
from saccade.models.grids import Grid, Row
from saccade.models.vlm import VLM
from saccade.samples import Box

TAG = re.compile(r"<row_(\d+)_col_(\d+)>")


def plan(vlm: VLM, row: Row) -> list[list[Grid]]:
    """The grids of each image of a row, in the order of their tokens."""
    if row.grids:
        return stated(vlm, row)
    return PLANS.get(vlm.model.config.model_type, square)(vlm, row)


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
    """Tiles on the canvas nearest to the image's shape, then a thumbnail (InternVL, Aya Vision)."""
    processor = vlm.processor.image_processor
    side = _side_of_tile(vlm.processor)
    # Cutting is a setting of the processor; where it is off, every image is one tile.
    cut = len(row.positions) > side * side * len(row.sizes)
    images = []
    for width, height in row.sizes:
        tile = (processor.size["height"], processor.size["width"])
        limits = (processor.min_patches, processor.max_patches)
        cols, rows = get_optimal_tiled_canvas((height, width), tile, *limits)
        tiles = [(r + 1, c + 1) for r in range(rows) for c in range(cols)]
        images.append([*(_pieces(tiles, side) if cut and len(tiles) > 1 else []), Grid(side, side)])
    return images


def _side_of_tile(processor: Any) -> int:
    """How many tokens wide and high a tile is."""
    count = getattr(processor, "image_seq_length", None)
    return isqrt(count) if count else processor.img_size // processor.patch_size


def square(vlm: VLM, row: Row) -> list[list[Grid]]:
    """One square grid per image over what resizing and cropping left of it (LLaVA, Gemma).

    There is no such grid if an image has tokens in two places (Gemma's crops), or if the tower's
    patches are not pooled into it by whole squares (a resampler, whose tokens have no place).
    """
    side = isqrt(len(row.positions) // len(row.sizes))
    patches = _patches_across(vlm)
    if not side or not patches or patches % side or len(row.runs) > len(row.sizes):
        return []
    processor = vlm.processor.image_processor
    return [[Grid(side, side, _seen(processor, *size))] for size in row.sizes]


def _patches_across(vlm: VLM) -> int:
    """How many patches wide the vision tower's image is; 0 where the configuration does not say."""
    vision = getattr(vlm.model.config, "vision_config", None)
    image, patch = (getattr(vision, name, None) for name in ("image_size", "patch_size"))
    return image // patch if isinstance(image, int) and isinstance(patch, int) else 0


PLANS: dict[str, Callable[[VLM, Row], list[list[Grid]]]] = {
    "aya_vision": canvas,
    "idefics3": tagged,
    "internvl": canvas,
    "llava_next": packed,
    "llava_onevision": packed,
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
