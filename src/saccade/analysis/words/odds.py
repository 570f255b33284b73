r"""Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008).

For a word seen $y$ times among the $N$ words of one group and $y'$ times among the $N'$ of the
other, with $a$ its share of both groups together times the prior's weight $A$:

$$\delta = \log\frac{y + a}{N + A - y - a} - \log\frac{y' + a}{N' + A - y' - a},
\qquad \sigma^2 \approx \frac{1}{y + a} + \frac{1}{y' + a}, \qquad z = \delta / \sigma.$$

The variance takes words as independent. Those of one response are not, so its intervals are
narrower than they should be.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.errors import SaccadeError

PRIOR = 100.0
"""How many words the prior weighs."""
FLOOR = 5
"""Words seen less often, in both groups together, have no row."""
NORMAL_95 = 1.959963984540054


def log_odds(counts: pd.DataFrame, *, prior: float = PRIOR, floor: int = FLOOR) -> pd.DataFrame:
    """How much likelier each word is in one group of words than in the other.

    `counts` has a row per word, with `n` and `n_other`, how often either group holds it. All words
    make up the groups' sizes and the prior; those under the `floor` are then left out. Added are
    `log_odds`, the ends `low` and `high` of its 95 % interval, and `z`; the highest `z` first.
    """
    if prior <= 0 or floor < 1:
        raise SaccadeError(
            f"log_odds takes a prior above 0 and a floor from 1; got {prior} and {floor}."
        )
    one, other = (counts[name].to_numpy(dtype=np.float64) for name in ("n", "n_other"))
    both = one + other
    share = prior * both / max(both.sum(), 1.0)
    # A word that is all there is has no odds, and no interval.
    with np.errstate(divide="ignore", invalid="ignore"):
        delta = _logit(one + share, one.sum() + prior) - _logit(other + share, other.sum() + prior)
        sigma = np.sqrt(1 / (one + share) + 1 / (other + share))
    table = counts.assign(
        log_odds=delta,
        low=delta - NORMAL_95 * sigma,
        high=delta + NORMAL_95 * sigma,
        z=delta / sigma,
    )
    kept: pd.DataFrame = table[both >= floor]
    return kept.sort_values("z", ascending=False, kind="stable", ignore_index=True)


def _logit(part: NDArray[np.float64], whole: float) -> NDArray[np.float64]:
    """Log of the odds of `part` in `whole`."""
    odds: NDArray[np.float64] = np.log(part / (whole - part))
    return odds
