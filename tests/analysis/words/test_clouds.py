"""Clouds: counted by a plain loop, drawn as outlines, the same each time, linked to the text."""

from collections import Counter

import pandas as pd
import pytest
from frames import make_run

from saccade.analysis.plots.words import plot_word_clouds
from saccade.analysis.report.files import drawings
from saccade.analysis.words import fonts, word_clouds, words
from saccade.analysis.words.clouds import describe_clouds, standing_out, top_words
from saccade.errors import SaccadeError


@pytest.fixture(scope="module")
def tokens() -> pd.DataFrame:
    """A run in which `circle` is said with most entropy."""
    tokens = make_run(questions=8).tokens()
    tokens.loc[tokens["token"] == " circle", "entropy"] += 10
    return tokens


def test_counts_by_a_loop(tokens: pd.DataFrame) -> None:
    """A word is a top word if one of its tokens is among the five of its response."""
    frame = word_clouds(tokens, signals=["entropy"], top=5, floor=1)
    top, other = Counter(), Counter()
    table = pd.concat([tokens, words(tokens)], axis=1)
    for _, rows in table.groupby(["sample_id", "index"]):
        best = set(rows["entropy"].nlargest(5).index)
        for _, word in rows[rows["content"].notna()].groupby("number"):
            (top if best & set(word.index) else other)[word["normal"].iloc[0]] += 1
    assert dict(zip(frame["word"], frame["n"], strict=True)) == {w: top[w] for w in frame["word"]}
    assert dict(zip(frame["word"], frame["n_other"], strict=True)) == {
        w: other[w] for w in frame["word"]
    }
    assert set(frame["word"]) == set(top) | set(other)


def test_what_stands_out_is_said(tokens: pd.DataFrame) -> None:
    """The word, its numbers, its class, and where it is said."""
    frame = top_words(tokens)
    out = standing_out(frame[frame["panel"] == "entropy"])
    assert out.iloc[0]["word"] == "circle"
    finding = describe_clouds(frame)
    assert "“circle”" in finding.sentence and "of the class geometry" in finding.sentence
    place = frame.attrs["occurrences"][0]
    assert place["text"] == " circle" and place["before"].endswith(" red")
    assert place["after"].startswith(" is")
    said = tokens[(tokens["sample_id"] == place["sample_id"]) & (tokens["index"] == place["index"])]
    assert "".join((place["before"], place["text"], place["after"])) in "".join(said["token"])
    assert sum(at["word"] == "circle" for at in frame.attrs["occurrences"]) <= 6


def test_over_the_run_and_missing_values(tokens: pd.DataFrame) -> None:
    """200 tokens of the run at most; tokens without the signal are in neither group."""
    gone = tokens.assign(**{"kl.blind": tokens["kl.blind"].where(tokens["index"] > 0)})
    frame = word_clouds(gone, signals=["kl"], top=20, among="run", floor=1)
    assert 1 <= frame["n"].sum() <= 20
    assert frame[["n", "n_other"]].to_numpy().sum() < words(gone)["content"].notna().sum()
    with pytest.raises(SaccadeError, match="no signal 'hidden_shift.swap'"):
        word_clouds(tokens, signals=["hidden_shift.swap"])


def test_drawn_as_outlines_that_link(tokens: pd.DataFrame) -> None:
    """One patch per word, larger where the interval lies higher, the same bytes again."""
    frame = top_words(tokens)
    canvas = plot_word_clouds(frame)
    out = standing_out(frame[frame["panel"] == "entropy"])
    assert {patch.get_label() for patch in canvas.axes[0].patches} == set(out["word"])
    svg = drawings(canvas)[0]
    assert 'href="#word-0-0"' in svg and "<image" not in svg
    assert svg == drawings(plot_word_clouds(frame))[0]


def test_many_words_all_fit_without_touching() -> None:
    """Sizes are linear in the lower end, and no word lies on another."""
    names = [f"word{'x' * (i % 7)}{i}" for i in range(40)]
    frame = clouds(names, [1 + i / 10 for i in range(40)])
    boxes = [patch.get_path().get_extents() for patch in plot_word_clouds(frame).axes[0].patches]
    assert len(boxes) == 40
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_nothing_stands_out_and_no_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message each, no crash."""
    bare = clouds(["a"], [-1.0])
    assert plot_word_clouds(bare).axes[0].texts[0].get_text() == "no word stands out"
    assert "no word stands out" in describe_clouds(bare).sentence
    monkeypatch.setattr(fonts, "_installed", tuple)
    canvas = plot_word_clouds(clouds(["angle", "三角形"], [1.0, 2.0]))
    assert "1 left out: no installed font" in canvas.axes[0].texts[-1].get_text()
    drawings(canvas)


def clouds(names: list[str], low: list[float]) -> pd.DataFrame:
    """A frame of one panel."""
    frame = pd.DataFrame({"panel": "entropy", "word": names, "class": "content", "low": low})
    frame = frame.assign(n=9, n_other=1, log_odds=frame["low"] + 1, high=frame["low"] + 2, z=2.0)
    frame.attrs = {"signals": ["entropy"], "top": 0.2, "among": "response", "floor": 5}
    frame.attrs |= {"occurrences": [], "not_drawn": {}, "read": 4, "responses": 4}
    return frame
