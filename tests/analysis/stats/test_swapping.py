"""Rearranged clusters: every arrangement by a loop, scipy's shuffles and pairs, the size of p."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from saccade.analysis.stats import compare_groups, resampling
from saccade.analysis.stats.resampling import sign_flip_p
from saccade.analysis.stats.swapping import swap_p

VALUES = np.random.default_rng(0).normal(1, 2, 80)


def welch(a, b, axis=-1):
    spread = a.var(axis, ddof=1) / a.shape[axis] + b.var(axis, ddof=1) / b.shape[axis]
    return (a.mean(axis) - b.mean(axis)) / np.sqrt(spread)


def apart(values, sizes, first):
    """Clusters in one group each, all of one stratum."""
    columns = [first * values, first * sizes, ~first * values, ~first * sizes]
    return np.column_stack(columns)[:, None].astype(float)


def by_least_squares(values, first, cluster, stratum):
    """The difference over its robust standard error, with a column for each stratum."""
    design = np.column_stack([first, *(stratum == one for one in np.unique(stratum))]).astype(float)
    bread = np.linalg.inv(design.T @ design)
    found = bread @ design.T @ values
    rest = values - design @ found
    factor = np.ones(len(values))
    for group in (first, ~first):
        n = len(np.unique(cluster[group]))
        factor[group] = np.sqrt(n / (n - 1))
    leaning = (design @ bread)[:, 0] * rest * factor
    parts = [leaning[cluster == one].sum() for one in np.unique(cluster)]
    return abs(found[0]) / np.sqrt(np.sum(np.square(parts)))


def test_shuffles_of_few_are_scipys_exact_ones():
    a, b = VALUES[:5], VALUES[5:11] + 1
    theirs = stats.permutation_test(
        (a, b),
        lambda a, b, axis: np.abs(welch(a, b, axis)),
        permutation_type="independent",
        vectorized=True,
        alternative="greater",
    )
    values, first = np.concatenate([a, b]), np.arange(11) < 5
    assert swap_p(apart(values, np.ones(11), first)) == pytest.approx(theirs.pvalue)
    wide = np.arange(80) < 30
    close = stats.ttest_ind(VALUES[wide], VALUES[~wide], equal_var=False).pvalue
    assert swap_p(apart(VALUES, np.ones(80), wide)) == pytest.approx(close, abs=0.02)


def test_pairs_are_flipped_as_pairs_are():
    other = VALUES[::-1] + 0.4
    for n in (9, 80):
        both = np.column_stack([VALUES[:n], np.ones(n), other[:n], np.ones(n)])[:, None]
        assert swap_p(both) == pytest.approx(sign_flip_p((VALUES - other)[:n]))


def test_every_deal_in_two_strata_by_a_loop():
    rng = np.random.default_rng(4)
    first = np.r_[1, 1, 0, 0, 0, 1, 1, 0, 0].astype(bool)
    stratum, cluster = (np.arange(9) >= 5).astype(int), np.arange(9)
    values = rng.exponential(size=9) + 2.0 * stratum + 0.8 * first
    told = []
    for one, two in product(combinations(range(5), 2), combinations(range(5, 9), 2)):
        dealt = np.isin(cluster, [*one, *two])
        told.append(by_least_squares(values, dealt, cluster, stratum))
    observed = by_least_squares(values, first, cluster, stratum)
    found = compare_groups(values, first, stratum=stratum)
    assert found.p == pytest.approx(np.mean(np.array(told) >= observed * (1 - 1e-9)))


def test_every_toss_by_a_loop():
    """Clusters of unequal size with as many rows in either group, some of them in two strata."""
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(8), [1, 2, 3, 1, 2, 1, 2, 1])
    stratum = np.r_[0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0].tolist() * 2
    cluster, stratum = np.tile(cluster, 2), np.array(stratum)
    first = np.arange(26) < 13
    values = rng.exponential(size=26) + 2.0 * stratum + 0.6 * first
    told = [
        by_least_squares(values, first ^ np.isin(cluster, np.flatnonzero(tosses)), cluster, stratum)
        for tosses in product((0, 1), repeat=8)
    ]
    observed = by_least_squares(values, first, cluster, stratum)
    found = compare_groups(values, first, cluster=cluster, stratum=stratum)
    assert found.p == pytest.approx(np.mean(np.array(told) >= observed * (1 - 1e-9)))


def test_questions_in_one_group_count_beside_those_in_both():
    """Levels tell the groups apart, contrasts do not: p and the interval answer the same."""
    rng = np.random.default_rng(6)
    level = np.r_[rng.normal(1, 0.5, 30), rng.normal(0, 0.5, 30)]
    item = np.r_[np.arange(60), np.arange(30, 60)]
    values = level[item] + rng.normal(0, 0.1, 90)
    found = compare_groups(values, np.arange(90) < 60, item=item)
    assert found.low > 0.2 and found.p < 0.01


def test_random_arrangements_find_what_all_of_them_do(monkeypatch):
    first = np.arange(12) < 4
    sums = apart(VALUES[:12], np.ones(12), first)
    sums[0, 0, 2:] = 1.2, 1
    exact = swap_p(sums)
    monkeypatch.setattr("saccade.analysis.stats.swapping.ARRANGEMENTS", 300)
    assert swap_p(sums) == pytest.approx(exact, abs=0.06)
    monkeypatch.setattr(resampling, "CHUNK", 100)
    assert 0 < swap_p(sums) <= 1


def test_clusters_move_whole_and_nothing_moves_nowhere():
    # two clusters a group: of the six deals two are as far apart, the one given and its mirror
    sums, sizes = np.array([8.0, 9.9, 2.0, 1.0]), np.array([4.0, 5.0, 4.0, 2.0])
    first = np.array([True, True, False, False])
    assert swap_p(apart(sums, sizes, first)) == pytest.approx(1 / 3)
    assert swap_p(apart(np.full(6, 0.3), np.ones(6), np.arange(6) < 3)) == 1
    assert swap_p(apart(VALUES, np.ones(80), np.arange(80) < 9), kept=np.ones(80, bool)) == 1


def test_one_question_in_both_groups_makes_no_false_claims():
    """Skewed values, 12 questions against 100: where all signs are flipped, 12 % cry wolf."""
    rng = np.random.default_rng(1)
    cried = []
    for _ in range(100):
        sums = apart(rng.lognormal(size=113), np.ones(113), np.arange(113) < 13)
        sums[0, 0, 2:] = rng.lognormal(), 1
        cried.append(swap_p(sums) < 0.05)
    assert np.mean(cried) < 0.085
