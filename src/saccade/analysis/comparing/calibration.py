"""Whether a question's signal and its accuracy change together, from one run to another.

The signal's change is taken from one half of a question's responses and accuracy's from the other,
and the other way round: of the same responses both would also change with which of them happen to
be correct, though the model is the same. Questions are ranked within their task, so that a task in
which both changed makes no correlation.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.accuracy import ALL, by_families
from saccade.analysis.comparing.changes import measure_name
from saccade.analysis.comparing.items import ACCURACY, question_means
from saccade.analysis.comparing.shared import remarks, some_signals
from saccade.analysis.figure import Finding
from saccade.analysis.intervals import interval_words, intervals_told
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
    A question counts twice, once for each half of its responses, as one cluster.
    """
    (first, source), *others = runs.items()
    rows: list[dict[str, Any]] = []
    for name, other in others:
        signals = some_signals(source, other)
        change = _changes(source, other, signals).dropna(subset=ACCURACY)
        for measure in signals:
            rows += _measure(name, measure, change.dropna(subset=measure), bins)
    if not rows:
        raise SaccadeError(
            "No question has two responses with a verdict in both runs, the one for the signal and"
            " the other for accuracy, so there is no change of accuracy to compare. Roll out two or"
            " more to a question: `-n 2`."
        )
    table = by_families(pd.DataFrame(rows))
    table.attrs = {"first": first, "remarks": remarks(runs)}
    return table


def _changes(source: Source, other: Source, signals: list[str]) -> pd.DataFrame:
    """Two rows per question: signals of one half of its responses, accuracy of the other half."""
    even, odd = (_half(source, other, signals, half) for half in (0, 1))
    both = even.index.intersection(odd.index)
    return pd.concat(
        [
            one.loc[both].assign(**{ACCURACY: rest.loc[both, ACCURACY]})
            for one, rest in ((even, odd), (odd, even))
        ]
    )


def _half(source: Source, other: Source, signals: list[str], half: int) -> pd.DataFrame:
    """What changed of each question in the responses of one half."""
    before, after = (question_means(each, signals, half=half) for each in (source, other))
    both = before.index.intersection(after.index)
    measures = [ACCURACY, *signals]
    change = after.loc[both, measures] - before.loc[both, measures]
    return change.assign(cluster=before["cluster"])


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
        counts = {"questions": rows.index.nunique(), "note": found.note}
        yield {"shows": "correlation", "task": task, **begin, **numbers, **counts}
    place = _places(change[measure], bins)
    for number in np.unique(place[place >= 0]):
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
            "questions": part.index.nunique(),
            "note": mean.note,
        }


def _places(values: pd.Series, bins: int) -> Ints:
    """Which of the equal parts each row is in, by its rank in its task; -1 for tasks too small.

    A task must have as many questions as there are parts, to be found in all of them; of small
    samples and small tasks there are fewer. Equal ranks are parted by lot.
    """
    tasks = values.groupby(level="task")
    questions = tasks.transform(lambda rows: rows.index.nunique()).to_numpy()
    parts = max(1, min(bins, values.index.nunique() // FEWEST, int(questions.max(initial=0))))
    shares = ((tasks.rank() - 0.5) / tasks.transform("size")).to_numpy()
    kept = np.flatnonzero(questions >= parts)
    lots = np.random.default_rng(0).random(len(kept))
    ordered = kept[np.lexsort((lots, shares[kept]))]
    places = np.full(len(values), -1)
    places[ordered] = np.arange(len(ordered)) * parts // max(len(ordered), 1)
    return places


def rho_words(row: pd.Series) -> str:
    """`rho +0.34 [+0.15, +0.52]`, or that there is none."""
    value, low, high = (round(float(row[name]), 2) + 0.0 for name in ("value", "low", "high"))
    if math.isnan(value):
        return "no rho"
    return f"rho {value:+.2f} {interval_words(low, high, '+.2f')}"


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
        "Change of a question's accuracy in one half of its responses against the change of its"
        f" signals in the other half, from {frame.attrs['first']} (n = {n} questions, ranked within"
        f" tasks): {'; '.join(parts)}. {intervals_told(frame)}"
        f"{frame.attrs.get('remarks', '')}"
    )
    return Finding(said, found.drop(columns=["shows", "bin", "at"]).reset_index(drop=True))
