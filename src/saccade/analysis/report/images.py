"""A sample's images for a page: embedded, no larger than needed, with the boxes of its regions."""

import base64
from dataclasses import dataclass
from io import BytesIO

from PIL.Image import Image, Resampling

from saccade.samples import Region, Sample

LARGEST = 480
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
    """The image embedded, as PNG or as JPEG: as what is smaller."""
    small = image if image.mode in ("RGB", "RGBA", "L") else image.convert("RGB")
    if max(small.size) > LARGEST:
        small = small.copy()
        small.thumbnail((LARGEST, LARGEST), Resampling.LANCZOS)
    forms = {"png": _encoded(small, "PNG")}
    if small.mode != "RGBA":
        forms["jpeg"] = _encoded(small, "JPEG", quality=88)
    kind = min(forms, key=lambda name: len(forms[name]))
    return f"data:image/{kind};base64," + base64.b64encode(forms[kind]).decode()


def _encoded(image: Image, kind: str, **options: int) -> bytes:
    """The bytes of a file."""
    buffer = BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()
