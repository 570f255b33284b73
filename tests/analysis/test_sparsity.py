"""Lorenz curve and Gini by hand, and against sorting every token."""

import math

import numpy as np
import pytest
from frames import make_run
from test_dependency import tokens_of

from saccade.analysis import FIGURES
from saccade.analysis.sparsity import GRID, dependency_sparsity, describe_sparsity
from saccade.errors import SaccadeError


def gini(values):
    """The mean difference of all pairs, over twice the mean."""
    values = np.asarray(values, float)
    return np.abs(values[:, None] - values[None, :]).mean() / 2 / values.mean()


def held(values, top):
    ranked = sorted(values, reverse=True)
    return sum(ranked[: math.ceil(round(top * len(ranked), 9))]) / sum(ranked)


@pytest.mark.parametrize(
    ("values", "wanted", "tenth"),
    [([0, 0, 0, 1], 0.75, 1.0), ([2, 2, 2, 2], 0.0, 0.25), ([5], 0.0, 1.0), ([1, 3], 0.25, 0.75)],
)
def test_by_hand(values, wanted, tenth):
    frame = dependency_sparsity(tokens_of([float(value) for value in values]))
    assert frame.attrs["gini"] == pytest.approx(wanted)
    assert frame.attrs["gini_of_responses"] == pytest.approx([wanted] * 3)
    assert frame.loc[frame["top"] == 0.1, "mass"].tolist() == pytest.approx([tenth] * 2)


def test_equal_values_lie_on_the_diagonal():
    frame = dependency_sparsity(tokens_of([0.3] * 100))
    np.testing.assert_allclose(frame["mass"], frame["top"], atol=1e-12)


def test_as_sorting_every_token_does():
    tokens = make_run(questions=6).tokens()
    tokens["kl.blind"] = (tokens["kl.blind"] ** 4).astype("float64")
    tokens.loc[5, "kl.blind"] = np.nan
    frame = dependency_sparsity(tokens)
    kept = tokens["kl.blind"].dropna()
    each = [rows.dropna() for _, rows in tokens.groupby(["sample_id", "index"])["kl.blind"]]
    run, response = (frame[frame["over"] == over]["mass"] for over in ("run", "response"))
    np.testing.assert_allclose(run, [held(kept, top) for top in GRID], atol=3e-4)
    wanted = [np.mean([held(rows, top) for rows in each]) for top in GRID]
    np.testing.assert_allclose(response, wanted, atol=1e-12)
    assert frame.attrs["gini"] == pytest.approx(gini(kept), abs=3e-4)
    assert frame.attrs["gini_of_responses"][1] == pytest.approx(np.median([*map(gini, each)]))


def test_responses_without_mass_are_left_out_and_counted():
    frame = dependency_sparsity(tokens_of([0.0, 0.0], [0.0, 1.0]))
    assert frame.attrs["gini"] == pytest.approx(0.75)
    assert frame.attrs["gini_of_responses"] == pytest.approx([0.5] * 3)
    assert "left out of the latter: 1." in describe_sparsity(frame).sentence


def test_what_has_no_mass_is_refused():
    with pytest.raises(SaccadeError, match="the least kl.blind of this run is -1"):
        dependency_sparsity(tokens_of([-1.0, 2.0]))
    with pytest.raises(SaccadeError, match="is 0, so there is no mass"):
        dependency_sparsity(tokens_of([0.0, 0.0]))


def test_sentence_and_drawing():
    figure = FIGURES["sparsity"]
    frame = figure.frame(tokens_of([0.0, 0.0, 0.0, 1.0], [1.0] * 6))
    finding = figure.find(frame)
    assert "Over 10 tokens in 2 responses together" in finding.sentence
    assert "top 40 % hold 57.1 %" in finding.sentence
    assert finding.numbers["measure"].tolist()[:2] == ["Gini", "mass in the top 1 %"]
    labels = [line.get_label() for line in figure.draw(frame).axes[0].get_lines()]
    assert "all tokens of the run\n(Gini 0.30)" in labels
