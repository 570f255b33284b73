"""How often a run was right, per task, and the same for several runs beside one another.

A run of several training steps is judged at the last.
"""

from collections.abc import Mapping

import pandas as pd

from saccade.analysis.stats.corrections import corrected
from saccade.analysis.stats.differences import compare_pairs, mean_with_interval

ALL = "all tasks"
QUESTION = ["task", "sample_id"]
COMPARED = [
    *("task", "run", "step", "steps", "questions", "responses", "judged", "correct"),
    *("accuracy", "accuracy_low", "accuracy_high"),
]
CHANGE = ["paired", "change", "change_low", "change_high", "hedges_gz", "change_note", "p"]


def accuracy_by_task(rollouts: pd.DataFrame) -> pd.DataFrame:
    """Per task at the last step: questions, responses, those with a verdict, accuracy, length.

    Accuracy is avg@k: each question's share of correct responses among those with a verdict, and
    the mean of these shares, so that a question counts once however many responses it has. Its 95 %
    interval draws questions again, those of one image together (`cluster`). A last row takes the
    questions of all tasks together where there are several. `step` is the step that counts, and
    `steps` how many the run has.
    """
    at = _steps(rollouts)
    parts = _by_task(last_step(rollouts))
    return pd.DataFrame([{"task": task, **at, **_row(rows)} for task, rows in parts.items()])


def last_step(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last step; all of them where none is told."""
    return rows[rows["step"] == rows["step"].max()] if "step" in rows else rows


def _steps(rollouts: pd.DataFrame) -> dict[str, int]:
    """The last step, and how many there are."""
    steps = rollouts["step"] if "step" in rollouts else pd.Series([0])
    return {"step": int(steps.max()), "steps": steps.nunique()}


def _by_task(rollouts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each task, and of all where there are several."""
    parts = {str(task): rows for task, rows in rollouts.groupby("task", sort=True)}
    return parts | ({ALL: rollouts} if len(parts) > 1 else {})


def _row(rows: pd.DataFrame) -> dict[str, float | str]:
    """The counts of one task."""
    judged, shares = rows.dropna(subset="correct"), _shares(rows)
    accuracy = mean_with_interval(shares["share"], cluster=shares.get("cluster"))
    return {
        "questions": len(rows[QUESTION].drop_duplicates()),
        "responses": len(rows),
        "judged": len(judged),
        "correct": int(judged["correct"].sum()),
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        "clusters": accuracy.clusters,
        "note": accuracy.note,
        "truncated": int((rows["finish_reason"] == "length").sum()),
        "mean_length": float(rows["length"].mean()),
    }


def _shares(rows: pd.DataFrame) -> pd.DataFrame:
    """The share of correct responses of each question that has a verdict, and its cluster."""
    judged = rows.dropna(subset="correct").astype({"correct": bool}).groupby(QUESTION)
    shares = judged.agg(share=("correct", "mean"))
    return shares.assign(cluster=judged["cluster"].first()) if "cluster" in rows else shares


def compare_accuracy(rollouts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per task and run, in the order given; `change` is against the first run.

    It is the mean over the `paired` questions that both runs answered, each at its last step, with
    a 95 % interval, Hedges' g of the paired differences, and p: as it is, and corrected by families
    (see `by_families`).
    """
    parts = {name: _by_task(last_step(rows)) for name, rows in rollouts.items()}
    at = {name: _steps(rows) for name, rows in rollouts.items()}
    tasks = list(dict.fromkeys(task for tables in parts.values() for task in tables))
    tasks = [*(task for task in tasks if task != ALL), *([ALL] if ALL in tasks else [])]
    baseline, first = next(iter(parts.items()))
    rows = [
        {"task": task, "run": name, **at[name], **_row(of[task])}
        | ({} if name == baseline or task not in first else _change(of[task], first[task]))
        for task in tasks
        for name, of in parts.items()
        if task in of
    ]
    return by_families(pd.DataFrame(rows, columns=[*COMPARED, *CHANGE]))


def by_families(table: pd.DataFrame) -> pd.DataFrame:
    """p-values corrected over the rows of all tasks together, and apart over those of each task.

    What is asked first is asked over all tasks; how many tasks there are makes it no less sure.
    """
    return pd.concat(corrected(part) for _, part in families(table)).loc[table.index]


def families(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of all tasks together and those of single tasks, as far as there are any."""
    whole = table["task"] == ALL
    parts = ((f"over {ALL}", table[whole]), ("in single tasks", table[~whole]))
    return [(words, part) for words, part in parts if len(part)]


def _change(rows: pd.DataFrame, before: pd.DataFrame) -> dict[str, float | str]:
    """What one run answers better than the first, over the questions that both answered."""
    both = _shares(rows).join(_shares(before)["share"].rename("before"), how="inner")
    found = compare_pairs(both["share"], both["before"], cluster=both.get("cluster"))
    return {
        "paired": found.items,
        "change": found.value,
        "change_low": found.low,
        "change_high": found.high,
        "hedges_gz": found.hedges_gz,
        "change_note": found.note,
        "p": found.p,
    }
