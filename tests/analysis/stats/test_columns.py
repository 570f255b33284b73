"""Many means at once: each as if it were alone, by plain loops."""

import numpy as np
import pytest

from saccade.analysis.stats import mean_with_interval
from saccade.analysis.stats.columns import column_intervals, mean_columns, mean_of_strata


def test_each_column_is_as_if_it_were_alone() -> None:
    """Clusters of unequal size, one of them without the second column."""
    rng = np.random.default_rng(5)
    rows = [[rng.normal(size=rng.integers(1, 5)) for _ in range(20)] for _ in range(2)]
    rows[1][4] = np.array([])
    sums = np.array([[each.sum() for each in column] for column in rows]).T
    sizes = np.array([[float(len(each)) for each in column] for column in rows]).T
    mean, low, high = mean_columns(sums, sizes)
    for number, column in enumerate(rows):
        assert mean[number] == pytest.approx(np.concatenate(column).mean())
    cluster = np.repeat(np.arange(20), [len(each) for each in rows[0]])
    alone = mean_with_interval(np.concatenate(rows[0]), cluster=cluster)
    assert (low[0], high[0]) == pytest.approx((alone.low, alone.high))
    assert low[1] < mean[1] < high[1]


def test_what_has_no_interval() -> None:
    """Seven clusters, clusters that do not differ, and none at all."""
    sums, sizes = np.ones((9, 3)), np.ones((9, 3))
    sums[:, 0], sizes[:2, 0] = np.arange(9), 0
    sizes[:, 2], sums[:, 2] = 0, 0
    mean, low, high = mean_columns(sums, sizes)
    assert mean[1] == 1 and np.isnan(mean[2])
    assert np.isnan(low).all() and np.isnan(high).all()


def test_any_statistic_of_the_draws() -> None:
    """The interval of a difference of columns lies around it, and needs clusters with both."""
    sums = np.random.default_rng(1).normal((1.0, 0.0), size=(40, 2))

    def difference(counts: np.ndarray) -> np.ndarray:
        means = (counts @ sums) / counts.sum(axis=1, keepdims=True)
        return means[:, :1] - means[:, 1:]

    low, high = column_intervals(difference, np.ones((40, 1), dtype=bool))[:, 0]
    assert low < sums[:, 0].mean() - sums[:, 1].mean() < high
    assert np.isnan(column_intervals(difference, np.zeros((40, 1), dtype=bool))).all()


def test_of_very_many_clusters_some_are_drawn_together() -> None:
    """The mean is the same, and the interval as wide as theory says."""
    values = np.random.default_rng(2).exponential(size=(9001, 1))
    mean, low, high = mean_columns(values, np.ones_like(values))
    assert mean[0] == pytest.approx(values.mean())
    error = values.std() / np.sqrt(len(values))
    assert (high[0] - low[0]) / (2 * 1.96 * error) == pytest.approx(1, abs=0.08)


def test_strata_weigh_the_same_however_large() -> None:
    """The mean of two means by hand; as wide as theory says; none with a stratum of few."""
    rng = np.random.default_rng(3)
    of = np.repeat([0, 1], [300, 40])
    values, sums, sizes = rng.normal(of, 1 + of), np.zeros((340, 2, 1)), np.zeros((340, 2, 1))
    sums[np.arange(340), of, 0], sizes[np.arange(340), of, 0] = values, 1
    mean, low, high = mean_of_strata(sums, sizes)
    parts = values[of == 0], values[of == 1]
    assert mean[0] == pytest.approx((parts[0].mean() + parts[1].mean()) / 2)
    error = np.sqrt(sum(part.var() / len(part) for part in parts)) / 2
    assert (high[0] - low[0]) / (2 * 1.96 * error) == pytest.approx(1, abs=0.08)
    assert np.isnan(mean_of_strata(sums[:306], sizes[:306])[1:]).all()
    assert mean_of_strata(sums[:300], sizes[:300])[0] == pytest.approx(parts[0].mean())


def test_no_columns_give_no_numbers():
    for shape in ((2, 0), (20, 0)):
        assert [len(each) for each in mean_columns(np.zeros(shape), np.ones(shape))] == [0, 0, 0]
