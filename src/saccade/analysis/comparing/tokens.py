"""How far single tokens move from one model to the other: the distribution of their changes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.comparing.pairs import Floats, Pair
from saccade.analysis.figure import Finding
from saccade.analysis.labels import label
from saccade.errors import SaccadeError

BINS = 61
"""An odd number, so that a token that does not move is in the middle of a bin."""
SPAN = 0.99
"""The share of tokens that the bins reach; what lies beyond is counted."""
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


def forced_tokens(forced: Mapping[str, Pair]) -> pd.DataFrame:
    """Per set of responses (`series`) and signal a histogram of the tokens' changes.

    One row per bin: `low`, `high`, `share` of all tokens. Bins are the same for all sets of
    responses. `attrs["moved"]` has quantiles, mean, share of tokens that rise, and the share beyond
    the bins. Tokens are counted as they are; `forced_changes` tests the means over questions.
    """
    names = list(dict.fromkeys(name for pair in forced.values() for name in pair.signals))
    bins: list[pd.DataFrame] = []
    moved: list[dict[str, Any]] = []
    for name in names:
        for part, facts in _signal(name, forced):
            bins.append(part)
            moved.append(facts)
    if not bins:
        raise SaccadeError("No token has a signal from both models, so there is nothing to draw.")
    frame = pd.concat(bins, ignore_index=True)
    frame.attrs = {"moved": moved}
    return frame


def _signal(name: str, forced: Mapping[str, Pair]) -> Iterator[tuple[pd.DataFrame, dict[str, Any]]]:
    """One signal's histograms over common bins, and what they say."""
    changes = {series: _known(pair, name) for series, pair in forced.items()}
    changes = {series: values for series, values in changes.items() if len(values)}
    reach = max(
        (float(np.quantile(np.abs(values), SPAN)) for values in changes.values()), default=0.0
    )
    edges = np.linspace(-1, 1, BINS + 1) * (reach or 1e-6)
    for series, values in changes.items():
        counts, _ = np.histogram(values, edges)
        ends = {"low": edges[:-1], "high": edges[1:], "share": counts / len(values)}
        yield (
            pd.DataFrame({"series": series, "signal": name, **ends}),
            {
                "series": series,
                "signal": name,
                "tokens": len(values),
                "mean": float(values.mean(dtype=np.float64)),
                **{word: float(np.quantile(values, at)) for word, at in QUANTILES.items()},
                "rise": float((values > 0).mean()),
                "beyond": 1 - float(counts.sum()) / len(values),
            },
        )


def _known(pair: Pair, name: str) -> Floats:
    """The changes of the tokens that both models have a number for."""
    values = pair.change.get(name, np.array([], np.float32))
    known: Floats = values[np.isfinite(values)]
    return known


def describe_tokens(frame: pd.DataFrame) -> Finding:
    """Per set of responses and signal: the median change, the middle 90 %, how many rise."""
    table = pd.DataFrame(frame.attrs["moved"])
    parts = []
    for series, rows in table.groupby("series", sort=False):
        said = (
            f"{label(row['signal']).text} {row['median']:+.3g} ({row['q05']:+.3g} to"
            f" {row['q95']:+.3g}, {100 * row['rise']:.0f} % rise)"
            for row in rows.to_dict("records")
        )
        n = int(rows["tokens"].max())
        parts.append(f"on the responses of {series} (n = {n:,} tokens) {', '.join(said)}")
    what = "Change of single tokens, after less before, by median and middle 90 %"
    return Finding(f"{what}: {'; '.join(parts)}.", table)
