"""Ablations: ways to take the image away from a model that has already answered. Pure functions.

There are two kinds. One edits the *attention mask* of the very same inputs; the other redraws the
*pixels* before the processor sees them, with a random generator that belongs to the response (grey
has no use for it, noise does). Each is described in `table.ABLATIONS` under its own name.
"""

import numpy as np
from jaxtyping import Bool, Int
from PIL import Image
from torch import Tensor

MID_GREY = (128, 128, 128)


def blind(
    attention_mask: Int[Tensor, "batch seq"], image_mask: Bool[Tensor, "batch seq"]
) -> Int[Tensor, "batch seq"]:
    """Attention to image tokens masked for every query (PGPO).

    The tokens stay where they are, so no position changes; nobody reads them, so nothing in the
    response can depend on what the image shows.
    """
    return attention_mask.masked_fill(image_mask, 0)


def grey(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """An image of the same size in which every pixel is mid-grey; nothing about it is random."""
    return Image.new("RGB", image.size, MID_GREY)
