"""Many means at once, each with its interval: columns are drawn together, cluster by cluster."""

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
    drawn = drawn_together(len(sums))
    sums, sizes = per_cluster(sums, drawn), per_cluster(sizes, drawn)
    with np.errstate(invalid="ignore"):
        mean = sums.sum(axis=0) / sizes.sum(axis=0)
        ends = column_intervals(
            lambda counts: (counts @ sums) / (counts @ sizes),
            sizes > 0,
            varies=np.abs(sums - sizes * mean).max(axis=0, initial=0.0)
            > ROUNDING * np.abs(sums).max(axis=0, initial=0.0),
        )
    return mean, *ends


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
