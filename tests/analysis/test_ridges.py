"""Token signals over training, against loops over the tokens."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from frames import FakeRun, at_step, make_run, make_training, stored

from saccade.analysis.plots.ridges import plot_ridges, plot_signal_ridges
from saccade.analysis.ridges import BEYOND, describe_ridges, signal_ridges
from saccade.errors import SaccadeError


@pytest.fixture(scope="module")
def tokens() -> pd.DataFrame:
    """Three steps, with gaps."""
    tokens = make_training(questions=6, n=3, seed=2).tokens()
    tokens.loc[np.random.default_rng(0).random(len(tokens)) < 0.1, "entropy"] = np.nan
    return tokens


@pytest.mark.parametrize("signal", ["visual_similarity", "kl"])
def test_the_same_as_a_loop(tokens: pd.DataFrame, signal: str) -> None:
    """Bins pinned over all steps; what lies beyond is in the bins at the ends."""
    column = {"kl": "kl.blind"}.get(signal, signal)
    frame = signal_ridges({"run": tokens}, signals=[signal], bins=12)
    of_step = {
        step: [float(v) for v in rows[column] if np.isfinite(v)]
        for step, rows in tokens.groupby("step")
    }
    low = min(np.quantile(values, BEYOND) for values in of_step.values())
    high = max(np.quantile(values, 1 - BEYOND) for values in of_step.values())
    assert frame["low"].min() == pytest.approx(low)
    assert frame["high"].max() == pytest.approx(high)
    edges = sorted({*frame["low"], *frame["high"]})
    spaced = np.log(edges) if signal == "kl" else edges
    assert np.allclose(np.diff(spaced), np.diff(spaced)[0])
    for step, rows in frame.groupby("step"):
        counted = [0] * 12
        for value in of_step[step]:
            place = sum(value >= edge for edge in rows["low"]) - 1
            counted[min(11, max(0, place))] += 1
        assert rows["tokens"].tolist() == counted
        assert rows["share"].tolist() == pytest.approx(np.divide(counted, sum(counted)))
        assert np.allclose(rows["median"], np.median(of_step[step]))


def test_drawn_one_below_the_other(tokens: pd.DataFrame) -> None:
    """A line per step, the first on top; logarithmic where values crowd near 0."""
    frame = signal_ridges({"run": tokens})
    figure = plot_ridges(frame)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        *("visual similarity", "entropy", "KL divergence")
    ]
    assert [ax.get_xscale() for ax in figure.axes] == ["linear", "log", "log"]
    assert len(figure.axes[0].get_lines()) == 3
    bottoms = [min(line.get_ydata()) for line in figure.axes[0].get_lines()]
    assert bottoms == sorted(bottoms, reverse=True)
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["0", "10", "20"]
    plt.close("all")


def test_a_panel_per_run_and_signal(tokens: pd.DataFrame) -> None:
    """Both on one axis of values; a run without the signal has no panel."""
    other = tokens.assign(visual_similarity=tokens["visual_similarity"] + 1).drop(columns="entropy")
    frame = signal_ridges({"a": tokens, "b": other}, signals=["visual_similarity", "entropy"])
    titles = [
        ax.get_title(loc="left") for ax in plot_ridges(frame).axes if ax.get_title(loc="left")
    ]
    assert titles == ["a: visual similarity", "b: visual similarity", "a: entropy"]
    ends = frame.query("signal == 'visual_similarity'").groupby("run")["low"].min()
    assert ends["a"] == ends["b"]
    ax = plot_signal_ridges(frame, signal="visual_similarity", run="b")
    assert len(ax.get_lines()) == 3
    plt.close("all")


def test_of_many_steps_some_are_taken() -> None:
    """Evenly, the first and the last among them; the title says how many."""
    run = make_training(tuple(range(0, 100, 10)), questions=2, n=1)
    frame = signal_ridges({"run": run.tokens()}, signals=["entropy"], most=4)
    assert frame["step"].drop_duplicates().tolist() == [0, 30, 60, 90]
    assert plot_ridges(frame).get_suptitle().endswith("4 of 10 steps)")


def test_said_with_medians(tokens: pd.DataFrame) -> None:
    """From the first to the last step."""
    frame = signal_ridges({"run": tokens}, signals=["kl"])
    first, last = (tokens.query("step == @step")["kl.blind"].median() for step in (0, 20))
    assert describe_ridges(frame).sentence == (
        f"From step 0 to step 20, KL divergence of the median token: run {first:.3g} to "
        f"{last:.3g}. No test is given."
    )


def test_checkpoints_in_the_order_given_are_named(tmp_path: Path) -> None:
    """Each with its own steps where it has any."""
    runs = {
        name: stored(tmp_path / name, make_run(questions=3, seed=seed), training={"seed": 1})
        for seed, name in enumerate("abc")
    }
    frame = signal_ridges(runs, signals=["entropy"])
    ax = plot_signal_ridges(frame)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b", "c"]
    assert "in the order given: a, b, c." in describe_ridges(frame).sentence
    plt.close("all")


def test_nothing_to_draw_is_refused(tokens: pd.DataFrame) -> None:
    """One step; no such signal; a log, which has no tokens; too few bins."""
    one = FakeRun(at_step(make_run(questions=2, n=1), 5)).tokens()
    with pytest.raises(SaccadeError, match="a has step 5 alone"):
        signal_ridges({"a": one})
    with pytest.raises(SaccadeError, match=r"none of the signals k3.grey, .* `saccade probe RUN`"):
        signal_ridges({"a": tokens}, signals=["k3.grey"])
    log = pd.DataFrame({"step": [1, 2], "metric": "entropy", "value": 0.5})
    with pytest.raises(SaccadeError, match="log has no responses"):
        signal_ridges({"log": log})
    with pytest.raises(SaccadeError, match="bins must be a whole number from 2 on; got 1"):
        signal_ridges({"a": tokens}, bins=1)
