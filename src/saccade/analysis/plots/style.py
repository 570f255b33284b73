"""The one style of all figures, used through a context manager: nothing is set at import."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt
import matplotlib.style
from matplotlib.axes import Axes

STYLE = Path(__file__).with_name("saccade.mplstyle")

INK = "#1b1f24"
MUTED = "#8a9099"
PAPER = "#ffffff"
CORRECT = "#0072b2"
INCORRECT = "#d55e00"
"""Okabe and Ito's blue and vermillion: told apart with any kind of colour vision, and in grey."""
ACCENT = "#009e73"
"""Their bluish green, for what is neither correct nor incorrect."""

HIGHLIGHT = "#009e73"
"""Their bluish green, for what stands out and is not a verdict."""

SERIES = (
    (HIGHLIGHT, "-"),
    ("#cc79a7", (0, (4, 1.6))),
    ("#e69f00", (0, (1.2, 1.2))),
    ("#56b4e9", (0, (6, 1.4, 1.2, 1.4))),
    (INK, (0, (2.4, 1.2))),
    (MUTED, "-"),
)
"""Colour and line of what is neither right nor wrong, such as tasks: their other colours."""

WORDS = {
    "content": INK,
    "number": "#996d00",
    "geometry": "#0072b2",
    "spatial": "#007a45",
    "picture": "#6d2c5d",
    "connective": "#5c1600",
    "function": "#767e89",
}
"""Class of word → colour, dark enough to read as a word on white (contrast of 4 and more).

Chosen by search so that any two differ by a ΔE of 20 to trichromats, protanopes and deuteranopes.
"""

COLUMN = 3.3
"""Width of one panel in inches: a column of a two-column paper."""
PAGE = 7.0
"""Width of the widest figure: both columns."""


@contextmanager
def style() -> Iterator[None]:
    """Draw and save inside this; the caller's rcParams come back afterwards."""
    # Chooses the backend now: a notebook's sets rcParams that leaving the style would take back.
    plt.draw_if_interactive()  # type: ignore[no-untyped-call]
    with matplotlib.style.context(STYLE):
        yield


def legend_above(ax: Axes) -> None:
    """A legend in room that is made for it above the data."""
    low, high = ax.get_ylim()
    lines = len(ax.get_legend_handles_labels()[1])
    ax.set_ylim(low, high + 0.12 * lines * (high - low))
    ax.legend(loc="upper right")


def axes_of(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """The axes given, or those of a new figure of this size in inches."""
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
    return ax
