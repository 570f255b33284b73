"""p-values corrected over all that was tested.

Holm guards against any false claim, Benjamini-Hochberg bounds the share of false claims. What could
not be tested is NaN, stays NaN and does not count.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(p: ArrayLike) -> Floats:
    """p-values of which one below .05 is wrong in 5 % of families at most.

    >>> holm([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    return _adjusted(p, lambda p, rank: np.maximum.accumulate(p * (len(p) - rank + 1)))


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """p-values of which those below .05 are wrong in 5 % of cases on average.

    >>> benjamini_hochberg([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    return _adjusted(p, lambda p, rank: np.minimum.accumulate((p * len(p) / rank)[::-1])[::-1])


def corrected(table: pd.DataFrame, *, p: str = "p") -> pd.DataFrame:
    """The table with `p_holm` and `p_bh`: its column `p`, corrected over all of its rows."""
    tested = table[p].to_numpy(dtype=float)
    return table.assign(p_holm=holm(tested), p_bh=benjamini_hochberg(tested))


def _adjusted(p: ArrayLike, step: Callable[[Floats, Floats], Floats]) -> Floats:
    """`step` over the sorted known p-values and their ranks, put back in place."""
    found = np.array(p, dtype=float).ravel()
    known = np.flatnonzero(np.isfinite(found))
    ordered = known[np.argsort(found[known], kind="stable")]
    rank = np.arange(1, len(ordered) + 1, dtype=float)
    found[ordered] = np.minimum(step(found[ordered], rank), 1)
    return found
