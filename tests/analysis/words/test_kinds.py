"""Content against function words: means by a loop, intervals over questions, edge cases."""

import numpy as np
import pandas as pd
import pytest
from frames import make_run

from saccade.analysis.plots.content import plot_word_dependency
from saccade.analysis.words import word_dependency, words
from saccade.analysis.words.kinds import describe_dependency
from saccade.errors import SaccadeError


def test_means_by_a_loop() -> None:
    """Every token counts with the class of its word."""
    tokens = make_run(questions=9).tokens()
    frame = word_dependency(tokens).set_index("words")
    kinds = words(tokens)["content"]
    for name, kind in (("content words", True), ("function words", False)):
        values = tokens["kl.blind"][(kinds == kind).fillna(value=False).to_numpy(bool)]
        row = frame.loc[name]
        assert row["mean"] == pytest.approx(values.astype(float).mean())
        assert row["low"] < row["mean"] < row["high"]
        assert row["n_tokens"] == len(values)
    difference = frame.loc["content words", "mean"] - frame.loc["function words", "mean"]
    assert frame.loc["difference", "mean"] == pytest.approx(difference)


def test_pieces_count_as_their_word() -> None:
    """By hand: three tokens of two content words, one of a function word; the mark is left out."""
    tokens = pd.DataFrame(
        {
            "sample_id": "q",
            "index": 0,
            "correct": True,
            "position": range(5),
            "token": ["tri", "angle", " is", " dark", "."],
            "kl.blind": [1.0, 3.0, 5.0, 2.0, 99.0],
        }
    )
    frame = word_dependency(tokens).set_index("words")
    assert frame.loc["content words", ["mean", "n_tokens", "n_words"]].tolist() == [2.0, 3, 2]
    assert frame.loc["function words", "mean"] == 5.0
    assert frame.loc["geometry", "mean"] == 2.0
    assert frame.loc["difference", "mean"] == -3.0
    assert frame.loc["difference", ["low", "high"]].isna().all()  # of one question
    assert frame.loc["difference", ["n_tokens", "n_words", "n_questions"]].tolist() == [4, 3, 1]


def test_questions_are_drawn_whole() -> None:
    """Saying everything twice as long makes no interval narrower."""
    tokens = make_run(questions=9).tokens()
    again = tokens.assign(position=tokens["position"] + tokens["length"] + 1)
    twice = pd.concat([tokens, again], ignore_index=True)
    once, longer = word_dependency(tokens), word_dependency(twice)
    np.testing.assert_allclose(once[["low", "high"]], longer[["low", "high"]])
    assert (longer["n_tokens"] == 2 * once["n_tokens"]).all()


def test_questions_of_one_image_are_questions() -> None:
    """They are drawn together and counted one by one."""
    tokens = make_run(questions=20).tokens()
    pairs = tokens.assign(cluster=tokens["sample_id"].str[1:].astype(int) // 2)
    frame, apart = word_dependency(pairs), word_dependency(tokens)
    assert frame["n_questions"].tolist() == apart["n_questions"].tolist()
    assert (frame["low"] != apart["low"]).any()
    assert "of 20 questions; 95 % intervals" in describe_dependency(frame).sentence


def test_what_says_nothing_is_refused_or_not_claimed() -> None:
    """No number at all, no interval, no class above the others."""
    tokens = make_run(questions=2).tokens()
    with pytest.raises(SaccadeError, match="has a number for kl.blind"):
        word_dependency(tokens.assign(**{"kl.blind": np.nan}))
    said = describe_dependency(word_dependency(tokens.assign(**{"kl.blind": 0.0}))).sentence
    assert "No class depends more than another." in said and "intervals" not in said
    figure = plot_word_dependency(word_dependency(tokens))
    assert [ax.get_xlabel() for ax in figure.axes] == ["mean KL divergence of a token"] * 2


def test_drawn_and_said() -> None:
    """Two panels of bars; nothing to compare is said."""
    tokens = make_run(questions=4).tokens()
    frame = word_dependency(tokens)
    figure = plot_word_dependency(frame)
    assert len(figure.axes[0].patches) == 2
    named = [tick.get_text() for tick in figure.axes[1].get_yticklabels()]
    n = frame.set_index("words").loc["function", "n_tokens"]
    assert f"other function, n = {n} tokens" in named
    assert describe_dependency(frame).sentence.startswith("Mean KL divergence of content words")
    bare = word_dependency(tokens[tokens["token"].isin([" red", " blue"])])
    plot_word_dependency(bare).draw_without_rendering()
    assert "nothing to compare" in describe_dependency(bare).sentence


def test_means_below_zero_are_drawn() -> None:
    """As of a log-probability; bars of what is never negative begin at the edge."""
    tokens = make_run(questions=9).tokens()
    kinds, classes = plot_word_dependency(word_dependency(tokens, signal="logprob")).axes
    for ax in (kinds, classes):
        assert min(bar.get_width() for bar in ax.patches) > ax.get_xlim()[0]
        assert ax.get_xlim()[0] < -0.5
    assert plot_word_dependency(word_dependency(tokens)).axes[0].get_xlim()[0] == 0
