"""Rank correlation over items, in clusters and in strata."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit
from scipy.stats import rankdata

from saccade.analysis.stats.differences import MIN_CLUSTERS, Estimate
from saccade.analysis.stats.resampling import LEVEL, ROUNDING, Floats, sign_flip_p
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

    Differences between the strata then make no correlation. The interval is Fisher's, with the
    spread that clusters show: how much rho moves with each of them, ranks included. p is how often
    the products of ranks add up to as much if the sign of each cluster's were a coin toss.
    """
    given, other = floats(x), floats(y)
    known = np.isfinite(given) & np.isfinite(other)
    number = codes(cluster, np.arange(len(given)))[known]
    number = codes(number, number)
    of = codes(stratum, np.zeros(len(given), np.int64))[known]
    a, b = _ranks(given[known], of), _ranks(other[known], of)
    products, n = per_cluster(a * b, number), int(number.max(initial=-1)) + 1
    notes = left_out(np.where(known, given, np.nan))
    if n < 2 or min(a @ a, b @ b) == 0:
        why = ["no correlation: one of the two does not vary"]
        nothing = (math.nan, math.nan, math.nan)
        return RankCorrelation(*nothing, len(a), n, "; ".join(why + notes), math.nan)
    value, p = float(a @ b / math.sqrt(a @ a * (b @ b))), sign_flip_p(products, seed=seed)
    low, high, why = _interval(value, per_cluster(_influence(a, b, of), number))
    return RankCorrelation(value, low, high, len(a), n, "; ".join(why + notes), p)


def _interval(rho: float, moved: Floats) -> tuple[float, float, list[str]]:
    """Fisher's interval with the spread of what each cluster moves, or why there is none."""
    n = len(moved)
    if n < MIN_CLUSTERS:
        return math.nan, math.nan, [f"no interval: {n} clusters of {MIN_CLUSTERS} needed"]
    error = math.sqrt(float(moved @ moved) * n / (n - 1))
    if error <= ROUNDING or abs(rho) >= 1 - ROUNDING:
        return math.nan, math.nan, ["no interval: the clusters do not differ"]
    reach = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * error / (1 - rho**2)
    return math.tanh(math.atanh(rho) - reach), math.tanh(math.atanh(rho) + reach), []


def _influence(a: Floats, b: Floats, stratum: Codes) -> Floats:
    """How much rho moves with the weight of each item: by its own ranks and by all others'."""
    products, squares = _moved(a, b, stratum), (_moved(a, a, stratum), _moved(b, b, stratum))
    rho = a @ b / math.sqrt(a @ a * (b @ b))
    found = products / math.sqrt(a @ a * (b @ b))
    return np.asarray(found - rho / 2 * (squares[0] / (a @ a) + squares[1] / (b @ b)))


def _moved(a: Floats, b: Floats, stratum: Codes) -> Floats:
    """How much the sum of products of two columns of ranks moves with the weight of each item."""
    found = a * b
    for one in np.unique(stratum):
        rows = stratum == one
        found[rows] += _passed(a[rows], b[rows]) + _passed(b[rows], a[rows])
    return found


def _passed(ranks: Floats, other: Floats) -> Floats:
    """What an item adds by raising the ranks above its own (ties by half), as shares of all."""
    names, place = np.unique(ranks, return_inverse=True)
    sums = np.bincount(place, other, len(names))
    above = sums.sum() - np.cumsum(sums) + sums / 2
    return np.asarray((above[place] - other @ (ranks + 0.5)) / len(ranks))


def _ranks(values: Floats, stratum: Codes) -> Floats:
    """Ranks within each stratum as shares of it, with mean 0; ties share theirs."""
    ranks = np.zeros(len(values))
    for one in np.unique(stratum):
        rows = stratum == one
        among = rankdata(values[rows])
        ranks[rows] = (among - among.mean()) / len(among)
    return ranks
