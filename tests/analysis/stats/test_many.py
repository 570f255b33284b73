"""Many paired differences at once: each column is what `compare_pairs` says of it."""

import numpy as np
import pytest

from saccade.analysis.stats import compare_columns, compare_pairs


def test_each_column_is_as_if_it_were_alone() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 3)) + np.array([0, 0.4, 1])
    cluster = np.arange(60) // 2
    table = compare_columns(values, cluster=cluster)
    for column, row in enumerate(table.to_dict("records")):
        alone = compare_pairs(values[:, column], np.zeros(60), cluster=cluster)
        assert row["difference"] == pytest.approx(alone.value)
        assert (row["low"], row["high"]) == pytest.approx((alone.low, alone.high))
        assert row["p"] == pytest.approx(alone.p)
        assert row["hedges_gz"] == pytest.approx(alone.hedges_gz)
        assert (row["items"], row["clusters"]) == (60, 30)


def test_a_column_that_some_items_lack() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(50, 4)) + 0.3
    values[rng.random(values.shape) < 0.4] = np.nan
    values[:, 2], values[:6, 2] = np.nan, [1, 2, 3, 1, 2, 3]
    values[:, 3], values[7, 3] = np.nan, 5
    table = compare_columns(values)
    alone = compare_pairs(values[:, 0], np.zeros(50))
    assert table.loc[0, "difference"] == pytest.approx(alone.value)
    assert table.loc[0, "low"] == pytest.approx(alone.low, abs=0.08)
    assert table.loc[0, "p"] == pytest.approx(alone.p, abs=0.03)
    assert np.isnan(table.loc[2, "low"]) and table.loc[2, "p"] == 2 / 64, "six signs, exact"
    assert table.loc[3, "difference"] == 5 and table.loc[3, ["low", "p"]].isna().all()
