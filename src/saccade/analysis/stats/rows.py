"""What the statistics are given, checked: finite values, and which cluster each row is in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from saccade.errors import SaccadeError

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Labels = Sequence[Any] | NDArray[Any] | pd.Series
"""A name for each row."""

BUNDLES = 2000
"""Of more clusters, some are drawn together: at random, so that bundles are as independent."""


def floats(values: ArrayLike) -> Floats:
    """Numbers as float64; what is missing is NaN."""
    return pd.to_numeric(pd.Series(np.ravel(values))).to_numpy(dtype=float, na_value=np.nan)


def codes(labels: Labels | None, default: Codes) -> Codes:
    """Labels as numbers from 0 in order of appearance; without labels, the default."""
    if labels is None:
        return default
    if len(labels) != len(default):
        raise SaccadeError(
            f"Every value needs its item and its cluster; got {len(default)} values and "
            f"{len(labels)} labels."
        )
    return pd.factorize(np.asarray(labels, dtype=object), use_na_sentinel=False)[0]


def check_nested(item: Codes, cluster: Codes) -> None:
    """Refuse an item whose rows lie in several clusters."""
    last = np.zeros(int(item.max(initial=-1)) + 1, np.int64)
    last[item] = cluster
    if (last[item] != cluster).any():
        raise SaccadeError(
            "All rows of an item must be in one cluster; some items are in several. "
            "Join the clusters, as image_clusters does."
        )


def per_cluster(weights: Floats, cluster: Codes) -> Floats:
    """The sum of `weights` in each cluster; of each column, where there are several."""
    n = int(cluster.max(initial=-1)) + 1
    if weights.ndim == 1:
        return np.bincount(cluster, weights, n).astype(np.float64)
    columns = [np.bincount(cluster, each, n) for each in weights.T]
    return np.array(columns, dtype=np.float64).reshape(len(columns), n).T


def bundles(kind: Codes, together: Floats) -> Codes:
    """A number for each cluster; so many of a kind share one, at random, as `together` says."""
    shuffled = np.random.default_rng(0).permutation(len(kind))
    order = shuffled[np.argsort(kind[shuffled], kind="stable")]
    sizes, of = np.bincount(kind, minlength=len(together)), kind[order]
    parts = np.ceil(sizes / np.maximum(together, 1)).astype(np.int64)
    place = np.arange(len(kind)) - (np.cumsum(sizes) - sizes)[of]
    found = np.empty(len(kind), dtype=np.int64)
    found[order] = (np.cumsum(parts) - parts)[of] + place * parts[of] // sizes[of]
    return found


def drawn_together(n: int) -> Codes:
    """A number for each of `n` clusters: its own, or that of its bundle where there are many."""
    if n <= BUNDLES:
        return np.arange(n)
    return bundles(np.zeros(n, np.int64), np.array([n / BUNDLES]))


def left_out(values: Floats) -> list[str]:
    """A word about rows without a number."""
    return counted(int((~np.isfinite(values)).sum()), "not a number")


def counted(n: int, why: str) -> list[str]:
    """A word about `n` rows that were left out, if any were."""
    return [f"{n} value{'s' if n > 1 else ''} {why}, left out"] if n else []
