"""Text of a run made fit to be drawn: nothing acts on the drawing, nothing is missing from it."""

from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font

from saccade.analysis.report.text import visible

MONO = "DejaVu Sans Mono"
"""The font of token strips; it comes with matplotlib."""
LACKING = "▯"
"""Stands for a character that the font lacks."""


def drawable(text: str) -> str:
    """`text` with controls made visible and characters that cannot be drawn as empty boxes."""
    return "".join(
        char if ord(char) in _known() else LACKING for char in visible(text, lines=False)
    )


@cache
def _known() -> frozenset[int]:
    """The characters of the font."""
    return frozenset(get_font(findfont(FontProperties(family=MONO))).get_charmap())
