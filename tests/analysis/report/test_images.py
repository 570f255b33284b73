"""Embedded images: no larger than needed, and never changed where that would show."""

from dataclasses import replace

import numpy as np
from frames import make_sample
from PIL import Image

from saccade.analysis.report.images import pictures


def test_photographs_are_small_and_drawings_exact() -> None:
    """JPEG where it is smaller; never more than is seen."""
    noise = np.random.default_rng(0).integers(0, 255, (700, 900, 3), dtype=np.uint8)
    sample = replace(make_sample(1), images=(Image.fromarray(noise), make_sample(1).images[0]))
    photo, drawing = pictures(sample)
    assert photo.source.startswith("data:image/jpeg") and (photo.width, photo.height) == (900, 700)
    assert drawing.source.startswith("data:image/png")
