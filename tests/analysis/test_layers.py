"""Profiles over hidden states, from the maps that a run may have."""

from dataclasses import replace

import numpy as np
import pytest
from frames import FakeRun, make_run, stored

from saccade.analysis.layers import describe_layers, layer_profiles
from saccade.analysis.plots.profiles import plot_layer_profile, plot_layers
from saccade.errors import SaccadeError


def with_maps(run: FakeRun) -> FakeRun:
    """The run with a map of five states, a missing number in the first response's state 2."""
    rng = np.random.default_rng(0)
    for place, trace in enumerate(run.traces):
        states = rng.normal(size=(5, len(trace.tokens))).astype(np.float32)
        if place == 0:
            states[2, 0] = np.nan
        run.traces[place] = replace(trace, layers={"visual_similarity": states})
    return run


def test_the_same_as_a_loop(tmp_path) -> None:
    """Pooled tokens per question and verdict, then the mean over questions."""
    run = with_maps(make_run(questions=6, n=3, seed=4))
    frame = layer_profiles(stored(tmp_path / "run", run))
    assert len(frame) == 10
    for row in frame.itertuples():
        pooled: dict[str, list[np.ndarray]] = {}
        for trace in run.traces:
            states = trace.layers["visual_similarity"][row.layer].astype(float)
            if trace.rollout.correct == row.correct and np.isfinite(states).all():
                pooled.setdefault(trace.sample.id, []).append(states)
        means = [np.concatenate(parts).mean() for parts in pooled.values()]
        assert row.mean == pytest.approx(np.mean(means), rel=1e-5)
        assert row.n_questions == len(means)
    finding = describe_layers(frame)
    assert "differs most at state" in finding.sentence
    gaps = frame.pivot(index="layer", columns="correct", values="mean")
    assert finding.numbers["layer"].item() == (gaps[True] - gaps[False]).abs().idxmax()
    ax = plot_layer_profile(frame)
    assert [len(line.get_xdata()) for line in ax.get_lines()] == [5, 5]
    plot_layers(frame).draw_without_rendering()


def test_one_verdict_has_no_contrast(tmp_path) -> None:
    """One curve, and a sentence that says so; none where nothing was judged."""
    run = with_maps(make_run(questions=2, accuracy=1.0))
    frame = layer_profiles(stored(tmp_path / "run", run))
    assert "every response is correct" in describe_layers(frame).sentence
    words = [text.get_text() for text in plot_layer_profile(frame).get_legend().get_texts()]
    assert words == ["correct, n = 2", "no incorrect responses"]
    for place, trace in enumerate(run.traces):
        run.traces[place] = replace(trace, rollout=replace(trace.rollout, correct=None))
    with pytest.raises(SaccadeError, match="verdict"):
        layer_profiles(stored(tmp_path / "unjudged", run))


def test_a_run_without_maps_names_the_command(tmp_path) -> None:
    """So does a table of tokens, which cannot have any."""
    run = make_run(questions=2)
    run.traces = [replace(trace, layers={}) for trace in run.traces]
    for source in (stored(tmp_path / "run", run), run.tokens()):
        with pytest.raises(SaccadeError, match="--maps layers --out ANOTHER"):
            layer_profiles(source)
