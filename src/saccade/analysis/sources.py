"""What a run, or a table of its tokens, can be asked for: signals, and what belongs together."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import pandas as pd

from saccade.analysis.stats.clusters import image_clusters
from saccade.errors import SaccadeError
from saccade.store import Run, Source, ask, signals_of

TOKEN_COLUMNS = frozenset(
    (
        *("task", "sample_id", "index", "step", "response", "position", "length"),
        *("token", "token_id", "correct", "cluster"),
    )
)
"""The columns of a table of tokens that are no signals."""

DRAWN = 2_000
"""Responses that are read where a picture, or a list of words, shows no more of a larger run."""


def present_signals(source: Source) -> list[str]:
    """The signals measured, in their own order, without the spreads of several draws."""
    names = [
        name
        for name in signals_of(source)
        if name not in TOKEN_COLUMNS and not name.endswith(".spread")
    ]
    if not names:
        raise SaccadeError(
            "This run has no signals, so there is nothing to draw. Measure some: "
            "`saccade probe RUN`."
        )
    return names


def check_count(name: str, value: Any, *, least: int = 1) -> int:
    """A setting that counts something, as Python's own number."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise SaccadeError(f"{name} must be a whole number from {least} on; got {value!r}.")
    return int(value)


def drawn(most: int = DRAWN, *, of_each: str = "") -> str:
    """SQL for the numbers of up to `most` responses, of each task for instance; always the same."""
    name = "md5(concat_ws('/', task, step, sample_id, index))"
    first = f"ORDER BY {name} LIMIT {int(most)}"
    if of_each:
        place = f"row_number() OVER (PARTITION BY {of_each} ORDER BY {name})"
        first = f"QUALIFY {place} <= {int(most)}"
    return f"SELECT response FROM tokens WHERE position = 0 {first}"


def clustered(items: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Rows of questions, with the `cluster` of each where questions share images.

    What a run shows is looked up; a table of tokens says it in a column of that name, if at all.
    """
    clusters = _clusters(source)
    return items if clusters is None else items.assign(cluster=items["sample_id"].map(clusters))


def stacked(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several sources in one table; a question is a cluster of its own unless one says."""
    whole = pd.concat(tables, ignore_index=True)
    if "cluster" in whole:
        whole["cluster"] = whole["cluster"].fillna(whole["sample_id"])
    return whole


def _clusters(source: Source) -> "pd.Series | None":
    """Sample to cluster; None where every sample is one of its own."""
    if isinstance(source, Run):
        samples = ask(source, "SELECT id, images FROM samples")
        clusters = image_clusters(list(samples["id"]), samples["images"])
        return None if clusters.is_unique else clusters
    if "cluster" not in source:
        return None
    known: pd.Series = source.drop_duplicates("sample_id").set_index("sample_id")["cluster"]
    return known.fillna(known.index.to_series())
