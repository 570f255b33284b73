"""The difference within strata: least squares with a column per stratum, by hand and moved."""

import numpy as np
import pytest

from saccade.analysis.stats import compare_groups
from saccade.analysis.stats.within import difference, influence

RNG = np.random.default_rng(3)
STRATUM = np.repeat(["a", "b", "c"], [50, 30, 20])
FIRST = RNG.random(100) < np.select([STRATUM == "a", STRATUM == "b"], [0.85, 0.2], 0.5)
VALUES = RNG.normal(size=100) + 3 * (STRATUM == "a")


def least_squares(values, first, stratum):
    columns = [first, *(stratum == one for one in np.unique(stratum))]
    return np.linalg.lstsq(np.column_stack(columns).astype(float), values, rcond=None)[0][0]


def totals(values, first, stratum):
    parts = [first * values, first, ~first * values, ~first]
    rows = [[part[stratum == one].sum() for part in parts] for one in np.unique(stratum)]
    return np.array(rows, dtype=float)


def test_it_is_least_squares_with_an_effect_per_stratum():
    want = least_squares(VALUES, FIRST, STRATUM)
    assert difference(totals(VALUES, FIRST, STRATUM)) == pytest.approx(want)
    found = compare_groups(VALUES, FIRST, stratum=STRATUM)
    assert found.value == pytest.approx(want)
    assert compare_groups(VALUES, FIRST).value > 1 > abs(found.value)
    assert found.low < 0 < found.high and found.p > 0.05


def test_a_stratum_weighs_n_m_over_their_sum():
    # differences 2 (of 1 and 2 rows) and -1 (of 1 and 1): weights 2/3 and 1/2
    rows = np.array([[5.0, 1, 6, 2], [1, 1, 2, 1], [70, 7, 0, 0]])
    assert difference(rows) == pytest.approx((2 * 2 / 3 - 1 / 2) / (2 / 3 + 1 / 2))
    assert difference(rows[:1]) == 2
    assert np.isnan(difference(rows[2:]))


def test_the_influence_of_a_row_is_what_one_more_of_it_moves():
    whole = totals(VALUES, FIRST, STRATUM)
    for row in range(0, 100, 9):
        part = np.zeros_like(whole)
        own = [FIRST[row] * VALUES[row], FIRST[row], ~FIRST[row] * VALUES[row], ~FIRST[row]]
        part[list("abc").index(STRATUM[row])] = own
        moved = (difference(whole + 1e-6 * part) - difference(whole)) / 1e-6
        assert (influence(whole) * part).sum() == pytest.approx(moved, abs=1e-6)


def test_effect_sizes_and_medians_compare_rows_of_one_stratum():
    found = compare_groups(VALUES, FIRST, stratum=STRATUM, statistic="median")
    pairs = [
        np.sign(x - y)
        for x, one in zip(VALUES[FIRST], STRATUM[FIRST], strict=True)
        for y, other in zip(VALUES[~FIRST], STRATUM[~FIRST], strict=True)
        if one == other
    ]
    assert found.cliffs_delta == pytest.approx(np.mean(pairs))
    residual = VALUES.copy()
    medians, sizes = [], []
    for one in np.unique(STRATUM):
        rows = one == STRATUM
        a, b = rows & FIRST, rows & ~FIRST
        medians.append(np.median(VALUES[a]) - np.median(VALUES[b]))
        sizes.append(a.sum() * b.sum() / (a.sum() + b.sum()))
        residual[a] -= VALUES[a].mean()
        residual[b] -= VALUES[b].mean()
    assert found.value == pytest.approx(np.average(medians, weights=sizes))
    spread = np.sqrt((residual**2).sum() / 94)
    want = least_squares(VALUES, FIRST, STRATUM) / spread * (1 - 3 / 375)
    assert found.hedges_g == pytest.approx(want)


def test_a_stratum_of_one_group_says_nothing_and_is_counted():
    more = [np.r_[VALUES, 9.0, 8.0], np.r_[FIRST, True, True], np.append(STRATUM, ["d", "d"])]
    found = compare_groups(more[0], more[1], stratum=more[2])
    alone = compare_groups(VALUES, FIRST, stratum=STRATUM)
    assert (found.value, found.p, found.low) == (alone.value, alone.p, alone.low)
    assert found.items == 100 and found.note == "2 values in a stratum of one group, left out"
    nothing = compare_groups([1.0, 2.0], [True, False], stratum=["x", "y"])
    assert np.isnan(nothing.value) and "both groups are empty" in nothing.note


def test_no_relation_within_strata_is_none():
    """Level and share of the first group differ between strata; p is below .05 in 5 % of cases."""
    rng = np.random.default_rng(5)
    stratum = np.repeat([0, 1], 30)
    found = []
    for _ in range(80):
        first = rng.random(60) < np.where(stratum, 0.8, 0.25)
        found.append(compare_groups(rng.normal(size=60) + stratum, first, stratum=stratum))
    assert np.mean([each.low <= 0 <= each.high for each in found]) > 0.88
    assert np.mean([each.p < 0.05 for each in found]) < 0.11


def test_a_question_is_drawn_whole_whatever_the_strata_it_is_in():
    """Ten copies of a question's rows in as many strata say no more than one."""
    item = np.arange(100) // 2
    once = compare_groups(VALUES, FIRST, item=item)
    copies = (np.tile(each, 10) for each in (VALUES, FIRST))
    ten = compare_groups(*copies, item=np.tile(item, 10), stratum=np.arange(1000) // 100)
    for name in ("value", "low", "high", "p", "clusters"):
        assert getattr(ten, name) == pytest.approx(getattr(once, name)), name
