"""Logs of trainings: the forms they come in, what a kill leaves, what is no log."""

import json

import numpy as np
import pytest
from runs import written

from saccade.errors import SaccadeError
from saccade.store import open_run, training_log

TRL = [
    {"step": 1, "epoch": 0.1, "reward": 0.25, "completions/mean_length": 30.0, "entropy": 1},
    {"step": 2, "epoch": 0.2, "reward": 0.5, "completions/mean_length": 32.5, "clip": None},
]


def lines(path, rows, tail=""):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + tail)
    return path


def values(frame, metric):
    rows = frame[frame["metric"] == metric]
    return dict(zip(rows["step"].tolist(), rows["value"].tolist(), strict=True))


def test_json_lines(tmp_path):
    frame = training_log(lines(tmp_path / "log.jsonl", TRL))
    assert list(frame.columns) == ["step", "metric", "value"]
    assert values(frame, "reward") == {1: 0.25, 2: 0.5}
    assert values(frame, "entropy") == {1: 1.0}
    assert "clip" not in set(frame["metric"])
    assert frame["step"].dtype == np.int64


def test_trainer_state(tmp_path):
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps({"global_step": 2, "log_history": TRL}, indent=2))
    again = training_log(lines(tmp_path / "log.jsonl", TRL))
    assert training_log(path).equals(again)


@pytest.mark.parametrize(
    "row",
    [
        {"step": 7, "data": {"actor/entropy": 0.5}},
        {"step": 7, "actor": {"entropy": 0.5}},
        {"global_step/max_steps": "7/100", "percentage": "7.00%", "actor/entropy": 0.5},
        {"global_step": 7.0, "actor/entropy": 0.5, "ok": True, "bars": [1, 2]},
    ],
    ids=["verl", "easyr1", "ms-swift", "other"],
)
def test_other_frameworks_lines(tmp_path, row):
    frame = training_log(lines(tmp_path / "log.jsonl", [row]))
    assert frame.to_dict("records") == [{"step": 7, "metric": "actor/entropy", "value": 0.5}]


def test_a_line_cut_short_is_left_out_wherever_it_is(tmp_path):
    path = lines(tmp_path / "log.jsonl", TRL, tail='{"step": 3, "rew')
    assert values(training_log(path), "reward") == {1: 0.25, 2: 0.5}
    path.write_text(path.read_text() + '\n{"step": 3, "reward": 1.0}\n[4]\n{"no step": 4}\n')
    assert values(training_log(path), "reward") == {1: 0.25, 2: 0.5, 3: 1.0}


def test_of_a_step_logged_twice_the_last_word_holds(tmp_path):
    rows = [*TRL, {"step": 2, "reward": 0.75}, {"step": 3, "reward": float("nan")}]
    frame = training_log(lines(tmp_path / "log.jsonl", rows))
    assert values(frame, "reward")[2] == 0.75
    assert np.isnan(values(frame, "reward")[3])
    assert values(frame, "completions/mean_length")[2] == 32.5


def test_what_is_no_log_is_refused(tmp_path):
    prose = tmp_path / "log.jsonl"
    prose.write_text("step 1: reward 0.5\nstep 2: reward 0.6\n")
    with pytest.raises(SaccadeError, match="no training log: 2 of its 2 lines are not JSON"):
        training_log(prose)
    state = tmp_path / "trainer_state.json"
    state.write_text('{"log_history": [{"step"')
    with pytest.raises(SaccadeError, match=r"trainer_state.json is damaged"):
        training_log(state)
    state.write_text('{"best_metric": null}')
    with pytest.raises(SaccadeError, match="no list log_history"):
        training_log(state)
    with pytest.raises(SaccadeError, match=r"Cannot read .*No such file"):
        training_log(tmp_path / "absent.jsonl")


def test_a_run_holds_its_log_or_none(tmp_path):
    run = open_run(written(tmp_path / "run"))
    assert run.training().empty
    (run.path / "trainer_state.json").write_text(json.dumps({"log_history": TRL[:1]}))
    assert set(run.training()["step"]) == {1}
    lines(run.path / "training.jsonl", TRL)
    assert set(run.training()["step"]) == {1, 2}
    assert open_run(run.path).broken == ()
