"""Ticks of a logarithmic axis as 10⁻³, in plain characters.

The style turns mathematics in text off, since a `$` in a run's words is no mathematics; so the
ticks have none either.
"""

from math import ceil, floor, log10

from matplotlib.axis import Axis
from matplotlib.ticker import LogFormatter, NullFormatter, NullLocator

MANY = 1e4
"""From the low to the high end of a long axis."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Powers(LogFormatter):
    """Labels the ticks that matplotlib would label; at `least` also what is smaller is drawn."""

    least: float | None = None

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The label of one tick; nothing where it is to have none."""
        if not super().__call__(x, pos):
            return ""
        return f"≤ {written(x)}" if self.least and x <= self.least * (1 + 1e-9) else written(x)


def written(value: float) -> str:
    """A power of ten as one, another number in its digits."""
    exponent = log10(value)
    if abs(exponent - round(exponent)) > 1e-9:
        return f"{value:.3g}"
    return "10" + str(round(exponent)).translate(RAISED)


def label_powers(axis: Axis, *, least: float | None = None) -> None:
    """Label a logarithmic axis this way; of a long one only whole powers have ticks.

    `least` is where an axis begins whose first bin holds smaller values too.
    """
    low, high = axis.get_view_interval()
    if high > MANY * low > 0:
        axis.set_minor_locator(NullLocator())
    whole = Powers()
    whole.least = least
    axis.set_major_formatter(whole)
    decades = floor(log10(high) + 1e-9) - ceil(log10(low) - 1e-9) if low > 0 else 0
    parts = NullFormatter() if decades >= 1 else Powers(minor_thresholds=(1, 0.4))
    axis.set_minor_formatter(parts)
