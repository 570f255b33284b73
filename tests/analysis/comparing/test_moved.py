"""Words that moved: the planted one is found, values are those of a loop, the floor holds."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from planted import pair

from saccade.analysis.comparing import Pair, moved_words
from saccade.analysis.comparing.moved import describe_moved, standing_out
from saccade.analysis.plots.moved import plot_moved, plot_moved_words
from saccade.errors import SaccadeError


def test_the_planted_word_is_found_and_no_other() -> None:
    before, after = pair()
    frame = moved_words({"base": Pair(before, after)}, signals=["kl"])
    out = standing_out(frame)
    assert out["word"].tolist() == ["red"]
    row = out.iloc[0]
    change = (after["kl.blind"] - before["kl.blind"])[before["token"] == " red"]
    want = change.groupby(before["sample_id"]).mean()
    assert row["difference"] == pytest.approx(want.mean(), abs=1e-5)
    assert row["low"] < 1 < row["high"] and row["items"] == want.size
    assert row["tokens"] == len(change)
    classes = frame[frame["kind"] == "class"].set_index("word")
    assert classes["difference"].idxmax() == "picture" and classes.loc["picture", "p_bh"] < 0.05
    assert "1 of" in describe_moved(frame).sentence and "“red”" in describe_moved(frame).sentence


def test_words_are_chosen_by_how_often_they_are_said() -> None:
    before, after = pair()
    everything = moved_words({"base": Pair(before, after)}, floor=1)
    few = moved_words({"base": Pair(before, after)}, floor=1, most=2)
    said = everything[everything["kind"] == "word"].groupby("word")["items"].max()
    chosen = few[few["kind"] == "word"]
    assert chosen["word"].nunique() == 2 and chosen["items"].min() >= said.nlargest(2).min()
    with pytest.raises(SaccadeError, match="need one of the signals"):
        moved_words({"base": Pair(before, after)}, signals=["entropy"])


def test_words_stand_in_the_order_in_which_they_are_chosen() -> None:
    """Furthest first; where two sets of responses say a word in other questions, both n."""
    rows = pd.DataFrame(
        {
            "series": ["a", "a", "b", "b"],
            "signal": "kl.blind",
            "word": ["up", "down", "up", "down"],
            "difference": [1.0, -2.0, 1.0, -2.0],
            "low": 0.5,
            "high": 1.5,
            "p_bh": 0.01,
            "items": [9, 8, 7, 8],
        }
    )
    ax = plot_moved_words(rows, ["down", "up"], ax=Figure().subplots())
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["down, n = 8", "up, n = 9 and 7"]


def test_both_signals_are_drawn_in_both_sets_of_responses() -> None:
    """Also where no word moved, and where a word is what matplotlib would read as mathematics."""
    before, after = pair()
    after["token"] = before["token"] = before["token"].replace({" circle": " $x$ \\frac"})
    frame = moved_words({"base": Pair(before, after), "tuned": Pair(before, before)})
    figure = plot_moved(frame)
    assert len(figure.axes) == 4
    assert figure.axes[0].get_title(loc="left") == "log-probability by class"
    figure.draw_without_rendering()
    assert figure.axes[0].get_xlabel() == "difference, nats"
    still = moved_words({"base": Pair(before, before)})
    assert standing_out(still).empty and np.abs(still["difference"]).max() == 0
    assert "0 of" in describe_moved(still).sentence
    plot_moved(still).draw_without_rendering()


def test_a_class_moved_only_if_its_p_says_so() -> None:
    """With its interval and how many questions say it; chance names no class."""
    before, after = pair()
    said = describe_moved(moved_words({"base": Pair(before, after)}, signals=["kl"])).sentence
    frame = moved_words({"base": Pair(before, after)}, signals=["kl"])
    row = frame[frame["kind"] == "class"].set_index("word").loc["picture"]
    assert f"picture moved most ({row['difference']:+.3g}, {row['low']:+.3g} to" in said
    assert "n = 20 questions)" in said
    by_chance = before.copy()
    by_chance["kl.blind"] += np.random.default_rng(0).normal(0, 1, len(before))
    frame = moved_words({"base": Pair(before, by_chance)}, signals=["kl"])
    assert "0 of 9 words moved; no class moved." in describe_moved(frame).sentence
