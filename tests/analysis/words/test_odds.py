"""The log-odds ratio, against numbers worked by hand and a plain loop."""

import math

import numpy as np
import pandas as pd
import pytest

from saccade.analysis.words import log_odds
from saccade.errors import SaccadeError


def test_by_hand() -> None:
    """Two words, 3 of 4 against 1 of 4, a prior of 8 words: 7 of 12 odds against 5 of 12 ones."""
    counts = pd.DataFrame({"word": ["a", "b"], "n": [3, 1], "n_other": [1, 3]})
    table = log_odds(counts, prior=8.0, floor=1).set_index("word")
    delta, sigma = math.log(7 / 5) - math.log(5 / 7), math.sqrt(1 / 7 + 1 / 5)
    assert table.loc["a", "log_odds"] == pytest.approx(delta)
    assert table.loc["a", "low"] == pytest.approx(delta - 1.959963984540054 * sigma)
    assert table.loc["a", "z"] == pytest.approx(delta / sigma)
    assert table.loc["b", "log_odds"] == pytest.approx(-delta)


def test_plain_loop() -> None:
    """The same by the formula, word by word; the floor drops rows and changes no number."""
    rng = np.random.default_rng(0)
    counts = pd.DataFrame(
        {
            "word": [f"w{i}" for i in range(50)],
            "n": rng.poisson(4, 50),
            "n_other": rng.poisson(9, 50),
        }
    )
    table = log_odds(counts, prior=30.0, floor=8)
    one, other = counts["n"].sum(), counts["n_other"].sum()
    for row in table.itertuples():
        a = 30.0 * (row.n + row.n_other) / (one + other)
        delta = math.log((row.n + a) / (one + 30 - row.n - a))
        delta -= math.log((row.n_other + a) / (other + 30 - row.n_other - a))
        z = delta / math.sqrt(1 / (row.n + a) + 1 / (row.n_other + a))
        assert (row.log_odds, row.z) == (pytest.approx(delta), pytest.approx(z))
    assert set(table["word"]) == set(counts["word"][counts["n"] + counts["n_other"] >= 8])
    assert table["z"].is_monotonic_decreasing


def test_nothing_to_compare() -> None:
    """No words, and one word that is all there is."""
    empty = pd.DataFrame({"word": [], "n": [], "n_other": []})
    assert log_odds(empty).empty
    alone = log_odds(pd.DataFrame({"word": ["a"], "n": [9], "n_other": [9]}))
    assert not (alone["low"] > 0).any()


def test_wrong_settings() -> None:
    """What must hold is said."""
    with pytest.raises(SaccadeError, match="prior above 0"):
        log_odds(pd.DataFrame({"word": [], "n": [], "n_other": []}), prior=0)
