"""Whether a question's signal and its accuracy change together, from one run to another.

Questions are ranked within their task, so that a task in which both changed makes no correlation.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.accuracy import ALL
from saccade.analysis.comparing.changes import measure_name
from saccade.analysis.comparing.items import (
    ACCURACY,
    question_means,
)
from saccade.analysis.figure import Finding
from saccade.analysis.sources import present_signals
from saccade.analysis.stats.corrections import corrected
from saccade.analysis.stats.correlations import rank_correlation
from saccade.analysis.stats.differences import mean_with_interval
from saccade.errors import SaccadeError
from saccade.store import Source

Ints = NDArray[np.int64]

BINS = 5
"""Parts of a curve."""
FEWEST = 8
"""Questions that make up a part; with fewer in all there are fewer parts."""


def change_and_accuracy(runs: Mapping[str, Source], *, bins: int = BINS) -> pd.DataFrame:
    """Per run after the first and signal: correlations with the change of accuracy, and a curve.

    Rows with `shows` "correlation" have Spearman's rho as `value`, per task and over all. Rows with
    `shows` "curve" have the mean change of accuracy as `value` in each of `bins` equal parts of the
    questions by the signal's change within their task; `at` is the mean change of the signal there.
    """
    (first, source), *others = runs.items()
    rows: list[dict[str, Any]] = []
    for name, other in others:
        there = set(present_signals(other))
        signals = [each for each in present_signals(source) if each in there]
        before = question_means(source, signals)
        change = question_means(other, signals)[[ACCURACY, *signals]] - before
        change = change.assign(cluster=before["cluster"]).dropna(subset=ACCURACY)
        for measure in signals:
            rows += _measure(name, measure, change.dropna(subset=measure), bins)
    if not rows:
        raise SaccadeError(
            "No question has a verdict in both runs, so there is no change of accuracy to compare."
        )
    table = corrected(pd.DataFrame(rows))
    table.attrs = {"first": first}
    return table


def _measure(
    series: str, measure: str, change: pd.DataFrame, bins: int
) -> Iterator[dict[str, Any]]:
    """One signal: every task's correlation, that of all, and the curve of all."""
    begin = {"series": series, "measure": measure}
    tasks = [(str(task), rows) for task, rows in change.groupby(level="task", sort=True)]
    for task, rows in [*tasks, *([(ALL, change)] if len(tasks) > 1 else [])]:
        found = rank_correlation(
            rows[measure],
            rows[ACCURACY],
            cluster=rows["cluster"],
            stratum=rows.index.get_level_values("task").to_numpy(),
        )
        numbers = {"value": found.value, "low": found.low, "high": found.high, "p": found.p}
        counts = {"questions": found.items, "note": found.note}
        yield {"shows": "correlation", "task": task, **begin, **numbers, **counts}
    place = _places(change, measure, bins)
    for number in np.unique(place):
        part = change[place == number]
        mean = mean_with_interval(part[ACCURACY], cluster=part["cluster"])
        yield {
            "shows": "curve",
            "task": ALL if len(tasks) > 1 else tasks[0][0],
            **begin,
            "bin": int(number),
            "at": float(part[measure].mean()),
            "value": mean.value,
            "low": mean.low,
            "high": mean.high,
            "p": np.nan,
            "questions": mean.items,
            "note": mean.note,
        }


def _places(change: pd.DataFrame, measure: str, bins: int) -> Ints:
    """Which part of its task each question is in; small samples have fewer."""
    parts = max(1, min(bins, len(change) // FEWEST))
    ranked = change[measure].groupby(level="task").transform(_shares)
    places: Ints = (ranked.to_numpy(dtype=np.float64) * parts).astype(np.int64)
    return places


def _shares(values: pd.Series) -> pd.Series:
    """Ranks above 0 and below 1; equal values are in the same part."""
    return (values.rank() - 0.5) / len(values)


def rho_words(row: pd.Series) -> str:
    """`rho +0.34 [+0.15, +0.52]`."""
    value, low, high = (round(float(row[name]), 2) + 0.0 for name in ("value", "low", "high"))
    return f"rho {value:+.2f} [{low:+.2f}, {high:+.2f}]"


def describe_calibration(frame: pd.DataFrame) -> Finding:
    """Per run and signal: rho with its interval, and accuracy's change at both ends."""
    curve, found = (frame[frame["shows"] == each] for each in ("curve", "correlation"))
    parts = []
    for (series, measure), rows in curve.groupby(["series", "measure"], sort=False):
        of = found[(found["series"] == series) & (found["measure"] == measure)].iloc[-1]
        ends = rows["value"].to_numpy()
        parts.append(
            f"{measure_name(str(measure))} {rho_words(of)}, accuracy {100 * ends[0]:+.0f} points"
            f" in the lowest part and {100 * ends[-1]:+.0f} in the highest"
            + (f" ({series})" if frame["series"].nunique() > 1 else "")
        )
    n = int(found["questions"].max())
    said = (
        f"Change of a question's accuracy against the change of its signals, from"
        f" {frame.attrs['first']} (n = {n} questions, ranked within tasks): {'; '.join(parts)}."
        " Intervals of 95 % over questions."
    )
    return Finding(said, found.drop(columns=["shows", "bin", "at"]).reset_index(drop=True))
