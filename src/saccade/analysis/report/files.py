"""What a report writes: text, drawings and JSON, each file whole or not there."""

import json
import re
from collections.abc import Mapping
from io import BytesIO, StringIO
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from PIL import Image

from saccade.analysis.plots.style import style
from saccade.analysis.tables import rounded_all
from saccade.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write(path: Path, content: str | bytes) -> Path:
    """Write text or bytes whole, and return where."""
    write_whole(path, content.encode() if isinstance(content, str) else content)
    return path


def drawings(figure: "Figure") -> tuple[str, bytes]:
    """A figure as SVG and as PNG, the same bytes for the same figure.

    It is laid out once and drawn once for each, where `savefig` would do both twice for each.
    """
    svg, png = StringIO(), BytesIO()
    with style():
        figure.dpi = rcParams["savefig.dpi"]
        pixels = FigureCanvasAgg(figure)
        pixels.draw()  # type: ignore[no-untyped-call]
        whole = np.asarray(pixels.buffer_rgba())  # type: ignore[no-untyped-call]
        Image.fromarray(whole).convert("RGB").save(
            png, "PNG", dpi=(figure.dpi, figure.dpi), compress_level=4
        )
        figure.set_layout_engine("none")
        FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return svg.getvalue(), png.getvalue()


def to_json(content: Mapping[str, Any]) -> str:
    """JSON with numbers to ten digits, and null for what is not a number."""
    return json.dumps(_plain(rounded_all(content)), indent=2, ensure_ascii=False) + "\n"


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
