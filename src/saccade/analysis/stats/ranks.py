"""Mann-Whitney and Kolmogorov-Smirnov, where they fit: rows that do not depend on each other."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from saccade.analysis.stats.rows import Labels, codes, floats, left_out


@dataclass(frozen=True)
class RankTests:
    """Two p-values and the largest gap between the two distribution functions."""

    mann_whitney_p: float
    ks: float
    ks_p: float
    note: str
    """Why they are missing, and what was left out."""


def rank_tests(values: ArrayLike, first: ArrayLike, *, cluster: Labels | None = None) -> RankTests:
    """Whether one group tends to be larger (Mann-Whitney), or differs in any way (KS).

    Both take rows as independent, so they are refused where a cluster has several: one item in both
    groups, or items of one image. `compare_groups` is for those.
    """
    given = floats(values)
    known = np.isfinite(given)
    number = codes(cluster, np.arange(len(given)))[known]
    rows, chosen = given[known], np.asarray(first, dtype=bool).ravel()[known]
    a, b = rows[chosen], rows[~chosen]
    if min(len(a), len(b)) == 0:
        return _none("nothing to compare: a group is empty")
    if len(np.unique(number)) < len(number):
        return _none("rows of one cluster depend on each other; compare_groups takes that in")
    gap = stats.ks_2samp(a, b)
    p = float(stats.mannwhitneyu(a, b).pvalue)
    return RankTests(p, float(gap.statistic), float(gap.pvalue), "; ".join(left_out(given)))


def _none(why: str) -> RankTests:
    """No tests, and the reason."""
    return RankTests(math.nan, math.nan, math.nan, why)
