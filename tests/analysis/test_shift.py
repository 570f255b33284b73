"""PEPO's figure 3: hidden shift of the top tokens against the others."""

import math

import numpy as np
import pandas as pd
import pytest
from frames import make_run, stored

from saccade.analysis.accuracy import ALL
from saccade.analysis.plots.shift import plot_shift, plot_shift_bars
from saccade.analysis.shift import describe_shift, shift_by_similarity
from saccade.errors import SaccadeError


def by_loop(tokens: pd.DataFrame, top: float) -> dict[str, tuple[list[float], list[float]]]:
    """Per question the pooled shifts of its responses' top tokens, and of the others."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for (sample_id, _), rows in tokens.groupby(["sample_id", "index"]):
        pairs = list(zip(rows["visual_similarity"], rows["hidden_shift.blind"], strict=True))
        kept = sorted([p for p in pairs if all(map(math.isfinite, p))], key=lambda p: -p[0])
        k = (
            top
            if isinstance(top, int | np.integer)
            else max(1, math.ceil(round(top * len(kept), 9)))
        )
        parts = found.setdefault(sample_id, ([], []))
        parts[0].extend(shift for _, shift in kept[: int(k)])
        parts[1].extend(shift for _, shift in kept[int(k) :])
    return found


@pytest.mark.parametrize("top", [0.2, 0.37, 1, 3, np.float64(0.2), np.int64(3)])
def test_the_same_as_a_loop(top: float) -> None:
    """With ties, which fall to the earlier token, and missing numbers."""
    tokens = make_run(questions=8, n=3, seed=2).tokens()
    tokens["visual_similarity"] = tokens["visual_similarity"].round(1)
    tokens.loc[np.random.default_rng(0).random(len(tokens)) < 0.1, "hidden_shift.blind"] = np.nan
    frame = shift_by_similarity(tokens, top=top).set_index("part")
    loop = [parts for parts in by_loop(tokens, top).values() if all(parts)]
    means = np.array([[np.mean(part) for part in parts] for parts in loop])
    assert frame.loc["top", "mean"] == pytest.approx(means[:, 0].mean())
    assert frame.loc["rest", "mean"] == pytest.approx(means[:, 1].mean())
    assert frame.loc["difference", "mean"] == pytest.approx((means[:, 0] - means[:, 1]).mean())
    assert set(frame["n_questions"]) == {len(loop)}


def test_by_hand_and_in_words() -> None:
    """Two of ten tokens: 3 and 5 against eight ones."""
    similarity = np.arange(10.0)
    tokens = pd.DataFrame(
        {
            "task": "t",
            "sample_id": np.repeat(["a", "b"], 10),
            "index": 0,
            "step": 0,
            "correct": True,
            "position": np.tile(np.arange(10), 2),
            "visual_similarity": np.tile(similarity, 2),
            "hidden_shift.blind": np.tile([1.0] * 8 + [3.0, 5.0], 2),
        }
    )
    frame = shift_by_similarity(tokens)
    assert frame.set_index("part")["mean"].to_dict() == {"top": 4, "rest": 1, "difference": 3}
    sentence = describe_shift(frame).sentence
    assert "t (n = 2 questions) 4.0000 and 1.0000 (4.00 times as large)" in sentence
    assert "+3.0000 [no interval]" in sentence and "of 95 %" not in sentence
    assert plot_shift_bars(frame).get_xlabel() == "mean hidden shift of a question"
    other = shift_by_similarity(pd.concat([tokens, tokens.assign(task="u")]))
    assert list(dict.fromkeys(other["task"])) == ["t", "u", ALL]
    assert other[other["task"] == ALL]["n_questions"].tolist() == [4, 4, 4]
    bars = plot_shift_bars(other).containers
    assert [len(bar.patches) for bar in bars if hasattr(bar, "patches")] == [3, 3]
    plot_shift(other).draw_without_rendering()


def test_what_cannot_be_compared_is_said(tmp_path) -> None:
    """One token has no others; a missing signal, a meaningless K; a run answers like its tokens."""
    run = make_run(questions=3)
    tokens = run.tokens()
    with pytest.raises(SaccadeError, match="nothing to compare"):
        shift_by_similarity(tokens[tokens["position"] == 0])
    with pytest.raises(SaccadeError, match="no signal 'hidden_shift'"):
        shift_by_similarity(tokens.drop(columns="hidden_shift.blind"))
    with pytest.raises(SaccadeError, match="top must be"):
        shift_by_similarity(tokens, top=0.0)
    one = tokens[(tokens["sample_id"] != "q1") | (tokens["position"] == 0)]
    assert "Left out: 1 question without" in describe_shift(shift_by_similarity(one)).sentence
    pd.testing.assert_frame_equal(
        shift_by_similarity(stored(tmp_path / "run", run)), shift_by_similarity(tokens)
    )
