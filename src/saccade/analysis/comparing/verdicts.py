"""Whether training moved correct responses otherwise than incorrect ones, on the same responses."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.accuracy import ALL
from saccade.analysis.comparing.changes import measure_name
from saccade.analysis.comparing.pairs import Pair
from saccade.analysis.figure import Finding
from saccade.analysis.intervals import THREE, interval_words, intervals_told
from saccade.analysis.stats.corrections import corrected
from saccade.analysis.stats.differences import compare_groups
from saccade.errors import SaccadeError


def forced_verdicts(forced: Mapping[str, Pair]) -> pd.DataFrame:
    """One row per task, signal and set of responses: the change of correct less incorrect ones.

    A question's value for a verdict is the mean change over the tokens of such responses. Above
    zero, the log-probability of what is right rose more than that of what is wrong. Over all tasks
    the difference is taken within each, since tasks differ in accuracy and in what moves.
    """
    rows: list[dict[str, Any]] = []
    for name, pair in forced.items():
        table = _means(pair)
        tasks = {str(task): part for task, part in table.groupby("task", sort=True)}
        for task, part in (tasks | ({ALL: table} if len(tasks) > 1 else {})).items():
            rows += _rows(name, task, part, pair.signals)
    if not rows:
        raise SaccadeError(
            "Correct and incorrect responses are needed to compare how they moved; there are none"
            " of the one kind or the other."
        )
    frame = corrected(pd.DataFrame(rows))
    frame.attrs = {"kind": "verdicts"}
    return frame


def _means(pair: Pair) -> pd.DataFrame:
    """One row per question and verdict: the mean change of each signal, over tokens."""
    responses = pair.responses
    verdict = responses["correct"].astype("boolean")
    judged = verdict.notna().to_numpy()
    group = 2 * responses["question"].to_numpy() + verdict.fillna(value=False).to_numpy(dtype=int)
    owner = pair.tokens["owner"].to_numpy()
    table = pair.questions.loc[pair.questions.index.repeat(2)].reset_index(drop=True)
    table["correct"] = np.arange(len(table)) % 2 == 1
    for name in pair.signals:
        values = pair.change[name]
        kept = np.isfinite(values) & judged[owner]
        sums = np.bincount(group[owner[kept]], values[kept], len(table))
        counts = np.bincount(group[owner[kept]], minlength=len(table))
        with np.errstate(invalid="ignore"):
            table[name] = sums / counts
    return table


def _rows(
    series: str, task: str, table: pd.DataFrame, signals: list[str]
) -> Iterator[dict[str, Any]]:
    """Every signal that has values for both verdicts."""
    first = table["correct"].to_numpy()
    for name in signals:
        values = table[name].to_numpy()
        known = np.isfinite(values)
        if not (known & first).any() or not (known & ~first).any():
            continue
        item = table["task"] + "/" + table["sample_id"]
        found = compare_groups(
            values,
            first,
            item=item,
            cluster=table["cluster"],
            stratum=table["task"] if task == ALL else None,
        )
        if not np.isfinite(found.value):
            continue
        yield {
            "task": task,
            "series": series,
            "measure": name,
            "correct": float(values[known & first].mean()),
            "incorrect": float(values[known & ~first].mean()),
            "difference": found.value,
            "low": found.low,
            "high": found.high,
            "hedges_g": found.hedges_g,
            "p": found.p,
            "questions": found.items,
            "clusters": found.clusters,
            "note": found.note.removeprefix("; "),
        }


def describe_verdicts(frame: pd.DataFrame) -> Finding:
    """Per set of responses and signal: both changes, and their difference with its interval."""
    parts = []
    for series, rows in frame.groupby("series", sort=False):
        whole = rows[rows["task"] == rows["task"].iloc[-1]]
        within = " within tasks" if whole["task"].iloc[0] == ALL else ""
        signals = (
            f"{measure_name(row['measure'])} {row['correct']:{THREE}} against"
            f" {row['incorrect']:{THREE}}, a difference{within} of {row['difference']:{THREE}}"
            f" {interval_words(row['low'], row['high'], THREE)}"
            for row in whole.to_dict("records")
        )
        n = int(whole["questions"].max())
        parts.append(
            f"On the responses of {series} ({whole['task'].iloc[0]}, n = {n} questions), correct"
            f" ones moved by, against incorrect ones: {', '.join(signals)}"
        )
    held = int((frame["p_holm"] < 0.05).sum())
    said = (
        f"{'. '.join(parts)}. {intervals_told(frame)} {held} of"
        f" {int(frame['p'].notna().sum())} differences hold after Holm's correction."
    )
    return Finding(said, frame)
