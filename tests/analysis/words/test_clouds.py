"""Clouds: counted by a plain loop, drawn as outlines, the same each time, linked to the text."""

from collections import Counter

import numpy as np
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
    tokens = make_run(questions=24).tokens()
    tokens.loc[tokens["token"] == " circle", "entropy"] += 10
    return tokens


def test_counts_by_a_loop(tokens: pd.DataFrame) -> None:
    """Each token counts as its word: among the five top ones of its response, or not."""
    frame = word_clouds(tokens, signals=["entropy"], top=5, floor=1)
    top, other, said = Counter(), Counter(), Counter()
    table = pd.concat([tokens, words(tokens)], axis=1)
    for _, rows in table.groupby(["sample_id", "index"]):
        best = set(rows["entropy"].nlargest(5).index)
        for row in rows[rows["content"].notna()].itertuples():
            (top if row.Index in best else other)[row.normal] += 1
            said[row.normal] += row.starts
    for row in frame.itertuples():
        found = row.n, row.n_other, row.said
        assert found == (top[row.word], other[row.word], said[row.word])
    assert set(frame["word"]) == set(said)


def noise(*, seed: int = 0, questions: int = 60, by_word: float = 0.0) -> pd.DataFrame:
    """Words of one token and of three, with entropies that know nothing of words.

    `by_word` is how much a word of one question has of its own, in all of its tokens.
    """
    rng = np.random.default_rng(seed)
    short, long = [[f" w{chr(97 + i)}"] for i in range(24)], [" quad", "rila"]
    spoken = [*short, *([*long, f"ter{chr(97 + i)}"] for i in range(12))]
    rows = []
    for question in range(questions):
        own = rng.normal(0, by_word, len(spoken))
        for index in range(3):
            chosen = rng.integers(len(spoken), size=40)
            said = [(text, own[word]) for word in chosen for text in spoken[word]]
            rows += [
                (f"q{question}", index, place, text, len(said), rng.normal() + more)
                for place, (text, more) in enumerate(said)
            ]
    names = ["sample_id", "index", "position", "token", "length", "entropy"]
    return pd.DataFrame(rows, columns=names).assign(task="t", step=0, correct=True)


def test_noise_singles_out_no_word_whatever_its_length() -> None:
    """Three tokens are three chances to be on top, which makes no word stand out."""
    frame = word_clouds(noise(), signals=["entropy"])
    assert len(frame) == 36 and standing_out(frame).empty
    long = frame["word"].str.startswith("quad")
    assert frame.loc[long, "log_odds"].mean() == pytest.approx(0, abs=0.03)
    assert "no word stands out; nearest to it is “" in describe_clouds(frame).sentence


def test_false_finds_stay_at_their_level_where_words_are_clustered() -> None:
    """What a word has of its own in one question is one observation, however often it is said."""
    frames = [word_clouds(noise(seed=s, by_word=2), signals=["entropy"]) for s in range(8)]
    assert sum(len(standing_out(frame)) for frame in frames) <= 1
    assert np.mean([(frame["p"] < 0.05).mean() for frame in frames]) < 0.08
    tokens = noise(by_word=2)
    tokens.loc[tokens["token"].isin([" wa", " wb"]), "entropy"] += 3
    assert set(standing_out(word_clouds(tokens, signals=["entropy"]))["word"]) == {"wa", "wb"}


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
    frame = word_clouds(tokens.assign(entropy=np.nan), signals=["entropy"])
    assert frame.empty and "no word stands out." in describe_clouds(frame).sentence


def test_drawn_as_outlines_that_link(tokens: pd.DataFrame) -> None:
    """One patch per word, larger where the interval lies higher, the same bytes again."""
    frame = top_words(tokens)
    canvas = plot_word_clouds(frame)
    out = standing_out(frame[frame["panel"] == "entropy"])
    assert {patch.get_label() for patch in canvas.axes[0].patches} == set(out["word"])
    svg = drawings(canvas)[0]
    assert 'href="#word-0-0"' in svg and "<image" not in svg
    assert svg == drawings(plot_word_clouds(frame))[0]


def test_where_none_stands_out_those_that_do_before_correction_are_drawn_and_it_is_said() -> None:
    """Three of twenty words with p of .01 to .03: none holds among twenty."""
    names = [f"word{i}" for i in range(20)]
    frame = clouds(names, [0.4, 0.3, 0.2, *[-1.0] * 17]).assign(p_bh=0.2)
    canvas = plot_word_clouds(frame)
    left = canvas.axes[0]
    assert {patch.get_label() for patch in left.patches} == set(names[:3])
    assert "no word stands out once p is corrected; these do before" in left.texts[-1].get_text()
    assert "no word stands out" in describe_clouds(frame).sentence


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
    frame = frame.assign(p=0.001, p_bh=np.where(frame["low"] > 0, 0.01, 0.4))
    frame.attrs = {"signals": ["entropy"], "top": 0.2, "among": "response", "floor": 5}
    frame.attrs |= {"occurrences": [], "not_drawn": {}, "read": 4, "responses": 4}
    return frame


def test_the_top_tokens_of_a_run_need_others() -> None:
    """A run that has no more of them is refused instead of drawn as a blank page."""
    few = make_run(questions=1, n=1).tokens()
    with pytest.raises(SaccadeError, match=f"only {len(few)} tokens with kl.blind, and all are"):
        word_clouds(few, signals=["kl"], top=200, among="run")
    with pytest.raises(SaccadeError, match="No token of this run has a number for kl.blind"):
        bare = few.assign(**{"kl.blind": np.nan})
        word_clouds(bare, signals=["kl"], top=200, among="run")
