"""Curves over training: their numbers, their drawings, their words."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from frames import make_run, make_training, stored

from saccade.analysis.curves import (
    collapse_curves,
    dependency_curves,
    describe_curves,
    overall,
    training_curves,
)
from saccade.analysis.plots.curves import plot_curves, plot_training_curve
from saccade.errors import SaccadeError
from saccade.store import Run, training_log


def logged(path: Path, rows: list[dict[str, float]]) -> Path:
    """A log of these rows, a step each from 1 on."""
    lines = (json.dumps({"step": step, **row}) for step, row in enumerate(rows, 1))
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def runs(tmp_path: Path) -> dict[str, Run]:
    """Two trainings; the first with a log."""
    found = {
        name: stored(tmp_path / name, make_training(questions=5, n=2, seed=seed))
        for name, seed in (("grpo", 0), ("pepo", 9))
    }
    rows = [{"clip_ratio/high_mean": 0.01 * s, "reward": 9.0, "kl_prcp": 0.1} for s in range(40)]
    logged(found["grpo"].path / "training.jsonl", rows)
    return found


def labels(ax: plt.Axes) -> list[str]:
    """The named lines."""
    return [str(line.get_label()) for line in ax.get_lines() if line.get_label()[0] != "_"]


def test_responses_count_before_the_log(runs: dict[str, Run]) -> None:
    """The log tells only what they cannot."""
    frame = training_curves(runs)
    assert set(frame["source"]) == {"responses"}
    assert frame["metric"].drop_duplicates().tolist() == [
        *("reward", "length", "visual_similarity", "entropy", "accuracy", "truncated", "kl"),
        "reward.answer",
    ]
    assert frame["run"].drop_duplicates().tolist() == ["grpo", "pepo"]
    by_hand = runs["pepo"].rollouts().groupby(["step", "sample_id"])["reward.answer"].mean()
    mine = frame.query("run == 'pepo' and metric == 'reward'")
    assert mine["mean"].tolist() == pytest.approx(by_hand.groupby("step").mean().tolist())


def test_drawn_with_a_line_per_run(runs: dict[str, Run]) -> None:
    """A panel per metric, n in the title, one legend."""
    frame = training_curves(runs)
    figure = plot_curves(frame)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        *("reward", "tokens of a response", "mean visual similarity", "mean entropy")
    ]
    assert [labels(ax) for ax in figure.axes] == [["grpo", "pepo"]] * 4
    assert "(n = 5 questions at 3 steps)" in figure.get_suptitle()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["grpo", "pepo"]
    line = figure.axes[0].get_lines()[1]
    assert list(line.get_xdata()) == [0, 10, 20]
    assert plot_training_curve(frame, metric="kl").get_title(loc="left") == "mean KL divergence"
    plt.close("all")


def test_said_from_the_ends(runs: dict[str, Run]) -> None:
    """First and last step of a short line; a peak where it falls again; what is missing."""
    frame = training_curves(runs)
    finding = describe_curves(frame)
    reward = overall(frame, "reward").query("run == 'grpo'")["mean"]
    assert f"Reward: grpo {reward.iloc[0]:.3g} to {reward.iloc[-1]:.3g}" in finding.sentence
    assert "the last tenth of the steps, which are 0 to 20; no test is given." in finding.sentence
    assert set(finding.numbers["steps"]) == {3}
    said = describe_curves(collapse_curves(runs)).sentence
    assert "From the training log, without intervals: KL_prcp, clip-high share." in said
    assert "Missing in pepo: KL_prcp." in said
    assert "Missing: mean entropy without image." in said


def test_a_line_over_tasks_says_of_which_it_is() -> None:
    """Tasks that are not there at every step are named; none at every step makes no line."""
    parts = [
        make_training(steps, questions=4, n=2, seed=seed).tokens().assign(task=task)
        for seed, (task, steps) in enumerate({"a": (0, 5, 9), "b": (0, 5, 9), "c": (5, 9)}.items())
    ]
    said = describe_curves(dependency_curves({"run": pd.concat(parts)})).sentence
    assert "Over all tasks: the mean of the tasks' means, each weighing the same" in said
    assert "Not in it, as run has no responses to them at some step: c." in said
    turns = pd.concat([parts[0].query("step == 0"), parts[2].query("step == 9")])
    with pytest.raises(SaccadeError, match="No task of these trainings has responses at every"):
        dependency_curves({"run": turns})


def test_a_peak_is_told(tmp_path: Path) -> None:
    """A reward that rises and falls."""
    rows = [{"reward": value} for value in (0.1, 0.2, 0.8, 0.9, 0.3, 0.1)]
    log = training_log(logged(tmp_path / "log.jsonl", rows))
    said = describe_curves(training_curves({"papo": log})).sentence
    assert said.startswith("Reward: papo 0.1 to 0.1 (highest 0.9 at step 4). ")


def test_only_a_log_is_smoothed_and_keeps_its_raw_line(runs: dict[str, Run]) -> None:
    """By the moving average worked out by hand; entropies share one scale."""
    frame = collapse_curves(runs, smooth=0.9)
    rows = frame.query("metric == 'clip_high'")
    assert frame.query("source == 'responses'")["smoothed"].isna().all()
    by_hand, at = [], rows["mean"].iloc[0]
    for value in rows["mean"]:
        at = 0.9 * at + 0.1 * value
        by_hand.append(at)
    assert rows["smoothed"].tolist() == pytest.approx(by_hand)
    ax = plot_training_curve(frame, metric="clip_high")
    assert len(ax.get_lines()) == 2 and labels(ax) == ["grpo"]
    assert len(plot_training_curve(frame, metric="accuracy").get_lines()) == 2
    assert "(n = 5 questions at 3 steps; log of 40 steps)" in plot_curves(frame).get_suptitle()
    with pytest.raises(SaccadeError, match=r"smooth must be at least 0 and below 1; got 1"):
        training_curves(runs, smooth=1)
    plt.close("all")


def test_dependency_is_the_mean_logarithm(runs: dict[str, Run]) -> None:
    """S̃ = log(1 + S) of each token; without it the rest is drawn."""
    frame = dependency_curves(runs)
    assert frame.attrs["panels"] == ["accuracy", "entropy", "log_dependency"]
    tokens = runs["grpo"].tokens()
    tokens["value"] = np.log1p(tokens["kl.blind"].astype(float))
    by_hand = tokens.groupby(["step", "sample_id"])["value"].mean().groupby("step").mean()
    mine = overall(frame, "log_dependency").query("run == 'grpo'")["mean"]
    assert mine.tolist() == pytest.approx(by_hand.tolist(), rel=1e-5)
    less = dependency_curves({"a": tokens.drop(columns="kl.blind")})
    assert less.attrs["panels"] == ["accuracy", "entropy"]
    assert describe_curves(less).sentence.endswith("Missing: mean S̃ = log(1 + KL).")


def test_entropies_share_a_scale(tmp_path: Path) -> None:
    """So that with and without the image compare."""
    rows = [{"entropy": 0.1 * s, "entropy/ablated": 2.0 + s, "kl_prcp": 1.0} for s in range(4)]
    log = training_log(logged(tmp_path / "log.jsonl", rows))
    figure = plot_curves(collapse_curves({"papo": log}))
    titles = [ax.get_title(loc="left").replace("\n", " ") for ax in figure.axes]
    assert titles == ["KL_prcp", "mean entropy", "mean entropy without image", *[""] * 0]
    assert figure.axes[1].get_ylim() == figure.axes[2].get_ylim()
    assert figure.get_suptitle() == "Over training (log of 4 steps)"


def test_runs_in_the_order_given_are_named_at_the_axis(tmp_path: Path) -> None:
    """Where nothing tells their steps."""
    runs = {
        name: stored(tmp_path / name, make_run(questions=3, n=1, seed=seed), training={"seed": 1})
        for seed, name in enumerate("abc")
    }
    frame = dependency_curves(runs)
    ax = plot_training_curve(frame)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b", "c"]
    assert ax.get_xlabel() == "run, in the order given"
    assert describe_curves(frame).sentence.endswith("they stand in the order given: a, b, c.")
    plt.close("all")


def test_nothing_to_draw_is_refused(runs: dict[str, Run], tmp_path: Path) -> None:
    """A single step; a log of other things; a collapse without what only training knows."""
    with pytest.raises(SaccadeError, match="only has step 0 alone"):
        training_curves({"only": make_run(questions=2, n=1).tokens()})
    log = training_log(logged(tmp_path / "log.jsonl", [{"loss": 1.0}, {"loss": 0.5}]))
    with pytest.raises(SaccadeError, match="tell none of reward, tokens of a response, mean"):
        training_curves({"log": log})
    with pytest.raises(SaccadeError, match=r"Put the training's log as training.jsonl into"):
        collapse_curves({"pepo": runs["pepo"]})


def test_a_signal_of_one_step_is_no_curve() -> None:
    """Probed at one step only, it is missing."""
    tokens = make_training((1, 2), questions=2, n=1).tokens()
    tokens.loc[tokens["step"] == 1, "entropy"] = np.nan
    frame = dependency_curves({"a": tokens})
    assert frame.attrs["missing"] == {"entropy": ["a"]}
    assert isinstance(frame, pd.DataFrame)
