"""What changed from one model to the other, per task: paired differences over questions.

Free: each model in its own words, so that accuracy and length change too. Forced: the same
responses read by both, so that what changes is the model and not what it says.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.accuracy import ALL, QUESTION
from saccade.analysis.comparing.items import (
    MEASURES,
    question_means,
)
from saccade.analysis.comparing.pairs import Pair
from saccade.analysis.figure import Finding
from saccade.analysis.labels import label
from saccade.analysis.sources import present_signals
from saccade.analysis.stats.corrections import corrected
from saccade.analysis.stats.differences import compare_pairs
from saccade.errors import SaccadeError
from saccade.store import Source


def free_changes(runs: Mapping[str, Source]) -> pd.DataFrame:
    """One row per task, run and measure: how each run after the first differs from the first.

    Measures are accuracy, length, and the mean of each signal that all runs have, over the probed
    responses of the questions that both answered. `series` is the run; `p_holm` and `p_bh` are
    corrected over all rows.
    """
    (first, source), *others = runs.items()
    signals = [
        name
        for name in present_signals(source)
        if all(name in present_signals(other) for _, other in others)
    ]
    before = question_means(source, signals)
    rows: list[dict[str, Any]] = []
    for name, other in others:
        rows += _rows(name, before, question_means(other, signals))
    return _tested(rows, {"kind": "free", "first": first})


def forced_changes(forced: Mapping[str, Pair]) -> pd.DataFrame:
    """One row per task, signal and set of responses, which `series` names by who gave them.

    A question's number is the mean over its tokens.
    """
    rows: list[dict[str, Any]] = []
    for name, pair in forced.items():
        start, change = (
            pd.DataFrame({signal: pair.per_question(part[signal]) for signal in pair.signals})
            for part in (pair.start, pair.change)
        )
        before, after = (
            pd.concat([pair.questions, table], axis=1).set_index(QUESTION)
            for table in (start, start + change)
        )
        rows += _rows(name, before, after)
    return _tested(rows, {"kind": "forced"})


def _rows(series: str, before: pd.DataFrame, after: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Every measure in every task, and in all together where there are several."""
    both = before.loc[before.index.intersection(after.index)]
    tasks = {str(task): rows for task, rows in both.groupby(level="task", sort=True)}
    for task, rows in (tasks | ({ALL: both} if len(tasks) > 1 else {})).items():
        for measure in before.columns.drop("cluster"):
            was = rows[measure].to_numpy()
            now = after.loc[rows.index, measure].to_numpy()
            found = compare_pairs(now, was, cluster=rows["cluster"])
            if found.items:
                known = np.isfinite(now - was)
                yield {
                    "task": task,
                    "series": series,
                    "measure": measure,
                    "before": was[known].mean(),
                    "after": now[known].mean(),
                    "difference": found.value,
                    "low": found.low,
                    "high": found.high,
                    "hedges_gz": found.hedges_gz,
                    "dominance": found.dominance,
                    "p": found.p,
                    "questions": found.items,
                    "clusters": found.clusters,
                    "note": found.note,
                }


def _tested(rows: list[dict[str, Any]], attrs: dict[Any, Any]) -> pd.DataFrame:
    """The rows as a table, corrected; refused where nothing can be compared."""
    if not rows:
        raise SaccadeError(
            "Two runs need questions that both answered to be compared, and these have none."
        )
    table = corrected(pd.DataFrame(rows))
    table.attrs = attrs
    return table


def measure_name(measure: str) -> str:
    """The words for a measure: a signal's label, or its own name."""
    return measure if measure in MEASURES else label(measure).text


def describe_changes(frame: pd.DataFrame) -> Finding:
    """Per series every measure's difference with its interval, and how many hold."""
    parts = [_series_words(frame, str(name)) for name in dict.fromkeys(frame["series"])]
    held = int((frame["p_holm"] < 0.05).sum())
    tested = int(frame["p"].notna().sum())
    said = (
        f"{'. '.join(parts)}. Intervals of 95 % over questions; of all {tested} differences in the"
        f" table {held} hold with p below 0.05 after Holm's correction, and"
        f" {int((frame['p_bh'] < 0.05).sum())} after Benjamini and Hochberg's."
    )
    return Finding(said, frame)


def _series_words(frame: pd.DataFrame, series: str) -> str:
    """One run, or one set of responses, over all tasks."""
    rows = frame[frame["series"] == series]
    task = rows["task"].iloc[-1]
    rows = rows[rows["task"] == task]
    n = int(rows["questions"].max())
    where = f"({task}, n = {n} questions)"
    begin = (
        f"{series} against {frame.attrs['first']} {where}"
        if frame.attrs.get("kind") == "free"
        else f"On the responses of {series} {where}, after less before"
    )
    measured = (
        f"{measure_name(row['measure'])} {row['difference']:+.4g}"
        f" [{row['low']:+.4g}, {row['high']:+.4g}]"
        for row in rows.to_dict("records")
    )
    return f"{begin}: {', '.join(measured)}"
