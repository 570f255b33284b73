r"""Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008).

For a word with $y$ of the $N$ tokens of one group and $y'$ of the $N'$ of the other, with $p$ its
share of both groups together and $A$ the prior's weight:

$$\delta = \log\frac{y + pA}{N + A - y - pA} - \log\frac{y' + pA}{N' + A - y' - pA}.$$

Their variance takes tokens as independent, which those of one question are not. Here the error is
that of the score $s = y - pN$, the tokens that the word has in the first group beyond its share,
as a sum over questions: $z = s / \sqrt{\sum_q s_q^2}$, or that of independent tokens where it is
larger, as for a word that is never in the first group. However often a word is said in one
question, that question is one observation, and alone makes no $z$ above 1. The interval of
$\delta$ has the same $z$, so that it leaves out 0 where $p < .05$.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from saccade.errors import SaccadeError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRIOR = 100.0
"""How many tokens the prior weighs."""
FLOOR = 5
"""Words said less often, in both groups together, have no row."""
NORMAL_95 = 1.959963984540054


def log_odds(counts: pd.DataFrame, *, prior: float = PRIOR, floor: int = FLOOR) -> pd.DataFrame:
    """How much likelier each word is in one group of tokens than in the other.

    `counts` has a row per word: how often it is `said`, how many tokens of it either group holds
    (`n`, `n_other`), and the `error` of n that `score_errors` tells. All words make up the groups'
    sizes and the prior; those said less often than the `floor` are then left out. Added are
    `log_odds`, the ends `low` and `high` of its 95 % interval, `z` and `p`; the highest `z` first.
    """
    if prior <= 0 or floor < 1:
        raise SaccadeError(
            f"log_odds takes a prior above 0 and a floor from 1; got {prior} and {floor}."
        )
    one, other, error = (
        counts[name].to_numpy(dtype=np.float64) for name in ("n", "n_other", "error")
    )
    share = (one + other) / max((one + other).sum(), 1.0)
    score = one - share * one.sum()
    sizes = one.sum() + prior, other.sum() + prior
    # A word that is all there is has no odds, and no interval.
    with np.errstate(divide="ignore", invalid="ignore"):
        delta = _logit(one + prior * share, sizes[0]) - _logit(other + prior * share, sizes[1])
        flat = (1 / sizes[0] + 1 / sizes[1]) / (share * (1 - share))
        sigma = error * np.where(np.abs(score) > 1e-9, delta / score, flat)
        z = score / error
    table = counts.drop(columns="error").assign(
        log_odds=delta,
        low=delta - NORMAL_95 * sigma,
        high=delta + NORMAL_95 * sigma,
        z=z,
        p=2 * ndtr(-np.abs(z)),
    )
    kept: pd.DataFrame = table[counts["said"].to_numpy() >= floor]
    return kept.sort_values("z", ascending=False, kind="stable", ignore_index=True)


def score_errors(words: Ints, units: Ints, chosen: NDArray[np.bool_], n_words: int) -> Floats:
    """Of each word how far its tokens among the chosen may be from its share of them, by chance.

    One entry per token: its word's number, the number of its question, whether it is chosen. What
    a question adds to a word's score is also how many of its own tokens are chosen beyond others'.
    """
    over = chosen - chosen.sum() / max(len(chosen), 1)
    n_units = int(units.max(initial=0)) + 1
    pairs, place = np.unique(words * n_units + units, return_inverse=True)
    word, unit = np.divmod(pairs, n_units)
    own, whole = np.bincount(place, over), np.bincount(units, over, n_units)
    share = np.bincount(words, minlength=n_words) / max(len(words), 1)
    squares = np.bincount(word, own**2, n_words) + share**2 * (whole**2).sum()
    squares -= 2 * share * np.bincount(word, own * whole[unit], n_words)
    alone = share * (1 - share) * (over**2).sum()
    errors: Floats = np.sqrt(np.maximum(squares, alone))
    return errors


def _logit(part: Floats, whole: float) -> Floats:
    """Log of the odds of `part` in `whole`."""
    odds: Floats = np.log(part / (whole - part))
    return odds
