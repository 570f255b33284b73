"""Histograms and means of token dependency against NumPy, and by hand."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from frames import make_run

from saccade.analysis import FIGURES
from saccade.analysis.dependency import (
    dependency_frequencies,
    dependency_histogram,
    describe_frequencies,
    describe_histogram,
    describe_trajectories,
    percent,
    trajectory_dependency,
)
from saccade.analysis.plots.dependency import plot_dependency_histogram, plot_trajectory_dependency
from saccade.analysis.plots.powers import written
from saccade.errors import SaccadeError


def tokens_of(*responses, **columns):
    """Tokens of responses to one question, given their dependencies."""
    rows = [
        {
            "task": "t",
            "sample_id": "q",
            "step": 0,
            "index": i,
            "position": p,
            "token": f" w{p}",
            "correct": True,
            "length": len(values),
            "kl.blind": value,
        }
        for i, values in enumerate(responses)
        for p, value in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(**columns)


@pytest.fixture(scope="module")
def tokens():
    frame = make_run(questions=12).tokens()
    frame["kl.blind"] = frame["kl.blind"] ** 4
    return frame


def test_bins_as_numpy_does(tokens):
    frame = dependency_histogram(tokens)
    edges = [*np.arange(50) / 5, 10, np.inf]
    assert frame["tokens"].tolist() == np.histogram(tokens["kl.blind"], edges)[0].tolist()
    assert frame["high"].iloc[-1] == math.inf and frame["low"].iloc[-1] == 10
    assert frame["share"].sum() == pytest.approx(1)
    frame = dependency_frequencies(tokens, bins=7)
    top = float(tokens["kl.blind"].max())
    assert frame["tokens"].tolist() == np.histogram(tokens["kl.blind"], 7, (0, top))[0].tolist()


def test_a_value_on_an_edge_begins_its_bin():
    frame = dependency_histogram(tokens_of([0.0, 0.19, 0.2, 0.6, 9.99, 10.0, 1e9]))
    assert frame["tokens"].to_numpy().nonzero()[0].tolist() == [0, 1, 3, 49, 50]
    assert frame["tokens"].tolist()[:2] == [2, 1] and frame["tokens"].iloc[50] == 2


def test_negative_signals_have_bins_below_zero():
    frame = dependency_histogram(tokens_of([-0.3, -0.1, 0.1, -99]), width=1, last=2)
    assert frame["low"].tolist() == [-math.inf, -2, -1, 0, 1, 2]
    assert frame["tokens"].tolist() == [1, 0, 2, 1, 0, 0]
    frame = dependency_frequencies(tokens_of([-3.0, -1.0, -1.0]), bins=2)
    assert (frame["low"].iloc[0], frame["high"].iloc[-1]) == (-3, -1)
    assert frame["tokens"].tolist() == [1, 2]


def test_means_of_responses_as_pandas_has_them(tokens):
    tokens.loc[3, "kl.blind"] = np.nan
    frame = trajectory_dependency(tokens).set_index(["sample_id", "index"])
    wanted = tokens.groupby(["sample_id", "index"])["kl.blind"].agg(["mean", "count"])
    np.testing.assert_allclose(frame["value"], wanted.loc[frame.index, "mean"], rtol=1e-6)
    assert (frame["tokens"] == wanted.loc[frame.index, "count"]).all()
    assert describe_trajectories(frame).sentence.endswith("Left out: 1 token without a number.")


def test_sentences_tell_the_numbers():
    tokens = tokens_of([0.0, 0.1, 0.5], [12.0])
    said = describe_histogram(dependency_histogram(tokens)).sentence
    assert said.startswith(
        "Of 4 tokens in 2 responses, 50.0 % have a KL divergence below 0.2 and 25.0 % one of 10"
    )
    said = describe_frequencies(dependency_frequencies(tokens)).sentence
    assert "is 3.15, and 25.0 % of the tokens lie above it" in said
    assert "up to 0.2, holds 50.0 %" in said
    said = describe_trajectories(trajectory_dependency(tokens)).sentence
    assert "median 6.1 over 2 responses" in said and "between 0.2 and 12" in said
    assert percent(0.0001) == "under 0.1 %" and percent(0) == "0.0 %"


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [3.0], [math.nan, 1.0]])
@pytest.mark.parametrize("name", ["vppo_3", "vppo_4", "pgpo_2a"])
def test_little_is_drawn_and_said(name, values):
    open_before = plt.get_fignums()
    figure = FIGURES[name]
    frame = figure.frame(tokens_of(values))
    figure.draw(frame).draw_without_rendering()
    assert figure.find(frame).sentence.endswith(".")
    assert plt.get_fignums() == open_before


def test_bins_make_sense():
    with pytest.raises(SaccadeError, match="width must be above 0"):
        dependency_histogram(tokens_of([1.0]), width=0)
    with pytest.raises(SaccadeError, match="bins must be a whole number from 1 on"):
        dependency_frequencies(tokens_of([1.0]), bins=0)


def test_draws_what_the_frame_holds(tokens):
    frame = dependency_histogram(tokens)
    _, ax = plt.subplots()
    assert plot_dependency_histogram(frame, ax=ax) is ax
    assert [bar.get_height() for bar in ax.patches] == frame["tokens"].tolist()
    assert ax.get_yscale() == "log" and ax.get_xticklabels()[-1].get_text() == "≥ 10"
    assert ax.get_title(loc="left") == f"Tokens (n = {len(tokens) - frame.attrs['missing']:,})"
    ax = plot_trajectory_dependency(trajectory_dependency(tokens))
    assert ax.get_title(loc="left") == "Means of responses (n = 48)"
    plt.close("all")


def test_powers_are_plain_characters():
    assert [written(value) for value in (1e-5, 1.0, 1000.0, 0.002)] == [
        "10⁻⁵",
        "10⁰",
        "10³",
        "0.002",
    ]
    figure = FIGURES["vppo_3"].draw(dependency_histogram(make_run(questions=3).tokens()))
    figure.draw_without_rendering()
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert "10¹" in labels and not any("$" in label for label in labels)


def test_the_open_bin_begins_at_last():
    """Or the sentence would call what lies from .9 on `1 or more`; NumPy's numbers are numbers."""
    tokens = tokens_of([0.1, 0.95, 2.0])
    with pytest.raises(SaccadeError, match=r"a multiple of width, .* width=0.3 and last=1. Take"):
        dependency_histogram(tokens, width=0.3, last=1)
    frame = dependency_histogram(tokens, width=np.float64(0.3), last=np.float64(0.9))
    assert frame["low"].iloc[-1] == pytest.approx(0.9) and frame["tokens"].iloc[-1] == 2
    assert "66.7 % one of 0.9 or more" in describe_histogram(frame).sentence
