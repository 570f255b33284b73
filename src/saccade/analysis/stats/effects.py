"""How large a difference is, in units that do not depend on what was measured.

Each is a description of the values given, and NaN where there are too few, or no spread to divide
by.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def hedges_g(first: Floats, second: Floats) -> float:
    """Hedges' g: the difference of the means in pooled standard deviations, freed of small bias.

    The factor is the usual approximation 1 - 3 / (4 df - 1), with df = n + n' - 2.
    """
    df = len(first) + len(second) - 2
    if min(len(first), len(second)) == 0 or df < 1:
        return math.nan
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in (first, second))
    return _standardised(float(first.mean() - second.mean()), math.sqrt(squares / df), df)


def hedges_gz(differences: Floats) -> float:
    """Hedges' g of paired differences: their mean in their own standard deviations."""
    df = len(differences) - 1
    if df < 1:
        return math.nan
    return _standardised(float(differences.mean()), float(differences.std(ddof=1)), df)


def _standardised(difference: float, spread: float, df: int) -> float:
    """A difference in units of a spread; none where the spread is rounding error."""
    if spread <= 1e-12 * max(abs(difference), 1e-300):
        return math.nan
    return difference / spread * (1 - 3 / (4 * df - 1))


def cliffs_delta(first: Floats, second: Floats) -> float:
    """Cliff's delta: how much likelier a value of the first group is the larger, from -1 to 1."""
    if min(len(first), len(second)) == 0:
        return math.nan
    ranked = np.sort(second)
    larger = np.searchsorted(ranked, first, side="left").sum()
    smaller = (len(ranked) - np.searchsorted(ranked, first, side="right")).sum()
    return float((larger - smaller) / (len(first) * len(second)))


def superiority(first: Floats, second: Floats) -> float:
    """The probability of superiority: that a value of the first group is larger, ties as half."""
    return (cliffs_delta(first, second) + 1) / 2


def dominance(differences: Floats) -> float:
    """The share of pairs that went up less the share that went down, from -1 to 1."""
    return float(np.sign(differences).mean()) if len(differences) else math.nan
