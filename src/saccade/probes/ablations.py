"""Ablations: ways to take the image away from a model that has already answered. Pure functions.

One edits the *attention mask* of the very same inputs. One edits the *prompt*, which is then asked
without its images. One finds other *images*. The rest redraw the *pixels* of an image, at its size,
before the processor sees them; what they leave to chance comes from the generator they are handed.
Each is described in `ablation_table.ABLATIONS` under its own name.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Bool, Int
from PIL import Image, ImageFilter
from torch import Tensor

from saccade.errors import SaccadeError
from saccade.probes.patches import Patch
from saccade.samples import Sample

MID_GREY = (128, 128, 128)


def blind(
    attention_mask: Int[Tensor, "batch seq"], image_mask: Bool[Tensor, "batch seq"]
) -> Int[Tensor, "batch seq"]:
    """Attention to image tokens masked for every query (PGPO).

    The tokens stay where they are, so no position changes; nobody reads them, so nothing in the
    response can depend on what the image shows.
    """
    return attention_mask.masked_fill(image_mask, 0)


def remove(prompt: str, markers: Sequence[str]) -> str:
    """The prompt without the tokens that stand for an image or frame one (PEPO).

    Every other letter stays: a prompt may be anybody's, so no template could write it anew. What
    the processor would have put between image tokens (tags, line breaks) never comes to be.

    >>> remove("<s>See <img><IMG>: how many?", ["<IMG>", "<img>"])
    '<s>See : how many?'
    """
    return re.sub("|".join(map(re.escape, sorted(markers, key=len, reverse=True))), "", prompt)


def swap(sample: Sample, others: Iterable[Sample]) -> tuple[Image.Image, ...]:
    """The images of the first of the others that has as many, none of them the sample's own."""
    own = {content(image) for image in sample.images}
    for other in others:
        alike = len(other.images) == len(sample.images)
        if alike and own.isdisjoint(content(image) for image in other.images):
            return other.images
    raise SaccadeError(
        f"swap needs another sample with {len(sample.images)} image(s) that are not this one's,"
        " and there is none; probe more samples together, or choose another ablation."
    )


def blacken(
    image: Image.Image, patches: Sequence[Patch], rng: np.random.Generator, *, p: float
) -> Image.Image:
    """Each patch of the image black with probability `p` (VPPO, PAPO), drawn in their order."""
    drawn = image.convert("RGB")
    for patch, chance in zip(patches, rng.random(len(patches)), strict=True):
        if chance < p:
            drawn.paste((0, 0, 0), patch)
    return drawn


def grey(image: Image.Image) -> Image.Image:
    """An image of the same size in which every pixel is mid-grey."""
    return Image.new("RGB", image.size, MID_GREY)


def noise(image: Image.Image, rng: np.random.Generator, *, std: float) -> Image.Image:
    """Gaussian noise added to every channel of every pixel, rounded and cut off at 0 and 255."""
    pixels = np.asarray(image.convert("RGB"))
    noisy = pixels + rng.normal(0, std, pixels.shape)
    return Image.fromarray(noisy.round().clip(0, 255).astype(np.uint8))


def blur(image: Image.Image, *, radius: float) -> Image.Image:
    """A Gaussian blur; the radius is its standard deviation, in pixels of this image."""
    return image.convert("RGB").filter(ImageFilter.GaussianBlur(radius))


def shuffle(image: Image.Image, patches: Sequence[Patch], rng: np.random.Generator) -> Image.Image:
    """The patches in other places, every pixel kept.

    Where a grid does not divide an image evenly its patches differ by a pixel; only those of one
    size change places, since to fit another place a patch would have to be resampled.
    """
    original = image.convert("RGB")
    drawn = original.copy()
    sizes = [(right - left, bottom - top) for left, top, right, bottom in patches]
    for size in dict.fromkeys(sizes):
        alike = [patch for patch, its in zip(patches, sizes, strict=True) if its == size]
        for source, place in zip(rng.permutation(len(alike)), alike, strict=True):
            drawn.paste(original.crop(alike[source]), place)
    return drawn


def content(image: Image.Image) -> tuple[tuple[int, int], bytes]:
    """What an image shows, however it is stored."""
    return image.size, image.convert("RGB").tobytes()
