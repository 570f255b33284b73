"""Holm and Benjamini-Hochberg, by hand and against scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from saccade.analysis.stats import benjamini_hochberg, corrected, holm

P = [0.04, 0.01, float("nan"), 0.02, 0.5]


def test_by_hand():
    # four known: sorted .01 .02 .04 .5; Holm times 4 3 2 1, Benjamini-Hochberg times 4/1 4/2 4/3 1
    assert holm(P) == pytest.approx([0.08, 0.04, np.nan, 0.06, 0.5], nan_ok=True)
    wanted = [0.04 * 4 / 3, 0.04, np.nan, 0.04, 0.5]
    assert benjamini_hochberg(P) == pytest.approx(wanted, nan_ok=True)


def test_never_above_one_and_never_out_of_order():
    assert holm([0.6, 0.7]).tolist() == [1, 1]
    assert holm([0.01, 0.011, 0.9]) == pytest.approx([0.03, 0.03, 0.9])
    assert benjamini_hochberg([0.03, 0.031, 0.032]) == pytest.approx([0.032] * 3)


def test_against_scipy():
    p = np.random.default_rng(0).random(200) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p))


def test_nothing_tested():
    assert holm([]).size == 0
    assert np.isnan(benjamini_hochberg([np.nan])).all()


def test_a_table_gets_both():
    table = corrected(pd.DataFrame({"p": P}, index=list("abcde")))
    assert table.loc["b", ["p", "p_holm", "p_bh"]].tolist() == [0.01, 0.04, 0.04]
    assert np.isnan(table.loc["c", "p_holm"])
