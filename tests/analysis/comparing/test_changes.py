"""Paired differences over questions: the same as by loops, planted ones found, drawn and said."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from frames import make_run, stored
from planted import pair

from saccade.analysis.accuracy import ALL
from saccade.analysis.comparing import Pair, forced_changes, free_changes
from saccade.analysis.comparing.changes import describe_changes
from saccade.analysis.plots.changes import plot_all_changes, plot_changes
from saccade.analysis.stats import compare_pairs
from saccade.errors import SaccadeError


def by_loop(tokens: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Accuracy, length and mean kl of each question."""
    found: dict[str, dict[str, float]] = {}
    for name, rows in tokens.groupby("sample_id"):
        heads = [row for row in rows.to_dict("records") if row["position"] == 0]
        found[str(name)] = {
            "accuracy": sum(bool(row["correct"]) for row in heads) / len(heads),
            "length": sum(row["length"] for row in heads) / len(heads),
            "kl.blind": float(np.mean(rows["kl.blind"].astype(float))),
        }
    return found


@pytest.fixture(scope="module")
def runs() -> dict[str, pd.DataFrame]:
    """Two models in their own words, the second of which lacks three questions."""
    before = make_run(questions=14, accuracy=0.3).tokens()
    after = make_run(questions=17, accuracy=0.9, seed=5).tokens()
    after = after[~after["sample_id"].isin(["q0", "q1", "q2"])].drop(columns="entropy")
    return {"base": before, "tuned": after}


def test_free_differences_are_those_of_a_loop(runs) -> None:
    frame = free_changes(runs).set_index("measure")
    before, after = (by_loop(tokens) for tokens in runs.values())
    both = sorted(set(before) & set(after))
    assert set(frame["questions"]) == {11} == {len(both)}
    for name in ("accuracy", "length", "kl.blind"):
        one, other = ([part[q][name] for q in both] for part in (before, after))
        want = compare_pairs(other, one)
        assert frame.loc[name, "before"] == pytest.approx(np.mean(one))
        assert frame.loc[name, "after"] == pytest.approx(np.mean(other))
        assert frame.loc[name, "difference"] == pytest.approx(want.value)
    assert "entropy" not in frame.index, "only one of them measured it"
    assert frame.loc["accuracy", "p_holm"] < 0.05 < frame.loc["length", "p_holm"]


def test_runs_on_disk_and_a_third_one(runs, tmp_path) -> None:
    first = stored(tmp_path / "a", make_run(questions=14, accuracy=0.3))
    frame = free_changes({"a": first, "b": runs["tuned"], "c": runs["base"]})
    assert list(dict.fromkeys(frame["series"])) == ["b", "c"]
    same = frame[frame["series"] == "c"]
    np.testing.assert_allclose(same["difference"], 0, atol=1e-6)
    assert "c against a" in describe_changes(frame).sentence


def test_nothing_in_common_is_said(runs) -> None:
    other = runs["base"].assign(sample_id="x" + runs["base"]["sample_id"])
    with pytest.raises(SaccadeError, match="questions that both answered"):
        free_changes({"a": runs["base"], "b": other})


def test_forced_differences_are_those_planted() -> None:
    before, after = pair()
    frame = forced_changes({"base": Pair(before, after), "tuned": Pair(before, before)})
    assert list(dict.fromkeys(frame["task"])) == ["lab/counting", "lab/puzzle", ALL]
    whole = frame[frame["task"] == ALL].set_index(["series", "measure"])
    change = (after["logprob"] - before["logprob"]).groupby(before["sample_id"]).mean()
    row = whole.loc[("base", "logprob")]
    assert row["difference"] == pytest.approx(change.mean(), abs=1e-5)
    assert row["low"] < change.mean() < row["high"] and row["p_holm"] < 0.05
    assert row["after"] - row["before"] == pytest.approx(row["difference"])
    assert whole.loc[("tuned", "logprob"), "difference"] == 0


def test_questions_of_one_image_are_one_cluster() -> None:
    before, after = (table.assign(cluster=table["sample_id"].str[-1]) for table in pair())
    frame = forced_changes({"base": Pair(before, after)})
    assert set(frame[frame["task"] == ALL]["clusters"]) == {10}
    assert set(free_changes({"a": before, "b": after})["clusters"]) <= {5, 10}


def test_what_is_drawn_is_what_is_there() -> None:
    """A panel per measure, a line per task, a full mark where a difference holds."""
    before, after = pair()
    frame = forced_changes({"base": Pair(before, after)})
    figure = plot_all_changes(frame)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["log-probability", "KL divergence"]
    assert "n = questions" in figure.get_suptitle()
    ax = plot_changes(frame, measure="logprob")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "lab/counting, n = 10",
        "lab/puzzle, n = 10",
        "all tasks, n = 20",
    ]
    marks = ax.collections[-1]
    rows = frame[frame["measure"] == "logprob"]
    np.testing.assert_allclose(marks.get_offsets()[:, 0], rows["difference"])
    full = [tuple(face) != (1.0, 1.0, 1.0, 1.0) for face in marks.get_facecolors()]
    assert full == (rows["p_holm"] < 0.05).tolist()
    plt.close("all")
    sentence = describe_changes(frame).sentence
    assert f"log-probability {rows['difference'].iloc[-1]:+.4g}" in sentence
