"""Rank correlation over items, in clusters and in strata."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from saccade.analysis.stats.differences import MIN_CLUSTERS, Estimate
from saccade.analysis.stats.resampling import Floats, bootstrap, percentile_interval, sign_flip_p
from saccade.analysis.stats.rows import Codes, Labels, codes, floats, left_out, per_cluster


@dataclass(frozen=True)
class RankCorrelation(Estimate):
    """Spearman's rho with its interval and p."""

    p: float


def rank_correlation(
    x: ArrayLike,
    y: ArrayLike,
    *,
    cluster: Labels | None = None,
    stratum: Labels | None = None,
    seed: int = 0,
) -> RankCorrelation:
    """Spearman's rho; with strata (such as tasks) items are ranked within theirs.

    Differences between the strata then make no correlation. The interval draws clusters again, each
    item with the rank it has among all. p is how often the products of ranks add up to as much if
    the sign of each cluster's were a coin toss.
    """
    given, other = floats(x), floats(y)
    known = np.isfinite(given) & np.isfinite(other)
    number = codes(cluster, np.arange(len(given)))[known]
    number = codes(number, number)
    of = codes(stratum, np.zeros(len(given), np.int64))[known]
    a, b = _ranks(given[known], of), _ranks(other[known], of)
    sums = np.column_stack([per_cluster(each, number) for each in (a * b, a * a, b * b)])
    n, whole = len(sums), sums.sum(axis=0)
    notes = left_out(np.where(known, given, np.nan))
    if n < 2 or min(whole[1:]) == 0:
        why = ["no correlation: one of the two does not vary"]
        nothing = (math.nan, math.nan, math.nan)
        return RankCorrelation(*nothing, len(a), n, "; ".join(why + notes), math.nan)
    low, high = math.nan, math.nan
    if n < MIN_CLUSTERS:
        notes = [f"no interval: {n} clusters of {MIN_CLUSTERS} needed", *notes]
    else:
        drawn = bootstrap(lambda counts: _rho(counts @ sums), n, seed=seed)
        low, high = percentile_interval(drawn, df=n - 1)
    value, p = float(_rho(whole[None])[0]), sign_flip_p(sums[:, 0], seed=seed)
    return RankCorrelation(value, max(low, -1.0), min(high, 1.0), len(a), n, "; ".join(notes), p)


def _ranks(values: Floats, stratum: Codes) -> Floats:
    """Ranks within each stratum as shares of it, with mean 0; ties share theirs."""
    ranks = np.zeros(len(values))
    for one in np.unique(stratum):
        rows = stratum == one
        among = rankdata(values[rows])
        ranks[rows] = (among - among.mean()) / len(among)
    return ranks


def _rho(sums: Floats) -> Floats:
    """Per draw of sums of products and squares; NaN where one of the two does not vary."""
    with np.errstate(invalid="ignore"):
        return np.asarray(sums[:, 0] / np.sqrt(sums[:, 1] * sums[:, 2]))
