"""The log-odds ratio, against numbers worked by hand and a plain loop."""

import math

import numpy as np
import pandas as pd
import pytest

from saccade.analysis.words import log_odds
from saccade.analysis.words.odds import score_errors
from saccade.errors import SaccadeError


def test_by_hand() -> None:
    """Two words, 3 of 4 against 1 of 4, a prior of 8 tokens: 7 of 12 odds against 5 of 12 ones.

    Of the 4 in the first group, 2 would be `a` by its share: a score of 1.
    """
    counts = pd.DataFrame(
        {"word": ["a", "b"], "said": 4, "n": [3, 1], "n_other": [1, 3], "error": [0.5, 0.5]}
    )
    table = log_odds(counts, prior=8.0, floor=1).set_index("word")
    delta = math.log(7 / 5) - math.log(5 / 7)
    assert table.loc["a", "log_odds"] == pytest.approx(delta)
    assert table.loc["a", "z"] == pytest.approx(2)
    assert table.loc["a", "low"] == pytest.approx(delta - 1.959963984540054 * delta / 2)
    assert table.loc["a", "p"] == pytest.approx(0.0455, abs=1e-4)
    assert table.loc["b", "log_odds"] == pytest.approx(-delta)


def test_plain_loop() -> None:
    """The same from tokens by the formulas, word by word; the floor drops rows, changes none."""
    rng = np.random.default_rng(0)
    words, units = rng.integers(12, size=600), rng.integers(9, size=600)
    chosen = rng.random(600) < np.where(units < 3, 0.6, 0.1)
    of = np.arange(12)
    counts = pd.DataFrame(
        {
            "word": of,
            "said": np.bincount(words) - 40,
            "n": np.bincount(words[chosen], minlength=12),
            "n_other": np.bincount(words[~chosen], minlength=12),
            "error": score_errors(words, units, chosen, 12),
        }
    )
    table = log_odds(counts, prior=30.0, floor=8)
    rate, size = chosen.mean(), chosen.sum()
    for row in table.itertuples():
        mine = words == row.word
        p, a = mine.mean(), 30 * mine.mean()
        delta = math.log((row.n + a) / (size + 30 - row.n - a))
        delta -= math.log((row.n_other + a) / (630 - size - row.n_other - a))
        parts = [
            ((mine[units == q] - p) * (chosen[units == q] - rate)).sum()
            for q in range(units.max() + 1)
        ]
        alone = p * (1 - p) * 600 * rate * (1 - rate)
        z = sum(parts) / math.sqrt(max(np.square(parts).sum(), alone))
        assert (row.log_odds, row.z) == (pytest.approx(delta), pytest.approx(z))
        assert (row.low > 0) == (row.z > 1.96) and (row.high < 0) == (row.z < -1.96)
    assert set(table["word"]) == set(of[counts["said"] >= 8])
    assert 0 < len(table) < 12 and table["z"].is_monotonic_decreasing


def test_one_question_is_one_observation() -> None:
    """However many top tokens it has."""
    words, units = np.tile([0, 1], 300), np.repeat(np.arange(60), 10)
    chosen = (units == 7) & (words == 0) | (units > 40) & (words == 1) & (np.arange(600) % 9 == 0)
    counts = pd.DataFrame(
        {
            "word": ["a", "b"],
            "said": 300,
            "n": np.bincount(words[chosen]),
            "n_other": np.bincount(words[~chosen]),
            "error": score_errors(words, units, chosen, 2),
        }
    )
    assert log_odds(counts)["z"].max() < 1.5


def test_nothing_to_compare() -> None:
    """No words, and one word that is all there is."""
    empty = pd.DataFrame({"word": [], "said": [], "n": [], "n_other": [], "error": []})
    assert log_odds(empty).empty
    alone = pd.DataFrame({"word": ["a"], "said": [9], "n": [9], "n_other": [9], "error": [0.0]})
    assert not (log_odds(alone)["low"] > 0).any()


def test_wrong_settings() -> None:
    """What must hold is said."""
    with pytest.raises(SaccadeError, match="prior above 0"):
        log_odds(pd.DataFrame({"word": [], "n": [], "n_other": []}), prior=0)
