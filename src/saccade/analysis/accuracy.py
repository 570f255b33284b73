"""How often a run was right, per task, and the same for several runs beside one another."""

from collections.abc import Mapping

import pandas as pd

ALL = "all tasks"


def accuracy_by_task(rollouts: pd.DataFrame) -> pd.DataFrame:
    """Per task: questions, responses, those with a verdict, accuracy, truncated, mean length.

    Accuracy is avg@k: each question's share of correct responses among those with a verdict, and
    the mean of these shares, so that a question counts once however many responses it has. A last
    row takes the questions of all tasks together where there are several.
    """
    parts = {str(task): rows for task, rows in rollouts.groupby("task", sort=True)}
    if len(parts) > 1:
        parts[ALL] = rollouts
    return pd.DataFrame([{"task": task, **_row(rows)} for task, rows in parts.items()])


def _row(rows: pd.DataFrame) -> dict[str, float]:
    """The counts of one task."""
    question = ["task", "sample_id"]
    judged = rows.dropna(subset="correct").astype({"correct": bool})
    return {
        "questions": len(rows[question].drop_duplicates()),
        "responses": len(rows),
        "judged": len(judged),
        "correct": int(judged["correct"].sum()),
        "accuracy": float(judged.groupby(question)["correct"].mean().mean()),
        "truncated": int((rows["finish_reason"] == "length").sum()),
        "mean_length": float(rows["length"].mean()),
    }


def compare_accuracy(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per task and run, in the order given; `change` is against the first run."""
    frame = pd.concat([table.assign(run=name) for name, table in tables.items()])
    order = list(dict.fromkeys(task for table in tables.values() for task in table["task"]))
    order = [*(task for task in order if task != ALL), *([ALL] if ALL in order else [])]
    frame["task"] = pd.Categorical(frame["task"], order)
    frame = frame.sort_values("task", kind="stable").reset_index(drop=True)
    first = next(iter(tables.values())).set_index("task")["accuracy"]
    frame["task"] = frame["task"].astype(str)
    frame["change"] = frame["accuracy"] - frame["task"].map(first)
    columns = ["task", "run", "questions", "responses", "judged", "correct", "accuracy", "change"]
    return frame[columns]
