"""A sample's images for a page: embedded, no larger than needed, with the boxes of its regions."""

import base64
from dataclasses import dataclass
from io import BytesIO

from PIL.Image import Image, Resampling

from saccade.samples import Region, Sample

LARGEST = 640
"""Longest side that is embedded, in pixels."""


@dataclass(frozen=True)
class Picture:
    """One image: a data address, the size its boxes are in, and those boxes."""

    source: str
    width: int
    height: int
    regions: tuple[Region, ...]


def pictures(sample: Sample) -> list[Picture]:
    """Every image of `sample`."""
    return [
        Picture(
            source=_data_uri(image),
            width=image.width,
            height=image.height,
            regions=tuple(region for region in sample.regions if region.image == number),
        )
        for number, image in enumerate(sample.images)
    ]


def _data_uri(image: Image) -> str:
    """The image as an embedded PNG."""
    small = image if image.mode in ("RGB", "RGBA", "L") else image.convert("RGB")
    if max(small.size) > LARGEST:
        small = small.copy()
        small.thumbnail((LARGEST, LARGEST), Resampling.LANCZOS)
    buffer = BytesIO()
    small.save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
