"""The difference of two groups within strata: what least squares with an effect per stratum gives.

Totals are four numbers per stratum: values and rows of the first group, then of the second. Each
stratum's difference weighs n m / (n + m), so that one with a single group weighs nothing, and
differences between strata cannot pass for one between the groups.
"""

import numpy as np

from saccade.analysis.stats.resampling import Floats


def weights(totals: Floats) -> Floats:
    """What each stratum's difference weighs; NaN where no stratum has both groups."""
    _, n, _, m = np.moveaxis(totals, -1, 0)
    size = n * m / np.maximum(n + m, 1)
    with np.errstate(invalid="ignore"):
        return np.asarray(size / size.sum(axis=-1, keepdims=True))


def averaged(differences: Floats, weight: Floats) -> Floats:
    """The strata's differences in one; those without weight are unknown and do not count."""
    return np.asarray(np.where(weight == 0, 0, weight * differences).sum(axis=-1))


def difference(totals: Floats) -> Floats:
    """The first group's mean less the second's, within strata; NaN where none has both."""
    a, n, b, m = np.moveaxis(totals, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return averaged(a / n - b / m, weights(totals))


def influence(totals: Floats) -> Floats:
    """By how much the difference moves with each of a cluster's own four sums per stratum.

    Added up over these it is the cluster's part in the difference, taken from what the difference
    and the strata's means make of its rows; the squares of these parts make the standard error.
    """
    a, n, b, m = np.moveaxis(totals, -1, 0)
    size = np.maximum(n + m, 1)
    share, mean, found = n / size, (a + b) / size, difference(totals)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = (n * m / size).sum(axis=-1, keepdims=True)
        up, down = (1 - share) / whole, share / whole
    parts = (up, -up * (mean + found * (1 - share)), -down, down * (mean - found * share))
    return np.stack(parts, axis=-1)
