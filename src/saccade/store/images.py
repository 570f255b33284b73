"""Images of a run: each stored once, as a PNG named by the SHA-256 of its bytes.

The name is the proof: a file whose bytes no longer give its name is refused when read.
"""

import hashlib
import io
from pathlib import Path

from PIL import Image

from saccade.errors import SaccadeError
from saccade.files import write_whole

_MODES = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})
"""What PNG can hold. Any other mode is stored as RGB, which is what a processor makes of it."""


def png_bytes(image: Image.Image) -> bytes:
    """The image as PNG without dates, comments or profiles: the same pixels, the same bytes."""
    bare = image.copy() if image.mode in _MODES else image.convert("RGB")
    bare.info = {key: bare.info[key] for key in ("transparency",) if key in bare.info}
    sink = io.BytesIO()
    bare.save(sink, format="PNG", compress_level=6)
    return sink.getvalue()


def put_image(folder: Path, image: Image.Image) -> str:
    """Store an image unless it is there, and return its name."""
    data = png_bytes(image)
    name = hashlib.sha256(data).hexdigest()
    if not (folder / f"{name}.png").exists():
        write_whole(folder / f"{name}.png", data)
    return name


def get_image(folder: Path, name: str) -> Image.Image:
    """Read an image back. It is decoded when first used, and keeps no file open."""
    path = folder / f"{name}.png"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SaccadeError(f"Image {path} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != name:
        raise SaccadeError(f"Image {path} is damaged: its bytes no longer give its name.")
    return Image.open(io.BytesIO(data), formats=["PNG"])
