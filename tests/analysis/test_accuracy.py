"""Accuracy by task, its interval, and what one run answers better than another."""

import numpy as np
import pandas as pd
import pytest

from saccade.analysis import accuracy_by_task, compare_accuracy
from saccade.analysis.stats import compare_pairs, holm, mean_with_interval


def rollouts(correct: list[bool | None], *, task: str = "a", k: int = 2) -> pd.DataFrame:
    """`k` responses to each question, in order."""
    return pd.DataFrame(
        {
            "task": task,
            "sample_id": [f"q{i // k}" for i in range(len(correct))],
            "correct": pd.array(correct, dtype="boolean"),
            "finish_reason": "stop",
            "length": 3,
        }
    )


def random_run(seed: int, chance: float, task: str = "a") -> pd.DataFrame:
    """Forty questions, two responses each."""
    return rollouts(list(np.random.default_rng(seed).random(80) < chance), task=task)


def test_accuracy_is_the_mean_over_questions() -> None:
    """By hand: two, one and no verdict, one response cut off; and the questions of all tasks."""
    table = accuracy_by_task(
        pd.DataFrame(
            {
                "task": ["a"] * 4 + ["b"] + ["c"],
                "sample_id": ["1", "1", "2", "2", "1", "1"],
                "correct": pd.array([True, True, False, None, False, None], dtype="boolean"),
                "finish_reason": ["stop", "length", "stop", "stop", "stop", "stop"],
                "length": [1, 2, 3, 6, 8, 9],
            }
        )
    ).set_index("task")
    counts = ["questions", "responses", "judged", "correct", "accuracy", "truncated", "mean_length"]
    assert table.loc["a", counts].tolist() == [2, 4, 3, 2, 0.5, 1, 3.0]
    assert np.isnan(table.loc["c", "accuracy"])
    assert table.loc["all tasks", "accuracy"] == pytest.approx(1 / 3)
    assert table.loc["a", "note"] == "no interval: there are 2 clusters, of 8 needed"


def test_the_interval_is_that_of_the_questions() -> None:
    """Not of the responses; and of images, where questions share them."""
    run = random_run(0, 0.6)
    shares = run.groupby("sample_id", sort=True)["correct"].mean().astype(float)
    wanted = mean_with_interval(shares)
    row = accuracy_by_task(run).iloc[0]
    assert (row["accuracy_low"], row["accuracy_high"]) == (wanted.low, wanted.high)
    shared = accuracy_by_task(run.assign(cluster=run["sample_id"].str[-1])).iloc[0]
    assert (shared["clusters"], row["clusters"]) == (10, 40)
    assert shared["accuracy"] == row["accuracy"]
    assert shared["accuracy_low"] != row["accuracy_low"]


def test_change_is_over_the_questions_both_answered() -> None:
    """With its interval and p, corrected over the table; other questions do not count."""
    before, after = random_run(1, 0.4), random_run(2, 0.8)
    later = pd.concat([after, random_run(3, 0.5, task="b")])
    table = compare_accuracy({"x": before, "y": later[later["sample_id"] != "q3"]})
    assert list(zip(table["task"], table["run"], strict=True)) == [
        *(("a", "x"), ("a", "y"), ("b", "y"), ("all tasks", "y"))
    ]
    x, y, b, _ = table.to_dict("records")
    shares = [run.groupby("sample_id")["correct"].mean().astype(float) for run in (after, before)]
    wanted = compare_pairs(*(share.drop("q3") for share in shares))
    assert (y["paired"], y["change"]) == (39, pytest.approx(wanted.value))
    assert (y["change_low"], y["change_high"], y["p"]) == (wanted.low, wanted.high, wanted.p)
    assert y["p_holm"] >= y["p"]
    assert np.isnan([x["change"], b["change"], b["p_holm"]]).all()


def test_a_run_beside_itself_has_not_changed() -> None:
    """p is 1, and there is no interval, with the reason."""
    run = random_run(1, 0.4)
    same = compare_accuracy({"x": run, "y": run}).iloc[1]
    assert (same["change"], same["p"], same["p_bh"]) == (0, 1, 1)
    assert same["change_note"] == "no interval: the clusters do not differ"


def test_of_several_steps_the_last_counts() -> None:
    early, late = random_run(1, 0.2).assign(step=0), random_run(2, 0.8).assign(step=300)
    row = accuracy_by_task(pd.concat([early, late])).iloc[0]
    alone = accuracy_by_task(late).iloc[0]
    assert (row["step"], row["steps"], alone["steps"]) == (300, 2, 1)
    assert row.drop("steps").equals(alone.drop("steps"))
    table = compare_accuracy({"x": early, "y": pd.concat([early, late])})
    assert table["change"].iloc[1] == pytest.approx(alone["accuracy"] - table["accuracy"].iloc[0])
    assert table[["step", "steps"]].to_numpy().tolist() == [[0, 1], [300, 2]]


def test_tasks_and_all_of_them_together_are_corrected_apart() -> None:
    runs = {
        name: pd.concat([random_run(seed, chance, task=task) for task in "abc"])
        for seed, (name, chance) in enumerate({"x": 0.4, "y": 0.8}.items())
    }
    table = compare_accuracy(runs).dropna(subset="p")
    assert table["task"].tolist() == ["a", "b", "c", "all tasks"]
    np.testing.assert_allclose(table["p_holm"].iloc[:3], holm(table["p"].iloc[:3]))
    assert table["p_holm"].iloc[3] == table["p"].iloc[3]
