"""Many paired differences over the same items at once, such as one for each word.

The same numbers that `compare_pairs` gives for one column, with one set of draws for all columns:
hundreds of words over ten thousand questions then cost a few matrix products.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.stats.columns import mean_columns
from saccade.analysis.stats.resampling import sign_flip_ps
from saccade.analysis.stats.rows import Labels, codes, per_cluster

Floats = NDArray[np.float64]


def compare_columns(differences: Floats, *, cluster: Labels | None = None) -> pd.DataFrame:
    """Per column of (items, columns): mean, interval, p and effect size of its differences.

    NaN is an item without that column. One row per column: `difference`, `low`, `high`,
    `hedges_gz`, `p`, `items`, `clusters`. A column in fewer than eight clusters has no interval,
    one in a single cluster no p.
    """
    number = codes(cluster, np.arange(len(differences)))
    there = np.isfinite(differences)
    values = np.where(there, differences, 0.0)
    sums, rows = per_cluster(values, number), per_cluster(there.astype(np.float64), number)
    clusters, items = (rows > 0).sum(axis=0), there.sum(axis=0)
    _, low, high = mean_columns(sums, rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = values.sum(axis=0) / items
    p = np.where(clusters > 1, sign_flip_ps(sums), np.nan)
    columns = {"difference": mean, "low": low, "high": high}
    columns |= {"hedges_gz": _standardised(values, there, mean), "p": p}
    return pd.DataFrame(columns | {"items": items, "clusters": clusters})


def _standardised(values: Floats, there: NDArray[np.bool_], mean: Floats) -> Floats:
    """Hedges' g of each column's paired differences; NaN where there is no spread."""
    df = there.sum(axis=0) - 1.0
    squares = (np.where(there, values - mean, 0.0) ** 2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(squares / df)
        found = mean / spread * (1 - 3 / (4 * df - 1))
    flat = spread <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    return np.where((df < 1) | flat, np.nan, found)
