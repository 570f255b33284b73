"""Correct against incorrect responses on the same tokens: the planted difference is found."""

import numpy as np
import pandas as pd
import pytest
from planted import pair

from saccade.analysis.accuracy import ALL
from saccade.analysis.comparing import Pair, forced_verdicts
from saccade.analysis.comparing.verdicts import describe_verdicts
from saccade.analysis.plots.changes import plot_all_changes
from saccade.errors import SaccadeError


def test_the_planted_difference_is_found_where_it_is() -> None:
    before, after = pair()
    before.loc[before["sample_id"] == "q1", "correct"] = pd.NA
    frame = forced_verdicts({"base": Pair(before, after)})
    row = frame[frame["task"] == ALL].set_index("measure").loc["logprob"]
    change = (after["logprob"] - before["logprob"]).to_numpy(dtype=float)
    loop: dict[bool, list[float]] = {True: [], False: []}
    for _, rows in before[before["correct"].notna()].groupby(["sample_id", "correct"]):
        loop[bool(rows["correct"].iloc[0])].append(float(np.mean(change[rows.index])))
    assert row["correct"] == pytest.approx(np.mean(loop[True]), abs=1e-5)
    assert row["incorrect"] == pytest.approx(np.mean(loop[False]), abs=1e-5)
    rows = pair_means(before, change)
    design = np.column_stack([rows["correct"], *(rows["task"] == one for one in set(rows["task"]))])
    want = np.linalg.lstsq(design.astype(float), rows["change"].to_numpy(), rcond=None)[0][0]
    assert row["difference"] == pytest.approx(want, abs=1e-5)
    assert row["low"] < 0.5 < row["high"] and row["p_holm"] < 0.05
    assert row["questions"] == 19
    sentence = describe_verdicts(frame).sentence
    assert f"log-probability {row['correct']:+.3g} against {row['incorrect']:+.3g}" in sentence
    plot_all_changes(frame).draw_without_rendering()


def pair_means(before: pd.DataFrame, change: np.ndarray) -> pd.DataFrame:
    """The mean change per question and verdict."""
    table = before.assign(change=change)[before["correct"].notna()]
    return table.groupby(["task", "sample_id", "correct"])["change"].mean().reset_index()


def test_what_moves_by_task_is_no_difference_between_verdicts() -> None:
    """The easier task moves up, the other down, whatever the verdict."""
    before, after = pair(questions=40)
    rng = np.random.default_rng(0)
    easy = before["task"] == "lab/puzzle"
    of = before.groupby(["task", "sample_id", "index"]).ngroup().to_numpy()
    before["correct"] = rng.random(of.max() + 1)[of] < np.where(easy, 0.85, 0.15)
    noise = rng.normal(0, 0.1, len(before))
    after["logprob"] = before["logprob"] + np.where(easy, 0.5, -0.2) + noise
    frame = forced_verdicts({"base": Pair(before, after)})
    row = frame[frame["task"] == ALL].set_index("measure").loc["logprob"]
    assert row["correct"] - row["incorrect"] > 0.1
    assert row["low"] < 0 < row["high"] and row["p"] > 0.05
    assert "a difference within tasks of" in describe_verdicts(frame).sentence


def test_one_kind_of_response_is_not_enough() -> None:
    before, after = pair(questions=3)
    with pytest.raises(SaccadeError, match="Correct and incorrect responses are needed"):
        forced_verdicts({"base": Pair(before.assign(correct=True), after)})
