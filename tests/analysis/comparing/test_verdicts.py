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
    assert row["low"] < 0.5 < row["high"] and row["p_holm"] < 0.05
    assert row["questions"] == 19
    sentence = describe_verdicts(frame).sentence
    assert f"log-probability {row['correct']:+.3g} against {row['incorrect']:+.3g}" in sentence
    plot_all_changes(frame).draw_without_rendering()


def test_one_kind_of_response_is_not_enough() -> None:
    before, after = pair(questions=3)
    with pytest.raises(SaccadeError, match="Correct and incorrect responses are needed"):
        forced_verdicts({"base": Pair(before.assign(correct=True), after)})
