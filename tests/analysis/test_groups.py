"""Correct against incorrect responses to the same question."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from frames import make_run

from saccade.analysis.groups import common_tokens, describe_groups, parting_responses
from saccade.analysis.plots.groups import plot_groups, plot_running_difference, plot_shared_tokens
from saccade.errors import SaccadeError


@pytest.fixture(scope="module")
def tokens() -> pd.DataFrame:
    """Responses that part at different places, some questions answered one way only."""
    tokens = make_run(questions=9, n=4, seed=1).tokens()
    changed = tokens["position"] > tokens["index"] + 2
    tokens["token_id"] += changed * (tokens["index"] + 1) * 100
    tokens.loc[tokens["sample_id"] == "q3", "correct"] = True
    return tokens


def both_ways(tokens: pd.DataFrame) -> list[pd.DataFrame]:
    """The tokens of each question with both verdicts."""
    return [rows for _, rows in tokens.groupby("sample_id") if rows["correct"].nunique() == 2]


def test_running_means_are_a_loops(tokens: pd.DataFrame) -> None:
    """All tokens up to the end of a bin; the difference within a question."""
    frame = parting_responses(tokens, bins=5)
    frame = frame[frame["part"] == "running"].set_index(["group", "at"])
    for end in (1, 3, 5):
        found = []
        for rows in both_ways(tokens):
            read = rows[rows["position"] * 5 // rows["length"] < end]
            means = read.astype({"visual_similarity": float}).groupby("correct")
            found.append(means["visual_similarity"].mean())
        right, wrong = (np.array([m[verdict] for m in found]) for verdict in (True, False))
        assert frame.loc[("correct", end / 5), "mean"] == pytest.approx(right.mean())
        assert frame.loc[("incorrect", end / 5), "mean"] == pytest.approx(wrong.mean())
        assert frame.loc[("difference", end / 5), "mean"] == pytest.approx((right - wrong).mean())
        assert frame.loc[("difference", end / 5), "n_questions"] == len(found)


def test_shared_tokens_are_a_loops(tokens: pd.DataFrame) -> None:
    """Share of pairs whose first tokens agree, per question, pairs by verdicts."""
    frame = parting_responses(tokens)
    shared = frame[(frame["part"] == "shared") & (frame["group"] == "other verdict")]
    for row in shared.itertuples():
        at, shares = int(row.at), []
        for rows in both_ways(tokens):
            texts = [
                (part["correct"].iloc[0], part.sort_values("position")["token_id"].tolist())
                for _, part in rows.groupby("index")
            ]
            pairs = [(x, y) for (v, x), (w, y) in combinations(texts, 2) if v != w]
            agree = [x[:at] == y[:at] and min(len(x), len(y)) >= at for x, y in pairs]
            shares.append(np.mean(agree))
        assert row.mean == pytest.approx(np.mean(shares))


def test_common_tokens_by_hand() -> None:
    """A difference, an end, nothing."""
    of = np.array
    assert common_tokens(of([1, 2, 3]), of([1, 2, 4, 5])) == 2
    assert common_tokens(of([1, 2]), of([1, 2, 4])) == 2
    assert common_tokens(of([7]), of([8])) == 0
    assert common_tokens(of([], dtype=int), of([8])) == 0


def test_drawn_and_said(tokens: pd.DataFrame) -> None:
    """The difference at the end, and where half of the pairs have parted."""
    frame = parting_responses(tokens)
    finding = describe_groups(frame)
    last = frame[(frame["part"] == "running") & (frame["group"] == "difference")].iloc[-1]
    assert f"{last['mean']:+.4f}" in finding.sentence
    assert (
        "with different verdicts (n = 7 questions), half have parted by token" in finding.sentence
    )
    assert len(plot_running_difference(frame).get_lines()) == 2
    assert len(plot_shared_tokens(frame).get_lines()) == 2
    assert f"n = {len(both_ways(tokens))} questions" in plot_groups(frame).get_suptitle()


def test_a_difference_that_is_there_is_dated() -> None:
    """Correct responses turn to the image in their second half only."""
    tokens = make_run(questions=30, n=4).tokens()
    late = tokens["position"] * 2 >= tokens["length"]
    tokens["visual_similarity"] = (late & tokens["correct"]).astype(float)
    sentence = describe_groups(parting_responses(tokens)).sentence
    assert "leaves out zero from 60% on" in sentence


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_no_question_answered_both_ways(accuracy: float) -> None:
    """Says what would help; two responses only are one pair."""
    with pytest.raises(SaccadeError, match="more responses to each question"):
        parting_responses(make_run(questions=3, accuracy=accuracy).tokens())
    pair = make_run(questions=1, n=2).tokens()
    pair["correct"] = pair["index"] == 0
    plot_groups(parting_responses(pair)).draw_without_rendering()


def test_a_signal_of_one_verdict_only_cannot_part_them(tokens: pd.DataFrame) -> None:
    """There is no difference to take, which is said."""
    right = tokens["correct"].astype(bool)
    one = tokens.assign(visual_similarity=tokens["visual_similarity"].where(right))
    with pytest.raises(SaccadeError, match="with visual_similarity measured of both"):
        parting_responses(one)
