"""Whole files or none: written beside their place under another name, then moved there."""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saccade.analysis.plots.style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write(path: Path, content: str | bytes) -> Path:
    """Write `content` atomically; a killed process leaves the old file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def draw_bytes(figure: "Figure", kind: str) -> bytes:
    """A figure as `svg` or `png`, the same bytes for the same figure."""
    buffer = BytesIO()
    metadata = {"Date": None} if kind == "svg" else {}
    with style():
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def to_json(content: Mapping[str, Any]) -> str:
    """JSON with null for what is not a number."""
    return json.dumps(_plain(content), indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """Numbers that JSON does not know become null, all through the structure."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def slug(text: str) -> str:
    """A name that is safe as a folder and as an anchor: `lab/base` becomes `lab-base`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "run"
