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
CORRECT = "#0072b2"
INCORRECT = "#d55e00"
"""Okabe and Ito's blue and vermillion: told apart with any kind of colour vision, and in grey."""
ACCENT = "#009e73"
"""Their bluish green, for what is neither correct nor incorrect."""

COLUMN = 3.3
"""Width of one panel in inches: a column of a two-column paper."""


@contextmanager
def style() -> Iterator[None]:
    """Draw and save inside this; the caller's rcParams come back afterwards."""
    with matplotlib.style.context(STYLE):
        yield


def axes_of(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """The axes given, or those of a new figure of this size in inches."""
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
    return ax
