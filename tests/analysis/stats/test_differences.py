"""Differences by hand, what they count, and what degenerate input gets."""

import math
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from saccade.analysis.stats import compare_groups, compare_pairs, mean_with_interval
from saccade.analysis.stats.groups import Groups
from saccade.analysis.stats.resampling import bootstrap
from saccade.errors import SaccadeError

RNG = np.random.default_rng(0)
N = 60
VALUES = RNG.normal(size=N)
FIRST = RNG.random(N) < 0.6


def test_values_and_counts_by_hand():
    found = compare_groups(
        [1.0, 3.0, 5.0, 2.0, 0.0, math.nan],
        [True, True, True, False, False, False],
        item=["a", "b", "c", "a", "d", "e"],
        cluster=["x", "x", "y", "x", "y", "z"],
    )
    assert found.value == 2
    assert (found.first, found.second, found.both) == (3, 2, 1)
    assert (found.items, found.clusters) == (4, 2)
    assert found.cliffs_delta == pytest.approx(4 / 6)
    assert found.note == (
        "no interval: there are 2 clusters in the smaller group, of 8 needed; "
        "1 value not a number, left out"
    )


def test_medians_by_hand_and_by_a_loop():
    assert compare_groups([1.0, 3, 9, 2, 4], [1, 1, 1, 0, 0], statistic="median").value == 0
    cluster = RNG.integers(0, 12, N)
    rows = Groups(VALUES, FIRST, np.unique(cluster, return_inverse=True)[1], np.zeros(N, int))
    drawn = []

    def both(counts):
        drawn.append(counts)
        return rows.median_difference(counts)

    found = bootstrap(both, len(rows.sums))
    for counts, difference in list(zip(drawn[0], found, strict=False))[:50]:
        often = counts[rows.cluster].astype(int)
        a, b = (np.repeat(VALUES[g], often[g]) for g in (FIRST, ~FIRST))
        assert difference == pytest.approx(np.median(a) - np.median(b))


def test_the_same_items_in_both_groups_are_pairs():
    other = VALUES + RNG.normal(0.3, 1, N)
    item = np.tile(np.arange(N), 2)
    groups = compare_groups(np.r_[VALUES, other], np.arange(2 * N) < N, item=item)
    pairs = compare_pairs(VALUES, other)
    for name in ("value", "low", "high", "p", "items", "clusters"):
        assert getattr(groups, name) == pytest.approx(getattr(pairs, name)), name


def test_unclustered_numbers_are_the_textbooks():
    apart = compare_groups(VALUES, FIRST)
    textbook = stats.ttest_ind(VALUES[FIRST], VALUES[~FIRST], equal_var=False)
    assert (apart.low, apart.high) == pytest.approx(textbook.confidence_interval(), abs=0.08)
    assert apart.p == pytest.approx(textbook.pvalue, abs=0.02)
    mean = mean_with_interval(VALUES)
    ends = stats.t.interval(0.95, N - 1, VALUES.mean(), stats.sem(VALUES))
    assert (mean.low, mean.high) == pytest.approx(ends, abs=0.03)


def test_copies_of_a_row_add_nothing():
    """Ten copies of each item in its cluster: the same interval and the same p."""
    once = compare_groups(VALUES, FIRST, cluster=np.arange(N) // 2)
    copies = [np.repeat(each, 10) for each in (VALUES, FIRST, np.arange(N) // 2)]
    ten = compare_groups(copies[0], copies[1], cluster=copies[2])
    for name in ("value", "low", "high", "p", "clusters"):
        assert getattr(ten, name) == pytest.approx(getattr(once, name)), name


def test_of_very_many_clusters_some_are_bundled():
    """6,000 questions of two tasks: 9 in both groups, 5 of the second task in the first alone."""
    rng = np.random.default_rng(6)
    item = np.r_[np.arange(6000), np.arange(9)]
    stratum = (item >= 3000).astype(int)
    first = np.r_[np.arange(6000) % 2 == 0, np.zeros(9, bool)]
    first[(stratum == 1) & (item >= 3005)] = False
    first[:9] = first[3000:3005] = True
    values = rng.exponential(size=len(item))
    rows = Groups(values, first, item, stratum)
    small = rows.bundled
    assert len(small.sums) <= 2000
    number = np.empty(6000, int)
    number[item] = small.cluster
    alone, sizes = np.flatnonzero(np.bincount(number) == 1), np.bincount(number[:3000])
    assert set(number[3000:3005]) <= set(alone)
    assert set(sizes[sizes > 0]) == {4, 5}
    mixed = small.sums[..., [1, 3]].any(axis=1).all(axis=1)
    assert set(np.flatnonzero(mixed)) == set(number[:9])
    assert (small.sums[..., [1, 3]].any(axis=2).sum(axis=1) == 1).all()
    dealt = number[3005:][~small.kept[number[3005:]]]
    assert len(dealt) == 333 and set(dealt) <= set(alone)
    assert small.mean_difference(np.ones((1, len(small.sums)))) == pytest.approx(
        rows.mean_difference(np.ones((1, 6000)))
    )
    found = compare_groups(values, first, item=item, stratum=stratum)
    assert found.clusters == 6000 and 0.05 < found.p < 1
    error = np.sqrt(values.var() * (1 / 1500 + 1 / 1500))
    assert (found.high - found.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.1)
    pairs = compare_pairs(values[:6000], np.ones(6000))
    assert pairs.clusters == 6000
    assert pairs.p == pytest.approx(stats.ttest_1samp(values[:6000], 1).pvalue, abs=0.05)


def test_the_same_input_gives_the_same_numbers():
    assert asdict(compare_groups(VALUES, FIRST)) == asdict(compare_groups(VALUES, FIRST))
    assert compare_groups(VALUES, FIRST).low != compare_groups(VALUES, FIRST, seed=1).low


@pytest.mark.parametrize(
    ("values", "first", "note"),
    [
        ([], [], "both groups are empty"),
        ([1.0, 2.0], [1, 1], "the second group is empty"),
        ([math.nan, 2.0], [1, 0], "the first group is empty; 1 value not a number"),
        ([1.0, 2.0], [1, 0], "there is 1 cluster in the smaller group, of 8 needed"),
        ([0.3] * 40, [1, 0] * 20, "the clusters do not differ"),
        ([math.inf] * 20, [1, 0] * 10, "20 values not a number, left out"),
    ],
)
@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_no_interval_and_why(values, first, note, statistic):
    found = compare_groups(values, first, statistic=statistic)
    assert math.isnan(found.low) and math.isnan(found.high)
    assert note in found.note


def test_one_cluster_and_no_spread():
    one = compare_groups([1.0, 2.0, 3.0], [1, 0, 1], cluster=["x"] * 3)
    assert one.value == 0 and math.isnan(one.p)
    assert one.note == "no interval: there is 1 cluster, of 8 needed"
    same = compare_groups([0.3] * 40, [1, 0] * 20)
    assert (same.value, same.p) == (pytest.approx(0), 1)
    shifted = compare_pairs(np.ones(12), np.zeros(12))
    assert (shifted.value, shifted.p) == (1, 2 / 2**12)
    assert shifted.note == "no interval: the clusters do not differ"
    assert math.isnan(mean_with_interval([]).value)
    assert mean_with_interval([2.0]).value == 2
    assert math.isnan(compare_pairs([1.0], [0.0]).p)


def test_labels_must_fit():
    with pytest.raises(SaccadeError, match="got 60 values and 2 labels"):
        compare_groups(VALUES, FIRST, cluster=["a", "b"])
    with pytest.raises(SaccadeError, match="must be in one cluster"):
        compare_groups([1.0, 2.0], [1, 0], item=["a", "a"], cluster=["x", "y"])
