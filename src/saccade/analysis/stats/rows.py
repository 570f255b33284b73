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
    pairs = np.unique(np.column_stack([item, cluster]), axis=0)
    if len(pairs) > len(np.unique(item)):
        raise SaccadeError(
            "All rows of an item must be in one cluster; some items are in several. "
            "Join the clusters, as image_clusters does."
        )


def per_cluster(weights: Floats, cluster: Codes) -> Floats:
    """The sum of `weights` in each cluster."""
    sums = np.zeros(int(cluster.max(initial=-1)) + 1)
    np.add.at(sums, cluster, weights)
    return sums


def left_out(values: Floats) -> list[str]:
    """A word about rows without a number."""
    n = int((~np.isfinite(values)).sum())
    return [f"{n} value{'s' if n > 1 else ''} not a number, left out"] if n else []
