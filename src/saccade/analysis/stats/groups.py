"""Two groups of rows in clusters: the difference of their means or medians, drawn again and tested.

An item may be in both groups and a cluster may hold any mixture. Differences are taken within
strata. Everything is made from four sums per cluster and stratum: values and rows of the first
group, values and rows of the second.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from saccade.analysis.stats.resampling import ROUNDING, Bools, Floats
from saccade.analysis.stats.rows import BUNDLES, Codes, bundles, per_cluster
from saccade.analysis.stats.swapping import swap_p
from saccade.analysis.stats.within import averaged, difference, influence, weights


@dataclass(frozen=True)
class Groups:
    """Rows, each in a group, a cluster and a stratum; every stratum has rows of both groups."""

    values: Floats
    first: Bools
    cluster: Codes
    """Numbers from 0 without gaps, as those of `stratum`."""
    stratum: Codes
    kept: Bools | None = None
    """The clusters that no test rearranges."""

    @property
    def strata(self) -> list[tuple[Floats, Floats]]:
        """The values of either group, stratum by stratum."""
        return [
            (self.values[one & self.first], self.values[one & ~self.first])
            for one in (self.stratum == k for k in range(int(self.stratum.max(initial=-1)) + 1))
        ]

    @cached_property
    def sums(self) -> Floats:
        """Clusters by strata by four: values and rows of the first group, then of the second."""
        return self._sums_of(self.values)

    def _sums_of(self, values: Floats) -> Floats:
        a, strata = self.first.astype(np.float64), int(self.stratum.max(initial=-1)) + 1
        parts = np.column_stack([a * values, a, (1 - a) * values, 1 - a])
        sums = np.zeros(((int(self.cluster.max(initial=-1)) + 1) * strata, 4))
        found = per_cluster(parts, self.cluster * strata + self.stratum)
        sums[: len(found)] = found
        return sums.reshape(-1, strata, 4)

    @cached_property
    def bundled(self) -> "Groups":
        """The same rows with at most some 2,000 clusters, of very many some bundled at random.

        Clusters of one group, of the other and of both are bundled apart. A test deals groups among
        units that are alike, so of the larger group no more clusters take part than can be bundled
        as the smaller one's are; the others are kept in it.
        """
        if len(self.sums) <= BUNDLES:
            return self
        kind, kept = self._kinds()
        number = bundles(kind)
        bundle_kept = np.zeros(int(number.max()) + 1, dtype=bool)
        bundle_kept[number[kept]] = True
        return replace(self, cluster=number[self.cluster], kept=bundle_kept)

    def _kinds(self) -> tuple[Codes, Bools]:
        """A number for the clusters that may be bundled with each other, and which are kept."""
        rows = self.sums[..., [1, 3]] > 0
        there = np.asarray(rows.any(axis=1))
        home = np.asarray(rows.any(axis=2)).argmax(axis=1)
        group = 2 * there[:, 0] + there[:, 1] - 1
        kept = np.zeros(len(rows), dtype=bool)
        part = BUNDLES // (4 * rows.shape[1])
        order = np.random.default_rng(1).permutation(len(rows))
        for stratum in range(rows.shape[1]):
            pure = [order[(home[order] == stratum) & (group[order] == one)] for one in (0, 1)]
            less = max(part, min(map(len, pure)))
            kept[np.concatenate([each[less:] for each in pure])] = True
        kind = (home * 3 + group) * 2 + kept
        return np.unique(kind, return_inverse=True)[1], kept

    def clusters_of_each(self) -> tuple[int, int]:
        """In how many clusters either group occurs."""
        occurs = self.sums[..., [1, 3]].max(axis=1) > 0
        return int(occurs[:, 0].sum()), int(occurs[:, 1].sum())

    def mean_difference(self, counts: Floats) -> Floats:
        """For each draw of clusters, the first group's mean less the second's."""
        return difference(self._totals(counts))

    def _totals(self, counts: Floats) -> Floats:
        """For each draw of clusters, the four sums of each stratum."""
        totals = counts @ self.sums.reshape(len(self.sums), -1)
        return totals.reshape(len(counts), *self.sums.shape[1:])

    def median_difference(self, counts: Floats) -> Floats:
        """For each draw of clusters, the first group's median less the second's."""
        strata = [self.stratum == one for one in range(self.sums.shape[1])]
        found = [
            self._medians(counts, self.first & one) - self._medians(counts, ~self.first & one)
            for one in strata
        ]
        return averaged(np.stack(found, axis=-1), weights(self._totals(counts)))

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
        varies = np.abs(parts.sum(axis=1)).max() > ROUNDING * np.abs(self.values).max()
        if not varies:
            return 0.0
        each = squares**2 / np.maximum(np.array(self.clusters_of_each()) - 1, 1)
        return float(min(len(self.sums) - 1, squares.sum() ** 2 / each.sum()))

    def _contributions(self) -> Floats:
        """What each cluster adds to the difference by either group, as if it were one of many."""
        parts = self.sums * influence(self.sums.sum(axis=0))
        by_group = parts.reshape(*parts.shape[:2], 2, 2).sum(axis=(1, 3))
        return np.asarray(by_group * len(self.sums))

    def mean_p(self, seed: int) -> float:
        """P of the difference of the means."""
        return swap_p(self.sums, kept=self.kept, seed=seed)

    def median_p(self, seed: int) -> float:
        """P of the difference of the medians: of the shares above the common median (Mood)."""
        above = np.zeros_like(self.values)
        for one in range(self.sums.shape[1]):
            rows = self.stratum == one
            above[rows] = (np.sign(self.values[rows] - np.median(self.values[rows])) + 1) / 2
        return swap_p(self._sums_of(above), kept=self.kept, seed=seed)
