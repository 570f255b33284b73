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

        A test deals groups among units that are alike: clusters that take part are bundled by as
        many, and not at all where a group has few. Of those in the larger group alone only as many
        take part as the smaller group has, or some hundreds; the others are kept in it.
        """
        n, strata, _ = self.sums.shape
        if n <= BUNDLES:
            return self
        rows = self.sums[..., [1, 3]] > 0
        home, there = rows.max(axis=2).argmax(axis=1), rows.max(axis=1)
        part = max(1, BUNDLES // (3 * strata))
        kept = np.concatenate([self._kept(there, home == one, part) for one in range(strata)])
        group = np.where(np.isin(np.arange(n), kept), 3, 2 * there[:, 0] + there[:, 1] - 1)
        sizes = np.bincount(home * 4 + group, minlength=4 * strata).reshape(strata, 4)
        together = np.repeat(sizes[:, :3].sum(axis=1) / (2 * part), 4).reshape(strata, 4)
        together[:, 3] = sizes[:, 3] / part
        number = bundles(home * 4 + group, together.ravel())
        stay = np.zeros(int(number.max()) + 1, dtype=bool)
        stay[number[kept]] = True
        return replace(self, cluster=number[self.cluster], kept=stay)

    @staticmethod
    def _kept(there: Bools, here: Bools, part: int) -> Codes:
        """The clusters of a stratum that take no part in the test, drawn at random."""
        large = int(there[here, 1].sum() > there[here, 0].sum())
        alone = np.flatnonzero(here & ~there[:, 1 - large])
        small = int(there[here, 1 - large].sum())
        return np.random.default_rng(1).permutation(alone)[max(part, small) :]

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
