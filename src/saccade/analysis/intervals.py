"""Means over questions with an interval: questions are drawn again, never responses or tokens.

Responses to one question go together, and tokens of one response more so; counting them one by
one would make every interval too narrow. Columns are drawn together, question by question.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.accuracy import ALL

Floats = NDArray[np.float64]

LEVEL = 0.95
DRAWS = 1000


def mean_intervals(values: Floats, *, draws: int = DRAWS) -> tuple[Floats, Floats, Floats]:
    """Per column of (questions, columns): the mean, and the ends of its bootstrap interval.

    NaN is a question without that column. Fewer than two questions have no interval.
    """
    present = np.isfinite(values).astype(np.float64)
    filled = np.where(present > 0, values, 0.0)
    rng, n = np.random.default_rng(0), len(values)
    drawn = np.full((draws, values.shape[1]), np.nan)
    with np.errstate(invalid="ignore"):
        mean = filled.sum(0) / present.sum(0)
        for row in drawn:
            times = np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)
            row[:] = (times @ filled) / (times @ present)
    ends = np.full((2, len(mean)), np.nan)
    enough = present.sum(0) >= 2
    if enough.any():
        tail = (1 - LEVEL) / 2
        ends[:, enough] = np.nanquantile(drawn[:, enough], [tail, 1 - tail], axis=0)
    return mean, ends[0], ends[1]


def over_questions(items: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Per task and `by`: mean, low and high of `value` over questions, and n_questions.

    `items` has one row per task, sample_id and `by`; a value that is missing is left out.
    """
    columns = ["task", *by, "mean", "low", "high", "n_questions"]
    parts = [_task(rows, by).assign(task=task) for task, rows in items.groupby("task", sort=True)]
    return (
        pd.concat(parts)[columns].reset_index(drop=True) if parts else pd.DataFrame(columns=columns)
    )


def _task(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The rows of one task."""
    table = rows.set_index(["sample_id", *by])["value"].unstack(list(by))
    values = table.to_numpy(dtype=np.float64)
    mean, low, high = mean_intervals(values)
    counts = np.isfinite(values).sum(0)
    frame: pd.DataFrame = table.columns.to_frame(index=False).assign(
        mean=mean, low=low, high=high, n_questions=counts
    )
    kept: pd.DataFrame = frame[counts > 0]
    return kept


def pooled(items: pd.DataFrame) -> pd.DataFrame:
    """The questions of all tasks as those of one; as they are where there is one task."""
    if items["task"].nunique() < 2:
        return items
    return items.assign(sample_id=items["task"] + "/" + items["sample_id"], task=ALL)
