"""Rank correlation: scipy's value, strata apart, clusters whole, its level under the null."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from saccade.analysis.stats import rank_correlation
from saccade.analysis.stats.correlations import _influence, _interval, _ranks


def test_the_value_is_spearmans_with_ties_and_gaps() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 8, 50).astype(float)
    y = x + rng.normal(0, 3, 50)
    y[4] = np.nan
    found = rank_correlation(x, y)
    known = np.isfinite(y)
    assert found.value == pytest.approx(spearmanr(x[known], y[known]).statistic)
    assert found.low < found.value < found.high and found.p < 0.05
    assert found.items == 49 and "1 value not a number" in found.note


def test_differences_between_strata_are_none_within_them() -> None:
    rng = np.random.default_rng(1)
    stratum = np.repeat(["a", "b"], 40)
    x, y = rng.normal(size=(2, 80)) + 10 * (stratum == "b")
    assert rank_correlation(x, y).value > 0.6
    assert abs(rank_correlation(x, y, stratum=stratum).value) < 0.3


def test_what_does_not_vary_has_no_correlation() -> None:
    found = rank_correlation([1, 2, 3], [5, 5, 5])
    assert np.isnan(found.value) and "does not vary" in found.note
    few = rank_correlation([1, 2, 3], [1, 3, 2])
    assert few.value == pytest.approx(0.5) and np.isnan(few.low)
    assert "3 clusters of 8 needed" in few.note


def test_intervals_hold_the_truth_and_tests_keep_their_level() -> None:
    """Clusters of one to three items that are alike, rho 0 and about 0.48."""
    rng = np.random.default_rng(2)
    for r in (0.0, 0.5):
        truth, held, cried = 6 / np.pi * np.arcsin(r / 2), 0, 0
        for _ in range(200):
            cluster = np.repeat(np.arange(30), rng.integers(1, 4, 30))
            a, b = (
                (rng.normal(size=30)[cluster] + rng.normal(size=len(cluster))) / np.sqrt(2)
                for _ in range(2)
            )
            found = rank_correlation(a, r * a + np.sqrt(1 - r * r) * b, cluster=cluster)
            held += found.low <= truth <= found.high
            cried += found.p < 0.05
        assert held >= 180
        assert r or cried <= 20


def test_the_influence_of_an_item_is_what_a_little_more_of_it_moves() -> None:
    """Ranks of weighted items by plain loops, with ties and strata."""
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 6, (2, 24)).astype(float)
    of = np.arange(24) // 14

    def ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        below = (values[None] < values[:, None]) + (values[None] == values[:, None]) / 2
        same = (of[None] == of[:, None]) * weights
        return (below * same).sum(axis=1) / same.sum(axis=1) - 0.5

    def rho(weights: np.ndarray) -> float:
        a, b = ranks(x, weights), ranks(y, weights)
        return (weights * a) @ b / np.sqrt((weights * a) @ a * ((weights * b) @ b))

    found = _influence(_ranks(x, of), _ranks(y, of), of)
    for item in range(24):
        more = np.ones(24)
        more[item] += 1e-6
        assert found[item] == pytest.approx((rho(more) - rho(np.ones(24))) / 1e-6, abs=1e-5)


@pytest.mark.parametrize(("n", "r"), [(20, 0.5), (60, 0.5), (60, 0.95)])
def test_intervals_of_strong_correlations_hold_the_truth(n: int, r: float) -> None:
    """With ranks as they are in all draws, 91 % of them did."""
    rng = np.random.default_rng([n, int(100 * r)])
    truth, held = 6 / np.pi * np.arcsin(r / 2), 0
    for _ in range(400):
        x, y = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], size=n).T
        a, b = _ranks(x, np.zeros(n)), _ranks(y, np.zeros(n))
        moved = _influence(a, b, np.zeros(n))
        low, high, _ = _interval(a @ b / (a @ a), moved)
        held += low <= truth <= high
    assert 0.93 * 400 <= held <= 0.98 * 400


def test_perfect_agreement_has_no_interval() -> None:
    found = rank_correlation(range(20), range(20))
    assert found.value == pytest.approx(1) and np.isnan(found.low)
    assert found.note == "no interval: the clusters do not differ"
