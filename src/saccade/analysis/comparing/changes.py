"""What changed from one model to the other, per task: paired differences over questions.

Free: each model in its own words, so that accuracy and length change too. Forced: the same
responses read by both, so that what changes is the model and not what it says.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.accuracy import ALL, QUESTION, by_families, families
from saccade.analysis.comparing.items import MEASURES, question_means
from saccade.analysis.comparing.pairs import Pair
from saccade.analysis.comparing.shared import remarks, shared_signals
from saccade.analysis.figure import Finding
from saccade.analysis.intervals import THREE, interval_words, intervals_told
from saccade.analysis.labels import label
from saccade.analysis.stats.corrections import holm
from saccade.analysis.stats.differences import compare_pairs
from saccade.analysis.stats.resampling import arrangements_for, least_p
from saccade.errors import SaccadeError
from saccade.store import Source

BothEnds = tuple[pd.DataFrame, pd.DataFrame]
"""The measures of each question before and after; the same questions in the same order."""


def free_changes(runs: Mapping[str, Source]) -> pd.DataFrame:
    """One row per task, run and measure: how each run after the first differs from the first.

    Measures are accuracy and length of all responses, and the mean of each signal that all runs
    share over those that were probed, of the questions that both answered, at the last step of
    either. `series` is the run; `p_holm` and `p_bh` are corrected over the rows of all tasks
    together, and apart from them over those of each task; `p_least` is the smallest p there can be.
    """
    (first, source), *others = runs.items()
    signals = shared_signals(*runs.values())
    before = question_means(source, signals)
    tables = {name: _both(before, question_means(other, signals)) for name, other in others}
    return _tested(tables, {"kind": "free", "first": first, "remarks": remarks(runs)})


def forced_changes(forced: Mapping[str, Pair]) -> pd.DataFrame:
    """One row per task, signal and set of responses, which `series` names by who gave them.

    A question's number is the mean over its tokens; the rest is as in `free_changes`.
    """
    tables = {name: _measured(pair) for name, pair in forced.items()}
    sources = {name: pair.before for name, pair in forced.items()}
    return _tested(tables, {"kind": "forced", "remarks": remarks(sources)})


def _measured(pair: Pair) -> BothEnds:
    """Each question's mean of every signal, by both models."""
    start, change = (
        pd.DataFrame({signal: pair.per_question(part[signal]) for signal in pair.signals})
        for part in (pair.start, pair.change)
    )
    before, after = (
        pd.concat([pair.questions, table], axis=1).set_index(QUESTION)
        for table in (start, start + change)
    )
    return before, after


def _both(before: pd.DataFrame, after: pd.DataFrame) -> BothEnds:
    """The questions that are in both."""
    common = before.index.intersection(after.index)
    return before.loc[common], after.loc[common]


def _parts(both: BothEnds) -> dict[str, BothEnds]:
    """The questions of each task, and of all together where there are several."""
    before, after = both
    parts = {
        str(task): (rows, after.loc[rows.index])
        for task, rows in before.groupby(level="task", sort=True)
    }
    return parts | ({ALL: both} if len(parts) > 1 else {})


def _rows(series: str, both: BothEnds, flips: int) -> Iterator[dict[str, Any]]:
    """Every measure in every task, and in all together."""
    for task, (before, after) in _parts(both).items():
        for measure in before.columns.drop("cluster"):
            was, now = before[measure].to_numpy(), after[measure].to_numpy()
            found = compare_pairs(now, was, cluster=before["cluster"], arrangements=flips)
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
                    "p_least": least_p(found.clusters, flips) if found.p == found.p else math.nan,
                    "questions": found.items,
                    "clusters": found.clusters,
                    "note": found.note,
                }


def _tested(tables: Mapping[str, BothEnds], attrs: dict[Any, Any]) -> pd.DataFrame:
    """The rows of all series, corrected by families; refused where nothing can be compared.

    Signs are flipped so often that the smallest p passes a correction over all rows.
    """
    flips = arrangements_for(sum(len(_parts(b)) * (b[0].shape[1] - 1) for b in tables.values()))
    rows = [row for series, both in tables.items() for row in _rows(series, both, flips)]
    if not rows:
        raise SaccadeError(
            "Two runs need questions that both answered to be compared, and these have none."
        )
    table = by_families(pd.DataFrame(rows))
    table.attrs = attrs
    return table


def measure_name(measure: str) -> str:
    """The words for a measure: a signal's label, or its own name."""
    return measure if measure in MEASURES else label(measure).text


def describe_changes(frame: pd.DataFrame) -> Finding:
    """Per series every measure's difference with its interval, and how many hold."""
    parts = [_series_words(frame, str(name)) for name in dict.fromkeys(frame["series"])]
    held = "; ".join(_held_words(words, rows) for words, rows in families(frame))
    said = (
        f"{'. '.join(parts)}. {intervals_told(frame)} Differences with p below 0.05:"
        f" {held}.{frame.attrs.get('remarks', '')}"
    )
    return Finding(said, frame)


def _held_words(words: str, rows: pd.DataFrame) -> str:
    """How many differences of one family hold, and how many cannot, however large they are."""
    count = int(rows["p"].notna().sum())
    by = {name: int((rows[name] < 0.05).sum()) for name in ("p_holm", "p_bh")}
    said = (
        f"{words} {by['p_holm']} of {count} after Holm's correction and {by['p_bh']} after"
        " Benjamini and Hochberg's"
    )
    bound = rows[holm(rows["p_least"]) >= 0.05]
    if bound.empty:
        return said
    return (
        f"{said} ({len(bound)} cannot hold after Holm's, however large they are: with"
        f" {bound['clusters'].max()} clusters or fewer p is {bound['p_least'].min():.2g} at least)"
    )


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
        f"{measure_name(row['measure'])} {row['difference']:{THREE}}"
        f" {interval_words(row['low'], row['high'], THREE)}"
        for row in rows.to_dict("records")
    )
    return f"{begin}: {', '.join(measured)}"
