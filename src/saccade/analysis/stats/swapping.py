"""Two groups of clusters rearranged: every cluster is as it is, or has its groups exchanged.

If the groups do not differ, the data so rearranged are as likely as those given. Clusters in both
groups are exchanged by the toss of a coin; those in one alone have the groups dealt anew among
them, as many to either as before. Without the latter this is the paired test, without the former
the shuffle of two groups.
"""

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from saccade.analysis.stats.resampling import ARRANGEMENTS, ROUNDING, Bools, Floats, chunks, share
from saccade.analysis.stats.within import difference, influence


def swap_p(sums: Floats, *, kept: Bools | None = None, seed: int = 0) -> float:
    """How often two groups differ as they do, over all ways to rearrange the clusters.

    `sums` is clusters by strata by four: values and rows of the first group, then of the second.
    Groups are dealt within the stratum in which a cluster first has rows; clusters that are `kept`
    stay as they are. What is compared is the difference within strata over its cluster-robust
    standard error, so that groups of unequal spread do not pass for groups of unequal means.
    """
    sums = _centred(sums)
    first, second = (sums[..., each].max(axis=1) > 0 for each in (1, 3))
    moved = _moved(sums) if kept is None else _moved(sums) & ~kept
    home = np.where(first & second, -1, (sums[..., [1, 3]].max(axis=2) > 0).argmax(axis=1))
    parts = [np.flatnonzero(moved & (home == one)) for one in range(-1, sums.shape[1])]
    tossed, decks = len(parts[0]), [first[part] for part in parts[1:]]
    sums = sums[np.concatenate([*parts, np.flatnonzero(~moved)])]
    count = 2**tossed * math.prod(math.comb(len(deck), int(deck.sum())) for deck in decks)
    arranged = _every(tossed, decks) if count <= ARRANGEMENTS else _random(tossed, decks, seed)
    least = _studentised(sums, np.zeros((1, len(moved))))[0] * (1 - ROUNDING) - ROUNDING
    far, taken = 0, 0
    for swapped in arranged:
        still = np.zeros((len(swapped), int((~moved).sum())))
        far += int((_studentised(sums, np.hstack([swapped, still])) >= least).sum())
        taken += len(swapped)
    return share(far, taken, exact=count)


def _centred(sums: Floats) -> Floats:
    """The sums with values taken from the mean of their stratum; what is left of rounding is 0."""
    whole = sums[..., [0, 2]].sum(axis=(0, 2)), sums[..., [1, 3]].sum(axis=(0, 2))
    values = sums[..., [0, 2]] - (whole[0] / whole[1])[:, None] * sums[..., [1, 3]]
    values[np.abs(values) <= ROUNDING * np.abs(sums[..., [0, 2]]).max()] = 0
    found = sums.copy()
    found[..., [0, 2]] = values
    return found


def _exchanged(sums: Floats) -> Floats:
    """The sums of the first group in the place of the second's, and these in theirs."""
    return sums[..., [2, 3, 0, 1]]


def _moved(sums: Floats) -> Bools:
    """The clusters that are not the same when their groups are exchanged."""
    by = np.abs(sums - _exchanged(sums))
    values, rows = by[..., 0].max(axis=1), by[..., 1].max(axis=1)
    return np.asarray((values > ROUNDING * values.max()) | (rows > 0))


def _studentised(sums: Floats, swapped: Floats) -> Floats:
    """How far from 0 the difference is, in standard errors, for each row of exchanged clusters."""
    shape = (len(swapped), *sums.shape[1:])
    given, other = (each.reshape(len(sums), -1) for each in (sums, _exchanged(sums)))
    totals = (given.sum(axis=0) + swapped @ (other - given)).reshape(shape)
    behind = np.maximum((sums[..., [1, 3]].max(axis=1) > 0).sum(axis=0), 2)
    part = influence(totals) * np.repeat(np.sqrt(behind / (behind - 1)), 2)
    moves = part.reshape(len(swapped), -1)
    parts = moves @ (other - given).T
    parts *= swapped
    parts += moves @ given.T
    variance = np.einsum("ij,ij->i", parts, parts)
    scale = np.abs(part[..., [0, 2]]).max(axis=(1, 2)) * np.abs(sums[..., [0, 2]]).max()
    floor = np.maximum(ROUNDING * scale, 1e-150)
    far = np.abs(difference(totals)) / np.sqrt(np.maximum(variance, floor**2))
    return np.asarray(np.nan_to_num(far))


def _every(tossed: int, decks: list[Bools]) -> Iterator[Floats]:
    """All arrangements at once: every pattern of tosses with every way to deal each deck."""
    blocks = [np.arange(2**tossed)[:, None] >> np.arange(tossed) & 1]
    for deck in decks:
        chosen = list(combinations(range(len(deck)), int(deck.sum())))
        dealt = np.zeros((len(chosen), len(deck)), dtype=bool)
        np.put_along_axis(dealt, np.array(chosen, dtype=np.int64), True, axis=1)
        blocks.append(dealt != deck)
    ways = np.indices([len(block) for block in blocks]).reshape(len(blocks), -1)
    yield np.hstack([block[way] for block, way in zip(blocks, ways, strict=True)]).astype(float)


def _random(tossed: int, decks: list[Bools], seed: int) -> Iterator[Floats]:
    """Random tosses and deals."""
    rng = np.random.default_rng(seed)
    for size in chunks(ARRANGEMENTS, tossed + sum(map(len, decks))):
        blocks = [rng.integers(2, size=(size, tossed), dtype=np.int8)]
        blocks += [_dealt(deck, size, rng) != deck for deck in decks if len(deck)]
        yield np.hstack(blocks).astype(float)


def _dealt(deck: Bools, times: int, rng: np.random.Generator) -> Bools:
    """As many in the first group as there are, many times over: those of the smallest lots."""
    lots = rng.integers(2**32, size=(times, len(deck)), dtype=np.uint32)
    last = max(int(deck.sum()) - 1, 0)
    return np.asarray(lots <= np.partition(lots, last, axis=1)[:, [last]]) & deck.any()
