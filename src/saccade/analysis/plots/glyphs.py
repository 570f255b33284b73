"""Text of a run made fit to be drawn: nothing acts on the drawing, nothing is missing from it."""

from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font

from saccade.analysis.report.text import visible

MONO, SANS = "DejaVu Sans Mono", "DejaVu Sans"
"""The fonts of token strips and of everything else; they come with matplotlib."""
LONGEST = 28
"""Characters of a name that are drawn; of a longer one its beginning and its end."""
LACKING = "▯"
"""Stands for a character that the font lacks."""


def drawable(text: str, font: str = MONO) -> str:
    """`text` with controls made visible and characters that cannot be drawn as empty boxes."""
    return "".join(
        char if ord(char) in _known(font) else LACKING for char in visible(text, lines=False)
    )


def named(name: str) -> str:
    """The name of a task or of a run, as it may stand in a title or a legend: not too long."""
    shown = drawable(name, SANS)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST // 2]}…{shown[-LONGEST // 2 :]}"


@cache
def _known(font: str) -> frozenset[int]:
    """The characters of the font."""
    return frozenset(get_font(findfont(FontProperties(family=font))).get_charmap())
