"""Means over questions with an interval: questions are drawn again, never responses or tokens.

Responses to one question go together, and tokens of one response more so; counting them one by
one would make every interval too narrow. Questions of one image are drawn together.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.accuracy import ALL
from saccade.analysis.stats.columns import mean_of_strata
from saccade.analysis.stats.resampling import Floats
from saccade.analysis.stats.rows import per_cluster

THREE = "+#.3g"
"""A difference to three digits, trailing zeros among them."""


def over_questions(items: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Per task and `by`: mean, low and high of `value` over questions, and n_questions.

    `items` has one row per task, sample_id and `by`; a value that is missing is left out. Where it
    has a `cluster`, the questions of one cluster are drawn together.
    """
    columns = ["task", *by, "mean", "low", "high", "n_questions"]
    parts = [_task(rows, by).assign(task=task) for task, rows in items.groupby("task", sort=True)]
    return (
        pd.concat(parts)[columns].reset_index(drop=True) if parts else pd.DataFrame(columns=columns)
    )


def _task(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The rows of one task."""
    cluster = "cluster" if "cluster" in rows else "sample_id"
    table = rows.set_index([*dict.fromkeys((cluster, "sample_id")), *by])["value"].unstack(list(by))
    mean, low, high, counts = of_columns(table, table.index.get_level_values(cluster))
    frame: pd.DataFrame = table.columns.to_frame(index=False).assign(
        mean=mean, low=low, high=high, n_questions=counts
    )
    kept: pd.DataFrame = frame[counts > 0]
    return kept


def of_columns(
    table: pd.DataFrame, cluster: "pd.Index[Any] | pd.Series[Any]"
) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Mean, low, high and number of questions of each column of a table with a row per question."""
    return of_strata(table, cluster, np.zeros(len(table), np.int64))


def of_strata(
    table: pd.DataFrame, cluster: "pd.Index[Any] | pd.Series[Any]", stratum: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """The same as the mean over strata of their means, given the number of each row's stratum."""
    values = table.to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    numbers, clusters = pd.factorize(cluster)
    strata = int(stratum.max(initial=0)) + 1
    cells = numbers * strata + stratum
    whole = np.zeros((2, len(clusters) * strata, values.shape[1]))
    for place, rows in zip(whole, (np.where(known, values, 0.0), known), strict=True):
        found = per_cluster(rows, cells)
        place[: len(found)] = found
    sums, sizes = whole.reshape(2, len(clusters), strata, -1)
    return *mean_of_strata(sums, sizes), known.sum(axis=0)


def pooled(items: pd.DataFrame) -> pd.DataFrame:
    """The questions of all tasks as those of one; as they are where there is one task."""
    if items["task"].nunique() < 2:
        return items
    return items.assign(sample_id=items["task"] + "/" + items["sample_id"], task=ALL)


def has_intervals(frame: pd.DataFrame) -> bool:
    """Whether any number of a frame has an interval: few questions, or one value, give none."""
    return bool(np.isfinite(frame["low"].to_numpy(dtype=np.float64)).any())


def intervals_told(frame: pd.DataFrame) -> str:
    """What is said of a frame's intervals, whether it has any or not."""
    if has_intervals(frame):
        return "Intervals of 95 % over questions."
    return "There are too few questions for intervals."


def interval_words(low: float, high: float, form: str) -> str:
    """`[+0.12, +0.34]`, or that there is none."""
    return f"[{low:{form}}, {high:{form}}]" if math.isfinite(low) else "[no interval]"
