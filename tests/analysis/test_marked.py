"""The typical response and the tokens kept of it, by a loop; and drawn whatever its text."""

import math

import numpy as np
import pytest
from frames import make_run, stored
from matplotlib.patches import PathPatch
from test_dependency import tokens_of

from saccade.analysis import FIGURES
from saccade.analysis.marked import describe_marked, marked_response
from saccade.analysis.plots.glyphs import drawable, named
from saccade.analysis.plots.marked import COLUMNS, plot_marked_response
from saccade.analysis.plots.tokens import wrapped
from saccade.errors import SaccadeError


@pytest.mark.parametrize("top", [0.4, 0.07, 1.0])
def test_the_response_nearest_the_median_and_its_top_tokens(tmp_path, top):
    run = make_run(questions=7, n=3)
    means = [trace.signals["kl"].astype(float).mean() for trace in run.traces]
    chosen = run.traces[int(np.abs(np.array(means) - np.median(means)).argmin())]
    for source in (run.tokens(), stored(tmp_path / f"run{top}", run)):
        frame = marked_response(source, top=top)
        assert frame.attrs["sample_id"] == chosen.rollout.sample_id
        assert frame.attrs["index"] == chosen.rollout.index
        assert frame.attrs["correct"] is chosen.rollout.correct
        assert frame["token"].tolist() == list(chosen.tokens)
        kept = np.argsort(-chosen.signals["kl"])[: math.ceil(round(top * len(chosen.tokens), 9))]
        assert np.flatnonzero(frame["kept"]).tolist() == sorted(kept)


def test_equal_values_fall_to_the_earlier_and_missing_ones_are_never_kept():
    frame = marked_response(tokens_of([1.0, math.nan, 1.0, 1.0, 0.0]), top=0.5)
    assert frame["kept"].tolist() == [True, False, True, False, False]
    assert (
        "the top 50 % by KL divergence. They hold 66.7 % of its KL"
        in describe_marked(frame).sentence
    )


def test_a_response_without_a_largest_token_is_refused():
    with pytest.raises(SaccadeError, match="same kl.blind, 0, so none is larger"):
        marked_response(tokens_of([0.0, 0.0, 0.0]))


def test_a_sample_id_is_told_as_it_is():
    frame = marked_response(tokens_of([1.0, 0.0]).assign(sample_id="q 50% off"))
    assert "Response 0 to q 50% off (" in describe_marked(frame).sentence


def test_top_is_a_share():
    with pytest.raises(SaccadeError, match="top must be a share"):
        marked_response(tokens_of([1.0]), top=40)


def test_words_stay_whole_and_breaks_end_lines():
    tokens = tokens_of([1.0] * 4)
    tokens["token"] = ["a" * (COLUMNS - 2), " b", "cc", "\n"]
    assert list(wrapped(tokens["token"].tolist(), COLUMNS)) == [(0, 0), (1, -1), (1, 1), (1, 3)]
    tokens["token"] = ["x" * (COLUMNS + 9), "y", "\n", "z"]
    assert list(wrapped(tokens["token"].tolist(), COLUMNS)) == [(0, 0), (1, 0), (1, 1), (2, 0)]


@pytest.mark.parametrize("text", ["$x^{", "\x1b[31m", "漢字", " ", "", "<b>&", "\\frac{$"])
def test_any_text_is_drawn(text):
    frame = marked_response(tokens_of([1.0, 2.0, 0.0]).assign(token=text))
    figure = FIGURES["vppo_7"].draw(frame)
    figure.draw_without_rendering()
    assert any(isinstance(artist, PathPatch) for artist in figure.axes[0].get_children()) == bool(
        text.strip()
    )
    assert "n = 3" in figure.axes[0].get_title(loc="left")


def test_long_responses_are_cut_and_say_so():
    frame = marked_response(tokens_of(np.arange(4000.0)))
    title = plot_marked_response(frame).get_title(loc="left")
    assert "of n = 4,000 tokens, the first" in title


def test_what_cannot_be_drawn_is_a_box():
    assert drawable("a漢\x1b") == "a▯⟨U+001B⟩"
    assert named("lab/漢$") == "lab/▯$"
    assert named("a" * 20 + "b" * 20) == "a" * 14 + "…" + "b" * 14
