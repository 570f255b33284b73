"""What is followed over training, against loops over the traces and over a log made by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from frames import FakeRun, make_training, stored

from saccade.analysis.accuracy import ALL
from saccade.analysis.progress import METRICS, at_every_step, measured_on_responses, taken_from_log
from saccade.analysis.series import Line
from saccade.samples import Trace


def mixed() -> FakeRun:
    """Three steps, two tasks, two rewards, cut and missing responses, and signals with gaps."""
    run = make_training(questions=5, n=3)
    return FakeRun([_changed(trace, number) for number, trace in enumerate(run)])


def _changed(trace: Trace, number: int) -> Trace:
    rollout = replace(
        trace.rollout,
        rewards=dict(trace.rollout.rewards)
        | ({"format": 0.25 * (number % 4)} if number % 5 else {}),
        finish_reason="length" if number % 3 == 0 else "stop",
        correct=None if number % 7 == 0 else trace.rollout.correct,
    )
    entropy = trace.signals["entropy"].copy()
    entropy[number % 4] = np.nan
    task = "lab/puzzle" if trace.sample.id in ("q0", "q3") else "lab/counting"
    return replace(
        trace,
        rollout=rollout,
        sample=replace(trace.sample, task=task),
        signals={
            **trace.signals,
            "entropy": entropy,
            "kl.blind": entropy - 0.1,
            "k3.blacken": 20 * entropy,
        },
    )


def expected(run: FakeRun, metric: str, task: str, step: int) -> tuple[float, int]:
    """The mean over questions, or the mean of such means over tasks, and how many, by loops."""
    names = sorted({trace.sample.task for trace in run}) if task == ALL else [task]
    found = [of_questions(run, metric, name, step) for name in names]
    return float(np.mean([np.mean(of) for of in found])), sum(map(len, found))


def of_questions(run: FakeRun, metric: str, task: str, step: int) -> list[float]:
    """Each question's mean."""
    questions: dict[str, list[float]] = {}
    for trace in run:
        if trace.rollout.step == step and task == trace.sample.task:
            questions.setdefault(trace.sample.id, []).extend(values(trace, metric))
    return [float(np.mean(of)) for of in questions.values() if of]


def values(trace: Trace, metric: str) -> list[float]:
    """The numbers of one response, or of its tokens."""
    said = trace.rollout
    whole = {
        "reward": sum(said.rewards.values()),
        "accuracy": said.correct,
        "length": len(said.response_ids),
        "truncated": said.finish_reason == "length",
        **{f"reward.{name}": said.rewards.get(name) for name in ("answer", "format")},
    }
    if metric in whole:
        value = whole[metric]
        return [] if value is None else [float(value)]
    names = {"log_dependency": "kl.blind", "kl": "kl.blind", "kl_prcp": "k3.blacken"}
    found = [float(v) for v in trace.signals[names.get(metric, metric)] if np.isfinite(v)]
    if metric == "log_dependency":
        return [float(np.log1p(max(v, 0))) for v in found]
    return [min(v, 10.0) for v in found] if metric == "kl_prcp" else found


MEASURED = [name for name, metric in METRICS.items() if metric.response or metric.signal]


def test_the_same_as_loops(tmp_path: Path) -> None:
    """Every metric at every step, by task and over both."""
    run = mixed()
    line = Line("run", ((stored(tmp_path / "run", run), None),))
    frame = measured_on_responses(line, [*METRICS])
    assert set(frame["metric"]) == {*MEASURED, "reward.answer", "reward.format"}
    assert set(frame["source"]) == {"responses"}
    assert len(frame) == 3 * 3 * (len(MEASURED) + 2)
    for row in frame.itertuples():
        mean, n = expected(run, row.metric, row.task, row.step)
        assert row.mean == pytest.approx(mean, rel=1e-5), row
        assert row.n_questions == n, row
        assert np.isnan(row.low) or row.low <= row.mean <= row.high


def answered(shares: dict[str, list[tuple[int, float]]]) -> pd.DataFrame:
    """Per task and step so many questions, of which so great a share is right; one token each."""
    rows = [
        (task, f"{task}{step}-{number}", 0, step, 0, 1, number < share * n, "x", 0.5)
        for task, steps in shares.items()
        for step, (n, share) in enumerate(steps)
        for number in range(n)
    ]
    names = ["task", "sample_id", "index", "step", "position", "length", "correct"]
    return pd.DataFrame(rows, columns=[*names, "token", "entropy"])


def test_a_line_over_all_tasks_does_not_move_with_their_mix() -> None:
    """Both tasks get better while the hard one gets more questions; one comes late."""
    shares = {
        "easy": [(30, 0.8), (20, 0.85), (10, 0.9)],
        "hard": [(10, 0.1), (20, 0.15), (30, 0.2)],
    }
    late = {"late": [(0, 0.0), (20, 1.0), (20, 1.0)]}
    line = Line("run", ((answered(shares | late), None),))
    frame = measured_on_responses(line, ["accuracy"])
    every = frame[frame["task"] == ALL]
    assert every["mean"].tolist() == pytest.approx([0.45, 0.5, 0.55])
    assert every["n_questions"].tolist() == [40] * 3
    assert (every["low"] < every["mean"]).all() and (every["mean"] < every["high"]).all()
    kept = at_every_step(frame).loc["accuracy"]
    assert kept.to_dict() == {ALL: True, "easy": True, "hard": True, "late": False}


def test_tasks_that_take_turns_have_no_line_together() -> None:
    """Each has its own rows."""
    turns = {"a": [(9, 0.5), (0, 0.0)], "b": [(0, 0.0), (9, 0.5)]}
    frame = measured_on_responses(Line("run", ((answered(turns), None),)), ["accuracy"])
    assert set(frame["task"]) == {"a", "b"}


def test_a_table_of_tokens_tells_verdicts_lengths_and_signals() -> None:
    """But neither rewards nor why a response ended."""
    run = mixed()
    line = Line("run", ((run.tokens(), None),))
    frame = measured_on_responses(line, ["reward", "truncated", "accuracy", "length", "entropy"])
    assert set(frame["metric"]) == {"accuracy", "length", "entropy"}
    for row in frame.itertuples():
        assert row.mean == pytest.approx(expected(run, row.metric, row.task, row.step)[0])


def test_a_reward_called_reward_is_the_whole(tmp_path: Path) -> None:
    """Otherwise rewards are added up, as TRL does by default."""
    rewards = {"reward": 0.7, "answer": 1.0, "format": 0.5}
    run = FakeRun(
        [
            replace(trace, rollout=replace(trace.rollout, rewards=rewards))
            for trace in make_training((1, 2), questions=2, n=1)
        ]
    )
    line = Line("run", ((stored(tmp_path / "run", run), None),))
    frame = measured_on_responses(line, ["reward"]).set_index("metric")["mean"]
    assert set(frame["reward"]) == {0.7}
    assert set(frame.index) == {"reward", "reward.answer", "reward.format"}


def test_one_step_is_not_measured() -> None:
    """It makes no curve."""
    line = Line("run", ((make_training((3,), questions=2, n=1).tokens(), None),))
    assert measured_on_responses(line, ["accuracy"]).empty


def test_a_log_tells_what_it_has_under_the_names_of_frameworks() -> None:
    """The first name that is there counts; PAPO's loss is the negative; NaN is left out."""
    log = pd.DataFrame(
        [
            (1, "signals/entropy", 0.5),
            (2, "signals/entropy", float("nan")),
            (3, "signals/entropy", 0.7),
            (1, "entropy", 9.0),
            (2, "entropy", 9.0),
            (1, "actor/kl_prcp_loss", -0.1),
            (2, "actor/kl_prcp_loss", -0.3),
            (1, "reward", 1.0),
            (1, "unknown", 1.0),
        ],
        columns=["step", "metric", "value"],
    )
    frame = taken_from_log(Line("log", ((log, None),)), METRICS)
    found = {
        name: list(zip(of["step"], of["mean"], strict=True)) for name, of in frame.groupby("metric")
    }
    assert found == {"entropy": [(1, 0.5), (3, 0.7)], "kl_prcp": [(1, 0.1), (2, 0.3)]}
    assert set(frame["source"]) == {"log"} and set(frame["n_questions"]) == {0}
    assert frame["low"].isna().all()


def test_checkpoints_have_no_log() -> None:
    """Each has its own, which is not theirs together."""
    runs = [make_training((step,), questions=2, n=1).tokens() for step in (1, 2)]
    line = Line("checkpoints", ((runs[0], 1), (runs[1], 2)))
    assert taken_from_log(line, METRICS).empty
    assert set(measured_on_responses(line, ["accuracy"])["step"]) == {1, 2}
