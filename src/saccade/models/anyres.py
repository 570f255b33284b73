"""Any resolution: how LLaVA-NeXT and LLaVA-OneVision lay out an image.

First comes the whole image, squashed into one tile. Then come its tiles, sewn together into one
grid: the image is fitted into the best of some resolutions and padded, and the rows or columns that
hold padding alone are cut off again. Each row of that grid ends with a newline token, which shows
nothing. To OneVision, several images are a tile each.
"""

from math import ceil, sqrt

from transformers.image_processing_utils import select_best_resolution

from saccade.models.grids import Grid, Row
from saccade.models.vlm import VLM
from saccade.samples import Box


def packed(vlm: VLM, row: Row) -> list[list[Grid]]:
    """The whole image, and then its tiles as one grid."""
    vision = vlm.model.config.vision_config
    side = vision.image_size // vision.patch_size
    if _largest(vlm) and len(row.sizes) > 1:
        return [[Grid(side, side, _squared(*size), newlines=1)] for size in row.sizes]
    return [[Grid(side, side), _sewn(vlm, side, size)] for size in row.sizes]


def _largest(vlm: VLM) -> int:
    """How many tiles' worth of tokens OneVision allows a grid; LLaVA-NeXT any number: 0."""
    return int(getattr(vlm.processor, "vision_aspect_ratio", "anyres_max_0").split("_")[-1])


def _squared(width: int, height: int) -> Box:
    """What of an image a tile shows that it was padded to: more than there is."""
    side = max(width, height)
    left, right = _span(0, side, width)
    top, bottom = _span(0, side, height)
    return left, top, right, bottom


def _sewn(vlm: VLM, side: int, size: tuple[int, int]) -> Grid:
    """An image's tiles as one grid, without what only padding fills, and if too large, scaled."""
    (width, height), tile = size, vlm.model.config.vision_config.image_size
    pinpoints = vlm.processor.image_processor.image_grid_pinpoints
    full_height, full_width = select_best_resolution((height, width), pinpoints)
    rows, cols = full_height // tile * side, full_width // tile * side
    cut_rows, cut_cols = _padding(rows, height, cols / width), _padding(cols, width, rows / height)
    fit = min(full_width / width, full_height / height)
    top, bottom = _span(cut_rows * tile / side, full_height, min(ceil(height * fit), full_height))
    left, right = _span(cut_cols * tile / side, full_width, min(ceil(width * fit), full_width))
    rows, cols = rows - 2 * cut_rows, cols - 2 * cut_cols
    largest = _largest(vlm)
    shrink = sqrt(rows * cols / (largest * side**2)) if largest else 1
    if shrink > 1.1:  # the model's own tolerance
        rows, cols = int(rows // shrink), int(cols // shrink)
    return Grid(rows, cols, (left, top, right, bottom), newlines=rows)


def _padding(cells: int, length: int, scale: float) -> int:
    """How many cells on either side of an axis hold padding alone, rounded as the model does."""
    return max(0, (cells - int(round(length * scale, 7))) // 2)


def _span(cut: float, full: int, length: int) -> tuple[float, float]:
    """Where an axis begins and ends of which `cut` is gone, in lengths of the image amid it."""
    start = (full - length) // 2
    return (cut - start) / length, (full - cut - start) / length
