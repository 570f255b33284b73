"""Draws and rearrangements against scipy's, and against all there are."""

import numpy as np
import pytest
from scipy import stats

from saccade.analysis.stats import resampling
from saccade.analysis.stats.resampling import (
    ARRANGEMENTS,
    arrangements_for,
    bootstrap,
    least_p,
    sign_flip_p,
)

RNG = np.random.default_rng(0)
VALUES = RNG.normal(1, 2, 80)


def test_draws_are_scipys_but_for_chance():
    drawn = bootstrap(lambda counts: counts @ VALUES / counts.sum(axis=1), 80)
    theirs = stats.bootstrap((VALUES,), np.mean, n_resamples=4000, rng=np.random.default_rng(1))
    assert len(drawn) == resampling.DRAWS
    assert drawn.std() == pytest.approx(theirs.standard_error, rel=0.06)
    ends = np.quantile(theirs.bootstrap_distribution, [0.025, 0.975])
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx(ends, abs=0.05)


def test_chunks_are_of_no_account_for_size(monkeypatch):
    monkeypatch.setattr(resampling, "CHUNK", 700)
    seen = []
    bootstrap(lambda counts: seen.append(counts.shape) or counts.sum(axis=1), 80)
    assert {shape[0] for shape in seen} == {8}
    assert 0 < sign_flip_p(VALUES) < 0.01


def test_sign_flips_of_few_are_scipys_exact_ones():
    pairs = VALUES[:9]
    theirs = stats.permutation_test(
        (pairs, np.zeros(9)), lambda a, b: (a - b).mean(), permutation_type="samples"
    )
    assert sign_flip_p(pairs) == pytest.approx(theirs.pvalue)
    many = stats.ttest_1samp(VALUES - 0.7, 0).pvalue
    assert sign_flip_p(VALUES - 0.7) == pytest.approx(many, abs=0.02)


@pytest.mark.parametrize("clusters", [5, 8, 12, 13, 14, 40])
@pytest.mark.parametrize("tests", [1, 336])
def test_the_least_p_is_that_of_scores_which_all_agree(clusters, tests):
    flips = arrangements_for(tests)
    found = sign_flip_p(np.full(clusters, 1.0), arrangements=flips)
    exact = 2**clusters <= flips
    assert found == least_p(clusters, flips) if exact else found >= least_p(clusters, flips)
    assert least_p(60, flips) * tests < 0.05


def test_more_tests_take_more_arrangements_within_bounds():
    assert arrangements_for(42) == ARRANGEMENTS and arrangements_for(336) == 33_600
    assert arrangements_for(10**6) == resampling.MOST


def test_ties_count_as_extreme_whatever_the_rounding():
    assert sign_flip_p(np.array([0.1, 0.2, 0.3])) == 0.25
    assert sign_flip_p(np.array([0.1, 0.1, -0.2])) == 1
    assert sign_flip_p(np.zeros(4)) == 1
