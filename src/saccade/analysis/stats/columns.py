"""Many means at once, each with its interval: columns are drawn together, cluster by cluster."""

import math
from collections.abc import Callable

import numpy as np

from saccade.analysis.stats.differences import MIN_CLUSTERS
from saccade.analysis.stats.resampling import (
    ROUNDING,
    Bools,
    Floats,
    bootstrap,
    percentile_interval,
)
from saccade.analysis.stats.rows import drawn_together, per_cluster


def mean_columns(sums: Floats, sizes: Floats) -> tuple[Floats, Floats, Floats]:
    """Per column, the sum over clusters by their size, and the ends of its 95 % interval.

    Both have a row per cluster; a size of 0 is a cluster without that column.
    """
    return mean_of_strata(sums[:, None], sizes[:, None])


def mean_of_strata(sums: Floats, sizes: Floats) -> tuple[Floats, Floats, Floats]:
    """The same of (clusters, strata, columns): the mean of the strata's means, one as much as all.

    A stratum of which no cluster has a column does not count for it. One that fewer than
    MIN_CLUSTERS have leaves it without an interval.
    """
    shape = sums.shape[1:]
    drawn = drawn_together(len(sums))
    flat = len(sums), math.prod(shape)
    sums, sizes = (per_cluster(each.reshape(flat), drawn) for each in (sums, sizes))
    there = (sizes > 0).sum(axis=0)
    used = (there > 0).reshape(shape).sum(axis=0)

    def statistic(counts: Floats) -> Floats:
        means = np.where(there > 0, (counts @ sums) / (counts @ sizes), 0.0)
        found: Floats = means.reshape(len(counts), *shape).sum(axis=1) / used
        return found

    with np.errstate(invalid="ignore"):
        off = np.abs(sums - sizes * (sums.sum(axis=0) / sizes.sum(axis=0))).max(axis=0, initial=0.0)
        varies = off > ROUNDING * np.abs(sums).max(axis=0, initial=0.0)
        few = (there > 0) & (there < MIN_CLUSTERS)
        ends = column_intervals(
            statistic,
            np.any((sizes > 0).reshape(len(sizes), *shape), axis=1),
            varies=np.any(varies.reshape(shape), axis=0) & ~np.any(few.reshape(shape), axis=0),
        )
        return statistic(np.ones((1, len(sums))))[0], *ends


def column_intervals(
    statistic: Callable[[Floats], Floats], there: Bools, *, varies: Bools | None = None
) -> Floats:
    """Low and high of each column of a statistic: draws of clusters to numbers by column.

    `there` says which clusters a column has. A column in fewer than MIN_CLUSTERS of them has no
    interval, and neither has one whose clusters do not differ.
    """
    behind = there.sum(axis=0)
    ends = np.full((2, there.shape[1]), np.nan)
    given = behind >= MIN_CLUSTERS if varies is None else (behind >= MIN_CLUSTERS) & varies
    if given.any():
        with np.errstate(invalid="ignore"):
            drawn = bootstrap(statistic, len(there))
        for column in np.flatnonzero(given):
            ends[:, column] = percentile_interval(drawn[:, column], df=behind[column] - 1)
    return ends
