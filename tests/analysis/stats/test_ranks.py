"""The rank tests are scipy's, and only for rows that are independent."""

import math

import numpy as np
from scipy import stats

from saccade.analysis.stats import rank_tests

VALUES = np.random.default_rng(0).normal(size=40)
FIRST = np.arange(40) < 15


def test_are_scipys():
    found = rank_tests([*VALUES, math.nan], [*FIRST, True])
    a, b = VALUES[FIRST], VALUES[~FIRST]
    assert found.mann_whitney_p == stats.mannwhitneyu(a, b).pvalue
    assert (found.ks, found.ks_p) == tuple(stats.ks_2samp(a, b))
    assert found.note == "1 value not a number, left out"


def test_refused_where_rows_depend_on_each_other():
    found = rank_tests(VALUES, FIRST, cluster=np.arange(40) // 2)
    assert math.isnan(found.mann_whitney_p) and "compare_groups" in found.note
    assert "a group is empty" in rank_tests(VALUES, np.ones(40)).note
