"""Effect sizes by hand and by plain loops."""

import math

import numpy as np
import pytest

from saccade.analysis.stats import cliffs_delta, dominance, hedges_g, hedges_gz, superiority


def test_cliffs_delta_by_a_double_loop():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 6, 30).astype(float), rng.integers(1, 8, 20).astype(float)
    wins = sum(int(x > y) - int(x < y) for x in a for y in b)
    assert cliffs_delta(a, b) == pytest.approx(wins / 600)
    better = sum((x > y) + (x == y) / 2 for x in a for y in b)
    assert superiority(a, b) == pytest.approx(better / 600)


def test_hedges_by_hand():
    # means 4 and 2, pooled variance (8 + 2) / 4, factor 1 - 3/15
    a, b = np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0])
    assert hedges_g(a, b) == pytest.approx(2 / math.sqrt(2.5) * 0.8)
    # differences 1 2 3: mean 2, standard deviation 1, factor 1 - 3/7
    assert hedges_gz(a - b) == pytest.approx(2 * 4 / 7)
    assert dominance(np.array([1.0, 2.0, -1.0, 0.0])) == 0.25


def test_nothing_to_divide_by():
    one, none, same = np.array([1.0]), np.array([]), np.full(5, 0.3)
    for value in (
        *(hedges_g(one, one), hedges_g(none, same), hedges_g(same, same), hedges_gz(one)),
        *(hedges_gz(same), cliffs_delta(none, one), superiority(one, none), dominance(none)),
    ):
        assert math.isnan(value)
