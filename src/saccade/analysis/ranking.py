"""The top K tokens of a response: one rule, and its words, for every figure that ranks tokens."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from saccade.analysis.dependency import percent
from saccade.errors import SaccadeError


def among_top(place: str, top: float, *, n: str = "n") -> str:
    """Whether the token at this place (from 1) of `n` is among the top K.

    K is a share of the tokens as a float, rounded up and at least one; or a number of tokens.
    """
    return f"{place} <= {how_many(top, n=n)}"


def how_many(top: float, *, n: str = "n") -> str:
    """K; rounding first, so that .07 of 100 is 7 and not 8."""
    if isinstance(top, int):
        return f"least({top}, {n})"
    return f"greatest(1, ceil(round({n} * {top!r}::DOUBLE, 9)))"


def top_count(n: NDArray[np.int64], top: float) -> NDArray[np.int64]:
    """K of so many tokens: the same rule in NumPy."""
    if isinstance(top, int):
        return np.minimum(n, top)
    return np.maximum(1, np.ceil(np.round(n * top, 9))).astype(np.int64)


def ranked(
    values: NDArray[Any], group: NDArray[np.int64], *, falls: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Ranks of values within their group, ties shared, and places, ties to the earlier.

    Both count from 0; places count from the largest value, or from the least where
    the signal `falls`. Groups are numbered from 0, and each is a run of rows.
    """
    order = np.lexsort((values, group))
    begins = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(begins, append=len(group))
    start, n = np.repeat(begins, sizes), np.repeat(sizes, sizes)
    tied = values[order]
    fresh = (np.diff(group[order], prepend=-1) != 0) | (tied != np.roll(tied, 1))
    ties = np.flatnonzero(fresh)
    lengths = np.diff(ties, append=len(order))
    first, last = np.repeat(ties, lengths) - start, np.repeat(ties + lengths - 1, lengths) - start
    within = np.arange(len(order)) - start - first
    ranks, places = np.empty(len(order)), np.empty(len(order), np.int64)
    ranks[order] = (first + last) / 2
    places[order] = within + (first if falls else n - 1 - last)
    return ranks, places


def check_top(top: float) -> float:
    """A share in (0, 1] or a whole number of tokens from 1, as Python's own number."""
    whole = isinstance(top, int | np.integer) and not isinstance(top, bool)
    share = isinstance(top, float | np.floating) and 0 < top <= 1
    if not share and not (whole and top >= 1):
        raise SaccadeError(
            "top must be a share of the tokens (a float above 0, up to 1) or a number of tokens "
            f"(an int from 1); got {top!r}."
        )
    return int(top) if whole else float(top)


def panel_title(panel: str, top: float | None = None) -> str:
    """`Top 20 % of tokens`, `Bottom 5 tokens`, `All response tokens`."""
    if panel == "all":
        return "All response tokens"
    if top is None:
        return f"{panel.capitalize()} tokens"
    if isinstance(top, int):
        return f"{panel.capitalize()} {top} token{'s' if top != 1 else ''} of each response"
    return f"{panel.capitalize()} {percent(top, 0)} of each response's tokens"
