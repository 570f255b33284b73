"""Colour scales for tokens: pinned over a whole run, so that two responses can be compared.

A scale turns a value into an intensity from 0 (no colour) to 1 (full colour). Scaling every
response by its own extremes would colour a dull response like a remarkable one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from saccade.analysis.labels import label

LOW, HIGH = 2.0, 98.0
"""Percentiles of the run's tokens where colour starts and where it is full."""


@dataclass(frozen=True)
class Scale:
    """No colour at `zero`, full colour at `full`; `full` lies below where low is remarkable."""

    zero: float
    full: float

    def intensity(self, values: ArrayLike) -> NDArray[np.float64]:
        """Values to 0..1, clipped; missing stays NaN."""
        given = np.asarray(values, dtype=np.float64)
        given = np.where(np.isfinite(given), given, np.nan)
        span = self.full - self.zero
        return given * 0 if span == 0 else np.clip((given - self.zero) / span, 0, 1)


def pinned_scale(values: ArrayLike, signal: str) -> Scale | None:
    """The scale of one signal over a run's tokens; None where nothing was measured."""
    given = np.asarray(values, dtype=np.float64)
    given = given[np.isfinite(given)]
    if given.size == 0:
        return None
    words = label(signal)
    low, high = (float(edge) for edge in np.percentile(given, [LOW, HIGH]))
    start, full = (high, low) if words.falls else (low, high)
    return Scale(start if words.anchor is None else words.anchor, full)


def pinned_scales(tokens: pd.DataFrame, signals: Iterable[str]) -> dict[str, Scale]:
    """The scales of those signals that the run has."""
    found = {
        name: pinned_scale(pd.to_numeric(tokens[name]).astype("float64"), name)
        for name in signals
        if name in tokens
    }
    return {name: scale for name, scale in found.items() if scale is not None}
