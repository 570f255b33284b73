"""Bins of one signal, pinned before anything is counted: equal in the value or in its logarithm."""

from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST = 1e-6
"""A logarithmic axis begins no lower: what is smaller falls into its first bin."""


@dataclass(frozen=True)
class Axis:
    """One signal's bins; what lies beyond an end falls into the bin there."""

    signal: str
    start: float
    stop: float
    logarithmic: bool

    def place(self, value: str, bins: int) -> str:
        """SQL for the number of the bin of a value."""
        scaled = f"log10(greatest({value}, {LEAST!r}))" if self.logarithmic else value
        width = (self.stop - self.start) / bins
        return f"least({bins - 1}, greatest(0, floor(({scaled} - {self.start!r}) / {width!r})))"

    def edges(self, bins: int) -> Any:
        """Between the bins, as values."""
        edges = np.linspace(self.start, self.stop, bins + 1)
        return 10**edges if self.logarithmic else edges


def axis_of(signal: str, low: float, high: float, *, logarithmic: bool) -> Axis:
    """From the least to the largest value."""
    if not logarithmic:
        return Axis(signal, low, high if high > low else low + 1, logarithmic=False)
    stop = float(np.log10(max(high, 10 * LEAST)))
    start = float(np.log10(np.clip(low, LEAST, high / 10 if high > 10 * LEAST else LEAST)))
    return Axis(signal, start, stop, logarithmic=True)
