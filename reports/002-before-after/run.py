"""What changed from `lab/base` to `lab/tuned`? `README.md` says what came of it.

From the root of the repository: `python reports/002-before-after/run.py`, then `make docs`.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saccade import Run
from saccade.analysis import clustered, compare_accuracy
from saccade.analysis.comparing import free_changes

sys.path.insert(0, str(Path(__file__).parents[1]))  # where studies.py lies
import studies

SHOWN = ("kl.blind", "hidden_shift.blind", "visual_similarity", "entropy", "logprob", "length")
ALL = "all tasks"


def measure(runs: Mapping[str, Run]) -> dict[str, Any]:
    """Accuracy by task of either run, and what changed in every measure by task."""
    rollouts = {model: clustered(run.rollouts(), run) for model, run in runs.items()}
    accuracy, changed = compare_accuracy(rollouts), free_changes(runs)
    return {"accuracy": studies.rows(accuracy), "changes": studies.rows(changed)}


def sampled() -> str:
    """What was asked and how, in a sentence."""
    return studies.conditions(studies.recorded(__file__))


def accuracies() -> tuple[Sequence[str], list[Sequence[str]]]:
    """A row per task: both accuracies in per cent, and the change with its interval."""
    told = studies.recorded(__file__)["accuracy"]
    before, after = dict.fromkeys(row["run"] for row in told)
    lines = []
    for task in dict.fromkeys(row["task"] for row in told):
        first, last = (_row(told, task=task, run=run) for run in (before, after))
        lines.append(
            (
                f"`{task}`" if task != ALL else task,
                *(f"{100 * row['accuracy']:.1f}" for row in (first, last)),
                f"{100 * last['change']:+.1f} "
                f"[{100 * last['change_low']:+.1f}, {100 * last['change_high']:+.1f}]",
                f"{last['p_holm']:.2g}",
            )
        )
    return ("task", f"`{before}`, %", f"`{after}`, %", "change, points", "p (Holm)"), lines


def changes(task: str = ALL) -> tuple[Sequence[str], list[Sequence[str]]]:
    """A row per measure: both means, and the change within questions with its interval."""
    told = studies.recorded(__file__)["changes"]
    lines = [
        (
            "tokens in a response" if name == "length" else f"`{name}`",
            *(f"{row[end]:.4g}" for end in ("before", "after")),
            _interval(row),
            f"{row['hedges_gz']:+.2f}",
            f"{row['p_holm']:.2g}",
        )
        for name in SHOWN
        for row in (_row(told, task=task, measure=name),)
    ]
    return ("mean of a question", "before", "after", "change", "Hedges' g", "p (Holm)"), lines


def change(measure: str, *, task: str = ALL) -> str:
    """One change with its interval, as text."""
    return _interval(_row(studies.recorded(__file__)["changes"], task=task, measure=measure))


def by_task(measure: str) -> tuple[Sequence[str], list[Sequence[str]]]:
    """A row per task: the change of one measure."""
    told = studies.recorded(__file__)["changes"]
    lines = [
        (f"`{row['task']}`", f"{row['before']:.3g}", f"{row['after']:.3g}", _interval(row))
        for row in told
        if row["measure"] == measure and row["task"] != ALL
    ]
    return ("task", "before", "after", "change"), lines


def _row(told: Sequence[Mapping[str, Any]], **keys: str) -> Mapping[str, Any]:
    return next(row for row in told if all(row[name] == key for name, key in keys.items()))


def _interval(row: Mapping[str, Any]) -> str:
    return f"{row['difference']:+.3g} [{row['low']:+.3g}, {row['high']:+.3g}]"


if __name__ == "__main__":
    studies.record(__file__, measure)
