"""Two groups of rows in clusters: the difference of their means or medians, drawn again and tested.

An item may be in both groups and a cluster may hold any mixture. Everything is made from four sums
per cluster: values and rows of the first group, values and rows of the second.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from saccade.analysis.stats.resampling import ROUNDING, Bools, Floats, shuffle_p, sign_flip_p
from saccade.analysis.stats.rows import Codes, per_cluster


@dataclass(frozen=True)
class Groups:
    """Rows, each in a group and a cluster; both groups have rows."""

    values: Floats
    first: Bools
    cluster: Codes
    """Numbers from 0 without gaps."""

    @cached_property
    def sums(self) -> Floats:
        """Clusters by four: values and rows of the first group, then of the second."""
        return self._sums_of(self.values)

    def _sums_of(self, values: Floats) -> Floats:
        a = self.first.astype(np.float64)
        parts = (a * values, a, (1 - a) * values, 1 - a)
        return np.column_stack([per_cluster(part, self.cluster) for part in parts])

    def clusters_of_each(self) -> tuple[int, int]:
        """In how many clusters either group occurs."""
        occurs = self.sums[:, [1, 3]] > 0
        return int(occurs[:, 0].sum()), int(occurs[:, 1].sum())

    def mean_difference(self, counts: Floats) -> Floats:
        """For each draw of clusters, the first group's mean less the second's."""
        a, n, b, m = (counts @ self.sums).T
        with np.errstate(invalid="ignore"):  # a draw without one of the groups is NaN
            return np.asarray(a / n - b / m)

    def median_difference(self, counts: Floats) -> Floats:
        """For each draw of clusters, the first group's median less the second's."""
        return self._medians(counts, self.first) - self._medians(counts, ~self.first)

    def _medians(self, counts: Floats, chosen: Bools) -> Floats:
        """The median of the chosen rows, each as often as its cluster was drawn."""
        values, cluster = self.values[chosen], self.cluster[chosen]
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(counts[:, cluster[order]], axis=1)
        half = reached[:, -1:] / 2
        last = len(order) - 1
        lower = np.minimum((reached < half).sum(axis=1), last)
        upper = np.minimum((reached <= half).sum(axis=1), last)
        medians = (values[order[lower]] + values[order[upper]]) / 2
        return np.where(half[:, 0] > 0, medians, np.nan)

    def freedom(self) -> float:
        """Degrees of freedom (Welch, Satterthwaite) over clusters; 0 where nothing varies.

        A group in few clusters has the say, as it should. There are never more than clusters, less
        one, which is what items that are all in both groups have.
        """
        parts = self._contributions()
        squares = (parts**2).sum(axis=0)
        varies = np.abs(parts[:, 0] - parts[:, 1]).max() > ROUNDING * np.abs(self.values).max()
        if not varies:
            return 0.0
        each = squares**2 / np.maximum(np.array(self.clusters_of_each()) - 1, 1)
        return float(min(len(self.sums) - 1, squares.sum() ** 2 / each.sum()))

    def _contributions(self) -> Floats:
        """What each cluster adds to either mean's deviation, in units of one cluster of many."""
        means = self.sums[:, [0, 2]].sum(axis=0) / self.sums[:, [1, 3]].sum(axis=0)
        share = self.sums[:, [1, 3]].sum(axis=0) / len(self.sums)
        found: NDArray[np.float64] = (self.sums[:, [0, 2]] - means * self.sums[:, [1, 3]]) / share
        return found

    def mean_p(self, seed: int) -> float:
        """P of the difference of the means."""
        return _p(self.sums, seed)

    def median_p(self, seed: int) -> float:
        """P of the difference of the medians: of the shares above the common median (Mood)."""
        above = (np.sign(self.values - np.median(self.values)) + 1) / 2
        return _p(self._sums_of(above), seed)


def _p(sums: Floats, seed: int) -> float:
    """Shuffle clusters between the groups where each is in one group alone; flip signs otherwise.

    With items in both groups, or clusters of both kinds, names of groups cannot be dealt anew: how
    often an item is in either group is part of what it is. But a cluster's contribution to the
    difference, its rows taken from the mean of all rows, is as likely up as down if there is no
    difference; these contributions add up to the difference, and their signs are flipped. Where
    all items are in both groups this is the paired test, exact; it answers the same question as
    the interval whatever the mixture.
    """
    a, n, b, m = sums.T
    if not ((n > 0) & (m > 0)).any():
        return shuffle_p(a + b, n + m, n > 0, seed=seed)
    mean = (a + b).sum() / (n + m).sum()
    return sign_flip_p((a - mean * n) / n.sum() - (b - mean * m) / m.sum(), seed=seed)
