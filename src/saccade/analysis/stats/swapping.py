"""Two groups of clusters rearranged, as may be if the groups do not differ.

A cluster has a level, its rows' mean, a share of rows in the first group, and a contrast, which is
what its two groups differ by. Shares are dealt anew among the clusters of a stratum, each with its
contrast, and a coin decides the contrast's sign. Where clusters are in one group alone this is the
shuffle of two groups; where all have the same share, as with pairs, there is nothing to deal and
signs are flipped.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from saccade.analysis.stats.resampling import ARRANGEMENTS, ROUNDING, Bools, Floats, chunks, share
from saccade.analysis.stats.within import difference, influence

Places = NDArray[np.int64]
Arranged = tuple[Places, Floats]
"""Arrangements by clusters: whose share and contrast a cluster gets, and the contrast's sign."""


def swap_p(sums: Floats, *, kept: Bools | None = None, seed: int = 0) -> float:
    """How often two groups differ as they do, over all ways to rearrange the clusters.

    `sums` is clusters by strata by four: values and rows of the first group, then of the second.
    A cluster is dealt to in the stratum in which it first has rows; those that are `kept` stay as
    they are. What is compared is the difference within strata over its cluster-robust standard
    error, so that groups of unequal spread do not pass for groups of unequal means.
    """
    parts = _Parts(sums)
    free = np.ones(len(sums), dtype=bool) if kept is None else ~kept
    tossed = np.flatnonzero(free & parts.contrast.any(axis=1))
    decks = [np.flatnonzero(free & (parts.home == one)) for one in range(sums.shape[1])]
    decks = [deck for deck in decks if (parts.share[deck] != parts.share[deck[:1]]).any()]
    count = 2 ** len(tossed) * math.prod(parts.deals(deck) for deck in decks)
    arranged = (
        parts.every(tossed, decks) if count <= ARRANGEMENTS else parts.random(tossed, decks, seed)
    )
    as_is = np.arange(len(sums))[None], np.ones((1, len(sums)))
    least = parts.studentised(as_is)[0] * (1 - ROUNDING) - ROUNDING
    found = np.concatenate([parts.studentised(each) for each in arranged])
    extreme = int((found >= least).sum())
    return share(extreme, len(found), exact=count <= ARRANGEMENTS)


@dataclass(frozen=True)
class _Parts:
    """Clusters taken apart into level, share and contrast, per stratum."""

    sums: Floats

    @cached_property
    def rows(self) -> Floats:
        return np.asarray(self.sums[..., 1] + self.sums[..., 3])

    @cached_property
    def values(self) -> Floats:
        """Sums of both groups, taken from the mean of their stratum."""
        both = self.sums[..., 0] + self.sums[..., 2]
        return self._rounded(both - self.rows * (both.sum(axis=0) / self.rows.sum(axis=0)))

    @cached_property
    def share(self) -> Floats:
        """Which part of its rows is in the first group; where it has none, as in all strata."""
        first, rows = self.sums[..., 1], self.rows
        whole = (first.sum(axis=1) / rows.sum(axis=1))[:, None]
        return np.where(rows > 0, first / np.maximum(rows, 1), whole)

    @cached_property
    def contrast(self) -> Floats:
        """What the first group's sum has more than its share."""
        both = self.sums[..., 0] + self.sums[..., 2]
        return self._rounded(self.sums[..., 0] - self.share * both)

    def _rounded(self, found: Floats) -> Floats:
        """Zeros for what is left of rounding."""
        least = ROUNDING * np.abs(self.sums[..., [0, 2]]).max()
        return np.where(np.abs(found) <= least, 0, found)

    @cached_property
    def home(self) -> Places:
        """The stratum in which a cluster first has rows."""
        return np.asarray((self.rows > 0).argmax(axis=1))

    @cached_property
    def gains(self) -> Floats:
        """Standard errors of few clusters are too small by this, for either group."""
        behind = np.maximum((self.sums[..., [1, 3]].max(axis=1) > 0).sum(axis=0), 2)
        return np.repeat(np.sqrt(behind / (behind - 1)), 2)

    def studentised(self, arranged: Arranged) -> Floats:
        """How far from 0 the difference is, in standard errors, in each arrangement."""
        donor, sign = arranged
        shares = [each[donor] for each in self.share.T]
        contrasts = [
            each[donor] * sign * (rows > 0)
            for each, rows in zip(self.contrast.T, self.rows.T, strict=True)
        ]
        totals = self._totals(shares, contrasts)
        moves = influence(totals) * self.gains
        parts = np.zeros(donor.shape)
        for stratum in range(len(shares)):
            own = np.stack([self.values[:, stratum], self.rows[:, stratum]])
            first, second = moves[:, stratum, :2], moves[:, stratum, 2:]
            shares[stratum] *= (first - second) @ own
            contrasts[stratum] *= (first - second)[:, :1]
            parts += shares[stratum]
            parts += contrasts[stratum]
            parts += second @ own
        variance = np.einsum("ij,ij->i", parts, parts)
        scale = np.abs(moves[..., [0, 2]]).max(axis=(1, 2)) * np.abs(self.values).max()
        floor = np.maximum(ROUNDING * scale, 1e-150)
        far = np.abs(difference(totals)) / np.sqrt(np.maximum(variance, floor**2))
        return np.asarray(np.nan_to_num(far))

    def _totals(self, shares: list[Floats], contrasts: list[Floats]) -> Floats:
        """The four sums of each stratum in each arrangement."""
        found = []
        columns = zip(shares, contrasts, self.values.T, self.rows.T, strict=True)
        for part, contrast, values, rows in columns:
            a, n = part @ values + contrast.sum(axis=1), part @ rows
            found.append(np.column_stack([a, n, values.sum() - a, rows.sum() - n]))
        return np.stack(found, axis=1)

    def deals(self, deck: Places) -> int:
        """How many ways there are to deal a deck; too many where clusters are in both groups."""
        whole = self.share[deck].mean(axis=1)
        pure = np.isin(self.share[deck], (0, 1)).all() and np.isin(whole, (0, 1)).all()
        return math.comb(len(deck), int(whole.sum())) if pure else ARRANGEMENTS + 1

    def every(self, tossed: Places, decks: list[Places]) -> Iterator[Arranged]:
        """All arrangements at once: every pattern of signs with every way to deal each deck."""
        signs = 1 - 2 * (np.arange(2 ** len(tossed))[:, None] >> np.arange(len(tossed)) & 1)
        blocks = [signs, *(self._dealt_in_all_ways(deck) for deck in decks)]
        ways = np.indices([len(block) for block in blocks]).reshape(len(blocks), -1)
        donor = np.tile(np.arange(len(self.sums)), (ways.shape[1], 1))
        sign = np.ones(donor.shape)
        sign[:, tossed] = signs[ways[0]]
        for deck, block, way in zip(decks, blocks[1:], ways[1:], strict=True):
            donor[:, deck] = block[way]
        yield donor, sign

    def _dealt_in_all_ways(self, deck: Places) -> Places:
        """Who has whose share, for each choice of those that are in the first group."""
        first = self.share[deck].mean(axis=1) == 1
        chosen = list(combinations(range(len(deck)), int(first.sum())))
        found = np.full((len(chosen), len(deck)), deck[~first][0])
        places = np.array(chosen, dtype=np.int64)
        np.put_along_axis(found, places, np.full(places.shape, deck[first][0]), axis=1)
        return found

    def random(self, tossed: Places, decks: list[Places], seed: int) -> Iterator[Arranged]:
        """Random signs and deals."""
        rng = np.random.default_rng(seed)
        for size in chunks(ARRANGEMENTS, self.rows.size):
            donor = np.tile(np.arange(len(self.sums)), (size, 1))
            width = len(self.sums) if len(tossed) else 1
            sign = np.asarray(1.0 - 2.0 * rng.integers(2, size=(size, width), dtype=np.int8))
            for deck in decks:
                lots = rng.integers(2**32, size=(size, len(deck)), dtype=np.uint32)
                donor[:, deck] = deck[lots.argsort(axis=1)]
            yield donor, sign
