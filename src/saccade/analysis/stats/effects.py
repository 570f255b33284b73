"""How large a difference is, in units that do not depend on what was measured.

Each is a description of the values given, and NaN where there are too few, or no spread to divide
by.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Strata = Sequence[tuple[Floats, Floats]]
"""The values of either group, stratum by stratum."""


def hedges_g(first: Floats, second: Floats) -> float:
    """Hedges' g: the difference of the means in pooled standard deviations, freed of small bias.

    The factor is the usual approximation 1 - 3 / (4 df - 1), with df = n + n' - 2.
    """
    return hedges_g_within([(first, second)])


def hedges_g_within(strata: Strata) -> float:
    """Hedges' g within strata: their differences, weighed by n m / (n + m), and their spreads."""
    if not strata or min(len(group) for pair in strata for group in pair) == 0:
        return math.nan
    df = sum(len(group) - 1 for pair in strata for group in pair)
    if df < 1:
        return math.nan
    squares = sum(float(((group - group.mean()) ** 2).sum()) for pair in strata for group in pair)
    sizes = [len(a) * len(b) / (len(a) + len(b)) for a, b in strata]
    differences = [float(a.mean() - b.mean()) for a, b in strata]
    return _standardised(float(np.average(differences, weights=sizes)), math.sqrt(squares / df), df)


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
    return cliffs_delta_within([(first, second)])


def cliffs_delta_within(strata: Strata) -> float:
    """Cliff's delta over all pairs of values of one stratum."""
    pairs = sum(len(first) * len(second) for first, second in strata)
    return sum(_lead(first, second) for first, second in strata) / pairs if pairs else math.nan


def _lead(first: Floats, second: Floats) -> int:
    """In how many more pairs the first is larger than in how many the second is."""
    ranked = np.sort(second)
    larger = np.searchsorted(ranked, first, side="left").sum()
    smaller = (len(ranked) - np.searchsorted(ranked, first, side="right")).sum()
    return int(larger - smaller)


def superiority(first: Floats, second: Floats) -> float:
    """The probability of superiority: that a value of the first group is larger, ties as half."""
    return (cliffs_delta(first, second) + 1) / 2


def dominance(differences: Floats) -> float:
    """The share of pairs that went up less the share that went down, from -1 to 1."""
    return float(np.sign(differences).mean()) if len(differences) else math.nan
