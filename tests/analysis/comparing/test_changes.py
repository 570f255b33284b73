"""Paired differences over questions: the same as by loops, planted ones found, drawn and said."""

from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from frames import FakeRun, make_run, make_training, stored
from planted import pair

from saccade.analysis.accuracy import ALL, compare_accuracy
from saccade.analysis.comparing import Pair, forced_changes, free_changes
from saccade.analysis.comparing.changes import describe_changes
from saccade.analysis.plots.changes import plot_all_changes, plot_changes
from saccade.analysis.stats import compare_pairs, holm
from saccade.errors import SaccadeError
from saccade.store import Manifest, RunWriter, open_run


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
    assert "n counts questions" in figure.get_suptitle().replace("\n", " ")
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
    assert f"log-probability {rows['difference'].iloc[-1]:+#.3g}" in sentence


def silenced(path: Path, run: FakeRun) -> None:
    """The run on disk; each fourth response is empty, incorrect and cannot be probed."""
    spoken = [trace for number, trace in enumerate(run.traces) if number % 4]
    rollouts = [trace.rollout for trace in run.traces]
    rollouts[::4] = [
        replace(each, response_ids=(), text="", correct=False) for each in rollouts[::4]
    ]
    with RunWriter.open(path, Manifest(model={"name": "x"}, task={"name": "t"})) as writer:
        writer.write_rollouts("u", {t.sample.id: t.sample for t in run.traces}.values(), rollouts)
        writer.write_traces("u", spoken)


def test_responses_that_could_not_be_probed_count_in_accuracy_and_length(tmp_path) -> None:
    """The same change as in the table of accuracy; the signals are those of what was probed."""
    before = stored(tmp_path / "a", make_run(accuracy=0.8))
    silenced(tmp_path / "b", make_run(accuracy=0.8, seed=1))
    after = open_run(tmp_path / "b")
    frame = free_changes({"a": before, "b": after}).set_index("measure")
    table = compare_accuracy({"a": before.rollouts(), "b": after.rollouts()})
    assert frame.loc["accuracy", "difference"] == pytest.approx(table["change"].iloc[1])
    lengths = after.rollouts().groupby("sample_id")["length"].mean()
    assert frame.loc["length", "after"] == pytest.approx(lengths.mean())
    kl = after.tokens().groupby("sample_id")["kl.blind"].mean()
    assert frame.loc["kl.blind", "after"] == pytest.approx(kl.mean(), rel=1e-5)


def test_a_run_of_several_steps_is_judged_at_the_last(tmp_path) -> None:
    training = make_training(questions=10)
    last = FakeRun([trace for trace in training.traces if trace.rollout.step == 20])
    begin = make_run(questions=10, n=3, seed=9)
    whole = free_changes({"a": begin.tokens(), "b": stored(tmp_path / "b", training)})
    apart = free_changes({"a": begin.tokens(), "b": last.tokens()})
    np.testing.assert_allclose(whole["after"], apart["after"], rtol=1e-6)
    assert "Of a run with several steps the last counts: b at step 20." in (
        describe_changes(whole).sentence
    )
    both = {"a": Pair(training.tokens(), training.tokens())}
    assert set(forced_changes(both)["questions"]) == {10}
    np.testing.assert_allclose(
        forced_changes(both)["before"],
        forced_changes({"a": Pair(last.tokens(), last.tokens())})["before"],
        rtol=1e-6,
    )


def many_tasks(shift: float, *, questions: int) -> pd.DataFrame:
    """Eight tasks and six signals, all of them shifted."""
    rng = np.random.default_rng(int(10 * shift))
    rows = [
        {"task": f"t{task}", "sample_id": f"t{task}q{n}", "index": 0, "step": 0, "position": 0}
        | {"length": 1, "correct": True, "token": "a", "token_id": 1}
        | {f"s{k}": shift + 0.1 * rng.normal() for k in range(6)}
        for task in range(8)
        for n in range(questions)
    ]
    return pd.DataFrame(rows)


def test_differences_that_are_there_can_hold_however_many_are_tested() -> None:
    """336 of single tasks: 4,999 flips make a p of .0002, which Holm's correction cannot pass."""
    runs = {f"r{k}": many_tasks(float(k), questions=20) for k in range(7)}
    frame = free_changes(runs)
    signals = frame[frame["measure"].str.startswith("s")]
    assert len(frame[frame["task"] != ALL]) == 8 * 6 * 8
    assert (signals["p_holm"] < 0.05).all()
    for rows in (frame[frame["task"] == ALL], frame[frame["task"] != ALL]):
        np.testing.assert_allclose(rows["p_holm"], holm(rows["p"]))
    assert "cannot hold" not in describe_changes(frame).sentence


def test_what_cannot_hold_is_said() -> None:
    """Eight questions: of 2^8 patterns of signs two are as extreme as it gets."""
    frame = free_changes({"a": many_tasks(0, questions=8), "b": many_tasks(1, questions=8)})
    single = frame[frame["task"] != ALL]
    assert set(single["p_least"]) == {2 / 2**8} and (single["p_holm"] >= 0.05).all()
    sentence = describe_changes(frame).sentence
    assert "over all tasks 6 of 8 after Holm's correction" in sentence
    assert "(64 cannot hold after Holm's, however large they are: with 8 clusters" in sentence
    assert "p is 0.0078 at least" in sentence
