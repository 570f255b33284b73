"""Accuracy against the share of tokens that VPPO keeps."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from frames import FakeRun, make_run, make_training, of_task, stored

from saccade.analysis.accuracy import ALL
from saccade.analysis.kept import accuracy_by_kept, describe_kept
from saccade.analysis.plots.kept import plot_accuracy_by_kept
from saccade.errors import SaccadeError


def two_tasks(seed: int) -> FakeRun:
    """Two steps of questions of two tasks."""
    first, second = (make_training((0, 8), questions=4, n=3, seed=seed + more) for more in (0, 50))
    return FakeRun([*first, *of_task(second, "lab/puzzle")])


def test_the_same_as_a_loop() -> None:
    """At the last step, by task and over both."""
    runs = {0.2: two_tasks(0), 1: two_tasks(5)}
    frame = accuracy_by_kept({k: run.tokens() for k, run in runs.items()})
    assert len(frame) == 2 * 3
    for row in frame.itertuples():
        shares: dict[tuple[str, str], list[bool]] = {}
        for trace in runs[row.k]:
            if trace.rollout.step == 8 and row.task in (ALL, trace.sample.task):
                key = trace.sample.task, trace.sample.id
                shares.setdefault(key, []).append(bool(trace.rollout.correct))
        assert row.mean == pytest.approx(np.mean([np.mean(of) for of in shares.values()]))
        assert row.n_questions == len(shares)


def test_a_run_tells_its_k_in_its_manifest(tmp_path: Path) -> None:
    """`notes.training.k`; runs that tell none are left out, and named."""
    runs = {
        f"vppo {k}": stored(tmp_path / str(k), make_run(accuracy=k, seed=3), training={"k": k})
        for k in (0.4, 0.8)
    }
    frame = accuracy_by_kept({**runs, "grpo": stored(tmp_path / "grpo", make_run())})
    assert frame["k"].tolist() == [0.4, 0.8]
    assert frame["run"].tolist() == ["vppo 0.4", "vppo 0.8"]
    finding = describe_kept(frame)
    assert "highest at k = 0.8" in finding.sentence
    assert finding.sentence.endswith("Left out, as they tell no k: grpo.")


def test_drawn_as_points_with_intervals() -> None:
    """And a line through the mean of each k."""
    seeds = {0.2: 1, 0.4: 2, 1.0: 4}
    frame = accuracy_by_kept({k: make_run(seed=seed).tokens() for k, seed in seeds.items()})
    ax = plot_accuracy_by_kept(frame)
    line, dots = ax.get_lines()[:2]
    assert list(line.get_xdata()) == list(dots.get_xdata()) == [0.2, 0.4, 1.0]
    assert list(dots.get_ydata()) == frame["mean"].tolist()
    ends = [segment[:, 1].tolist() for segment in ax.collections[0].get_segments()]
    assert ends == [pytest.approx(row) for row in frame[["low", "high"]].to_numpy().tolist()]
    assert ax.get_title(loc="left") == "lab/counting (n = 24 questions)"
    plt.close("all")


def test_refuses_what_is_no_sweep() -> None:
    """One k, no k, a k that is no share, no verdicts."""
    tokens = make_run(questions=2).tokens()
    with pytest.raises(SaccadeError, match=r"two or more k, .* a has none, b has none\."):
        accuracy_by_kept({"a": tokens, "b": tokens})
    with pytest.raises(SaccadeError, match=r"notes.training.k; 0.4 has 0.4\."):
        accuracy_by_kept({0.4: tokens})
    with pytest.raises(SaccadeError, match=r"above 0 and at most 1; got 40"):
        accuracy_by_kept({40: tokens, 20: tokens})
    silent = tokens.assign(correct=None)
    with pytest.raises(SaccadeError, match="No response of these runs has a verdict"):
        accuracy_by_kept({0.2: silent, 0.4: silent})


def test_the_best_k_is_that_of_the_highest_mean() -> None:
    """One lucky run makes no k the best: the sentence takes the means that the line joins."""
    shares = {"a": (0.4, 0.9), "b": (0.4, 0.1), "c": (0.8, 0.7), "d": (0.8, 0.7)}
    frame = pd.DataFrame(
        [
            {"task": "t", "k": k, "run": name, "mean": mean, "low": 0, "high": 1, "n_questions": 24}
            for name, (k, mean) in shares.items()
        ]
    )
    frame.attrs = {"left_out": []}
    said = describe_kept(frame).sentence
    assert "50.0% at k = 0.4, 70.0% at k = 0.8, the mean of its runs each; highest at k" in said
    assert "highest at k = 0.8" in said
