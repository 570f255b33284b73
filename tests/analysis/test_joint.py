"""The plane of two signals: cells and quadrants counted by a loop, typical tokens by hand."""

import math

import numpy as np
import pytest
from frames import make_run
from test_dependency import tokens_of

from saccade.analysis import FIGURES
from saccade.analysis.joint import describe_joint, joint_density
from saccade.errors import SaccadeError


def shares(frame):
    return {q["quadrant"]: q["share"] for q in frame.attrs["quadrants"]}


def test_quadrants_and_cells_count_every_token():
    tokens = make_run(questions=6).tokens()
    tokens.loc[3, "entropy"] = np.nan
    frame = joint_density(tokens, bins=9)
    kept = tokens.dropna(subset="entropy")
    x, y = kept["kl.blind"].astype(float), kept["entropy"].astype(float)
    assert frame.attrs["cut"] == pytest.approx([x.median(), y.median()])
    assert frame.attrs["left_out"] == 1 and frame["tokens"].sum() == len(kept)
    high_x, high_y = x > x.median(), y > y.median()
    wanted = [(high_x == x) & (high_y == y) for x in (True, False) for y in (True, False)]
    assert list(shares(frame).values()) == pytest.approx([part.mean() for part in wanted])
    for row in frame.itertuples():
        inside = x.between(row.x_low, row.x_high, "left") & y.between(row.y_low, row.y_high, "left")
        assert abs(inside.sum() - row.tokens) <= 1  # the largest value closes the last cell


def test_typical_tokens_by_hand():
    tokens = tokens_of([2.0, 2.0, 0.0, 0.0, 0.0, 2.0]).assign(entropy=[2.0, 2, 0, 0, 0, 0])
    tokens["token"] = [" red", "red ", "the", "the", "red", " "]
    frame = joint_density(tokens, cut=(1.0, 1.0))
    quadrants = {q["quadrant"]: q for q in frame.attrs["quadrants"]}
    assert quadrants["both high"]["typical"] == ["red"]
    assert quadrants["both low"]["typical"] == ["the"]
    assert quadrants["only KL divergence high"]["typical"] == []
    assert quadrants["only entropy high"]["tokens"] == 0
    said = describe_joint(frame).sentence
    assert "cut at KL divergence 1 and entropy 1 (given): both high 33.3 % (“red”)" in said
    assert "Were the two independent, 16.7 % would be high in both." in said


def test_what_high_is_is_told_in_the_figure():
    tokens = tokens_of([2.0, 1.0, 0.5]).assign(entropy=[2.0, 1.0, 0.5])
    for cut, said in ((None, "above the median"), ((1.0, 1.0), "above the cut that was given")):
        canvas = FIGURES["joint"].draw(joint_density(tokens, cut=cut))
        assert canvas.axes[0].texts[0].get_text() == f"high: {said} (the lines)"
        assert "≤" not in canvas.axes[0].get_xticklabels()[0].get_text()


def test_signals_below_zero_have_an_even_axis():
    tokens = make_run(questions=3).tokens()
    frame = joint_density(tokens, signal="logprob", bins=4)
    assert frame.attrs["logarithmic"] == [False, True]
    assert frame["x_low"].min() == pytest.approx(tokens["logprob"].min())


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0, 5.0], [1e-9, 1.0]])
def test_little_is_drawn(values):
    figure = FIGURES["joint"]
    frame = figure.frame(tokens_of(values).assign(entropy=values, token="$a"))
    canvas = figure.draw(frame)
    canvas.draw_without_rendering()
    ax = canvas.axes[0]
    assert ax.get_title(loc="left") == f"Tokens (n = {len(values)})"
    seen = [tick.get_text() for tick in ax.get_xticklabels() if tick.get_position()[0] > 9e-7]
    assert seen[0] == "≤ 10⁻⁶"
    assert not any(tick.get_text() for tick in ax.get_xticklabels(minor=True))


def test_two_signals_that_never_meet_are_refused():
    tokens = tokens_of([1.0, math.nan]).assign(entropy=[math.nan, 1.0])
    for cut in (None, (0.0, 0.0)):
        with pytest.raises(SaccadeError, match="has both kl.blind and entropy"):
            joint_density(tokens, cut=cut)
    with pytest.raises(SaccadeError, match="bins must be a whole number from 2 on"):
        joint_density(tokens, bins=1)
