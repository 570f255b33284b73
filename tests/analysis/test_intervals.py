"""Means over questions: by hand where they can be, and intervals that behave as such."""

import numpy as np
import pandas as pd
import pytest

from saccade.analysis.accuracy import ALL
from saccade.analysis.intervals import interval_words, intervals_told, over_questions, pooled
from saccade.analysis.stats import mean_with_interval


def test_the_interval_is_that_of_one_mean_with_questions_of_one_image_drawn_together() -> None:
    """Column by column what `mean_with_interval` says; a missing value is left out."""
    rng = np.random.default_rng(3)
    names = [f"q{number:02}" for number in range(30)]
    pairs = [f"c{number // 2:02}" for number in range(30)]
    items = pd.DataFrame({"task": "a", "sample_id": names * 2, "kind": ["x"] * 30 + ["y"] * 30})
    items = items.assign(value=rng.normal(size=60), cluster=pairs * 2)
    gap = items.assign(value=items["value"].where(items.index != 3))
    for given in (gap, items.drop(columns="cluster")):
        frame = over_questions(given, ["kind"])
        for row, (_, rows) in zip(frame.itertuples(), given.groupby("kind"), strict=True):
            known = rows.dropna(subset="value")
            want = mean_with_interval(known["value"], cluster=known.get("cluster"))
            assert (row.mean, row.low, row.high) == pytest.approx(
                (want.value, want.low, want.high), abs=1e-12
            )
            assert row.n_questions == len(known)


def test_few_questions_have_no_interval() -> None:
    """Seven of them are too few; where there is none it is said."""
    items = pd.DataFrame({"task": "a", "sample_id": list("abcdefg"), "value": range(7)})
    row = over_questions(items.assign(kind="x"), ["kind"]).iloc[0]
    assert row["mean"] == 3 and np.isnan(row["low"]) and np.isnan(row["high"])
    assert interval_words(row["low"], row["high"], ".2f") == "[no interval]"
    assert "too few questions" in intervals_told(row.to_frame().T)
    assert intervals_told(pd.DataFrame({"low": [np.nan, 1.0]})).startswith("Intervals of 95 %")
    assert interval_words(-0.5, 0.25, "+.2f") == "[-0.50, +0.25]"


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
