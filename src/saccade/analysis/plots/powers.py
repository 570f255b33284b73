"""Ticks of a logarithmic axis as 10⁻³, in plain characters.

The style turns mathematics in text off, since a `$` in a run's words is no mathematics; so the
ticks have none either.
"""

from math import log10

from matplotlib.axis import Axis
from matplotlib.ticker import LogFormatter, NullLocator

MANY = 1e4
"""From the low to the high end of a long axis."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Powers(LogFormatter):
    """Labels the ticks that matplotlib would label."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The label of one tick; nothing where it is to have none."""
        return written(x) if super().__call__(x, pos) else ""


def written(value: float) -> str:
    """A power of ten as one, another number in its digits."""
    exponent = log10(value)
    if abs(exponent - round(exponent)) > 1e-9:
        return f"{value:.3g}"
    return "10" + str(round(exponent)).translate(RAISED)


def label_powers(axis: Axis) -> None:
    """Label a logarithmic axis this way; of a long one only whole powers have ticks."""
    low, high = axis.get_view_interval()
    if high > MANY * low > 0:
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(Powers())
    axis.set_minor_formatter(Powers(minor_thresholds=(1, 0.4)))
