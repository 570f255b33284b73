"""Means over questions: by hand where they can be, and intervals that behave as such."""

import numpy as np
import pandas as pd
import pytest

from saccade.analysis.accuracy import ALL
from saccade.analysis.intervals import mean_intervals, over_questions, pooled


def test_means_leave_out_what_is_missing_and_one_question_has_no_interval() -> None:
    """NaN is a question without that column; equal questions have an interval of no width."""
    values = np.array([[1.0, 5.0, np.nan, 2.0], [3.0, np.nan, np.nan, 2.0]])
    mean, low, high = mean_intervals(values)
    np.testing.assert_array_equal(mean, [2.0, 5.0, np.nan, 2.0])
    np.testing.assert_array_equal(low, [1.0, np.nan, np.nan, 2.0])
    np.testing.assert_array_equal(high, [3.0, np.nan, np.nan, 2.0])


def test_as_wide_as_theory_says() -> None:
    """Of many normal values: about 1.96 standard errors on either side, the same every time."""
    values = np.random.default_rng(1).normal(size=(400, 1))
    mean, low, high = mean_intervals(values)
    error = values.std() / 20
    assert low[0] == pytest.approx(mean[0] - 1.96 * error, abs=0.15 * error)
    assert high[0] == pytest.approx(mean[0] + 1.96 * error, abs=0.15 * error)
    np.testing.assert_array_equal(mean_intervals(values)[1], low)


def test_over_questions_keeps_tasks_apart_and_pooled_puts_them_together() -> None:
    """Two questions of the same name in two tasks are two questions."""
    items = pd.DataFrame(
        {"task": ["a", "a", "b"], "sample_id": ["1", "2", "1"], "kind": "x", "value": [1.0, 3, 8]}
    )
    frame = over_questions(items, ["kind"])
    assert frame[["task", "mean", "n_questions"]].to_numpy().tolist() == [["a", 2, 2], ["b", 8, 1]]
    every = over_questions(pooled(items), ["kind"])
    assert every[["task", "mean", "n_questions"]].to_numpy().tolist() == [[ALL, 4, 3]]
    assert pooled(items[items["task"] == "a"])["task"].unique().tolist() == ["a"]
    assert over_questions(items.iloc[:0], ["kind"]).empty
