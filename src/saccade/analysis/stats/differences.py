"""A mean, two groups, or pairs: the value, its interval, its p and how large it is.

One row is one item's value. Rows of one cluster belong together: intervals draw whole clusters,
tests rearrange whole clusters. A number that cannot be had is NaN, and `note` says why.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from saccade.analysis.stats.effects import (
    cliffs_delta_within,
    dominance,
    hedges_g_within,
    hedges_gz,
)
from saccade.analysis.stats.groups import Groups
from saccade.analysis.stats.resampling import (
    ARRANGEMENTS,
    ROUNDING,
    Bools,
    Floats,
    bootstrap,
    percentile_interval,
    sign_flip_p,
)
from saccade.analysis.stats.rows import (
    Codes,
    Labels,
    check_nested,
    codes,
    counted,
    drawn_together,
    floats,
    left_out,
    per_cluster,
)

MIN_CLUSTERS = 8
"""Fewer clusters in a group give no interval: with 5 or 6 it held the truth in 92 % of cases."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, and what it rests on."""

    value: float
    low: float
    high: float
    items: int
    clusters: int
    note: str
    """Why a number is missing, and what was left out; empty where there is nothing to say."""


@dataclass(frozen=True)
class PairedDifference(Estimate):
    """First less second, over items that have both."""

    p: float
    hedges_gz: float
    dominance: float


@dataclass(frozen=True)
class GroupDifference(Estimate):
    """First group less second; an item may be in both."""

    p: float
    hedges_g: float
    cliffs_delta: float
    superiority: float
    first: int
    second: int
    both: int
    """Items in both groups."""


def mean_with_interval(
    values: ArrayLike, *, cluster: Labels | None = None, seed: int = 0
) -> Estimate:
    """The mean of one value per item, with the interval that drawing clusters again gives."""
    given = floats(values)
    rows, number, notes = _finite(given, codes(cluster, np.arange(len(given))))
    low, high, note = _mean_interval(rows, number, seed)
    value = float(rows.mean()) if len(rows) else math.nan
    return Estimate(value, low, high, len(rows), _count(number), "; ".join(note + notes))


def compare_pairs(
    first: ArrayLike,
    second: ArrayLike,
    *,
    cluster: Labels | None = None,
    seed: int = 0,
    arrangements: int = ARRANGEMENTS,
) -> PairedDifference:
    """First less second over the same items, such as two runs that answered the same questions.

    p is how often the sum over clusters is as far from 0 if the sign of each cluster's differences
    were a coin toss, by so many random `arrangements` of signs or by all of them where these are no
    more. That takes differences to be as likely up as down by the same amount; with few and skewed
    ones p is too small. Items that lack one of the two are left out.
    """
    differences = floats(first) - floats(second)
    rows, number, notes = _finite(differences, codes(cluster, np.arange(len(differences))))
    low, high, note = _mean_interval(rows, number, seed)
    p = math.nan
    if _count(number) > 1:
        sums = per_cluster(rows, drawn_together(_count(number))[number])
        p = sign_flip_p(sums, seed=seed, arrangements=arrangements)
    return PairedDifference(
        value=float(rows.mean()) if len(rows) else math.nan,
        low=low,
        high=high,
        items=len(rows),
        clusters=_count(number),
        note="; ".join(note + notes),
        p=p,
        hedges_gz=hedges_gz(rows),
        dominance=dominance(rows),
    )


def compare_groups(
    values: ArrayLike,
    first: ArrayLike,
    *,
    item: Labels | None = None,
    cluster: Labels | None = None,
    stratum: Labels | None = None,
    statistic: Literal["mean", "median"] = "mean",
    seed: int = 0,
) -> GroupDifference:
    """The first group less the second: rows where `first` is true, and the others.

    An item has a row in each group it is in. Without `item` every row is an item of its own,
    without `cluster` every item is a cluster of its own. The interval and p are those of the
    difference of means, or of medians on request; the effect sizes describe the rows as they are.

    With strata (such as tasks) all of these compare rows of one stratum only, so that differences
    between the strata make none: each stratum's difference weighs n m / (n + m), as in least
    squares with an effect per stratum. Strata with a single group are left out.
    """
    given, chosen = floats(values), np.asarray(first, dtype=bool).ravel()
    items = codes(item, np.arange(len(given)))
    clusters = codes(cluster, items)
    check_nested(items, clusters)
    known = np.isfinite(given)
    strata = codes(stratum, np.zeros(len(given), np.int64))
    paired = known if stratum is None else known & _both_there(strata, chosen, known)
    number, of = (codes(each[paired], each[paired]) for each in (clusters, strata))
    rows = Groups(given[paired], chosen[paired], number, of)
    n_items, both = _items(items[paired], rows.first)
    value, low, high, p, note = _group_numbers(rows, statistic, seed)
    delta = cliffs_delta_within(rows.strata)
    alone = counted(int((known & ~paired).sum()), "in a stratum of one group")
    return GroupDifference(
        value=value,
        low=low,
        high=high,
        items=n_items,
        clusters=_count(rows.cluster),
        note="; ".join(note + alone + left_out(given)),
        p=p,
        hedges_g=hedges_g_within(rows.strata),
        cliffs_delta=delta,
        superiority=(delta + 1) / 2,
        first=int(rows.first.sum()),
        second=int((~rows.first).sum()),
        both=both,
    )


def _finite(values: Floats, cluster: Codes) -> tuple[Floats, Codes, list[str]]:
    """The rows with a number, their clusters numbered without gaps, and what was left out."""
    known = np.isfinite(values)
    return values[known], codes(cluster[known], cluster[known]), left_out(values)


def _count(cluster: Codes) -> int:
    """How many clusters."""
    return int(cluster.max(initial=-1)) + 1


def _both_there(stratum: Codes, first: Bools, known: Bools) -> Bools:
    """The rows in a stratum with known values of either group."""
    there = [np.isin(stratum, stratum[known & group]) for group in (first, ~first)]
    return np.asarray(there[0] & there[1])


def _items(item: Codes, first: Bools) -> tuple[int, int]:
    """How many items there are, and how many of them are in both groups."""
    a, b = np.unique(item[first]), np.unique(item[~first])
    both = len(np.intersect1d(a, b, assume_unique=True))
    return len(a) + len(b) - both, both


def _mean_interval(values: Floats, cluster: Codes, seed: int) -> tuple[float, float, list[str]]:
    """The interval of a mean, or why there is none."""
    n = _count(cluster)
    if n < MIN_CLUSTERS:
        return math.nan, math.nan, [_too_few(n, "there")]
    drawn = drawn_together(n)[cluster]
    sums, rows = per_cluster(values, drawn), per_cluster(np.ones(len(values)), drawn)
    spread = np.abs(sums - rows * values.mean()).max()
    if spread <= ROUNDING * np.abs(values).max():
        return math.nan, math.nan, ["no interval: the clusters do not differ"]
    means = bootstrap(lambda counts: (counts @ sums) / (counts @ rows), len(sums), seed=seed)
    return *percentile_interval(means, df=n - 1), []


def _group_numbers(
    rows: Groups, statistic: str, seed: int
) -> tuple[float, float, float, float, list[str]]:
    """Value, interval, p, and why any of them is missing."""
    nothing = math.nan
    if rows.first.all() or not rows.first.any():
        return nothing, nothing, nothing, nothing, [_empty(rows)]
    medians = statistic == "median"
    each, df = rows.clusters_of_each(), rows.freedom()
    rows = rows.bundled
    difference = rows.median_difference if medians else rows.mean_difference
    n = len(rows.sums)
    value = float(difference(np.ones((1, n)))[0])
    if n == 1:
        return value, nothing, nothing, nothing, [_too_few(1, "there")]
    p = (rows.median_p if medians else rows.mean_p)(seed)
    if min(each) < MIN_CLUSTERS:
        return value, nothing, nothing, p, [_too_few(min(each), "in the smaller group")]
    if df == 0:
        return value, nothing, nothing, p, ["no interval: the clusters do not differ"]
    low, high = percentile_interval(bootstrap(difference, n, seed=seed), df=df)
    return value, low, high, p, []


def _too_few(n: int, where: str) -> str:
    """One cluster tells nothing about another."""
    there = "is 1 cluster" if n == 1 else f"are {n or 'no'} clusters"
    return (
        f"no interval: there {there} {where}".removesuffix(" there") + f", of {MIN_CLUSTERS} needed"
    )


def _empty(rows: Groups) -> str:
    """Which group has no rows."""
    if len(rows.values) == 0:
        return "nothing to compare: both groups are empty"
    return f"nothing to compare: the {'second' if rows.first.all() else 'first'} group is empty"
