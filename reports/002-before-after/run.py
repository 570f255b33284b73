"""What changed from `lab/base` to `lab/tuned`? `README.md` says what came of it.

From the root of the repository: `python reports/002-before-after/run.py`, then `make docs`.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from saccade import Run
from saccade.analysis import clustered, compare_accuracy
from saccade.analysis.stats import compare_pairs, corrected

sys.path.insert(0, str(Path(__file__).parents[1]))  # where studies.py lies
import studies

SIGNALS = ("kl.blind", "hidden_shift.blind", "visual_similarity", "entropy", "logprob")
QUESTION = ["task", "sample_id"]
ALL = "all tasks"


def measure(runs: Mapping[str, Run]) -> dict[str, Any]:
    """Accuracy by task of either run, and every signal by task, with what changed."""
    rollouts = {model: clustered(run.rollouts(), run) for model, run in runs.items()}
    accuracy = compare_accuracy(rollouts)
    before, after = (_questions(run, rollouts[model]) for model, run in runs.items())
    signals = corrected(pd.DataFrame(_changes(before, after)))
    return {"accuracy": studies.rows(accuracy), "signals": studies.rows(signals)}


def _questions(run: Run, rollouts: pd.DataFrame) -> pd.DataFrame:
    """Each question's mean of every signal over the tokens of its responses, and their length."""
    means = run.tokens(SIGNALS).groupby(QUESTION)[list(SIGNALS)].mean()
    cluster = rollouts.get("cluster", rollouts["sample_id"])
    of = rollouts.assign(cluster=cluster).groupby(QUESTION)
    return means.assign(length=of["length"].mean(), cluster=of["cluster"].first())


def _changes(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One row per task and signal: both means over questions, and the change within them."""
    task = before.index.get_level_values("task")
    for name in [*sorted(task.unique()), ALL]:
        first = before if name == ALL else before[task == name]
        last = after.loc[first.index]
        for signal in (*SIGNALS, "length"):
            found = compare_pairs(last[signal], first[signal], cluster=first["cluster"])
            yield {
                "task": name,
                "signal": signal,
                "questions": found.items,
                "clusters": found.clusters,
                "before": first[signal].mean(),
                "after": last[signal].mean(),
                "change": found.value,
                "low": found.low,
                "high": found.high,
                "hedges_gz": found.hedges_gz,
                "p": found.p,
            }


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
    """A row per signal: both means, and the change within questions with its interval."""
    told = studies.recorded(__file__)["signals"]
    lines = [
        (
            "tokens in a response" if row["signal"] == "length" else f"`{row['signal']}`",
            *(f"{row[name]:.4g}" for name in ("before", "after")),
            _interval(row),
            f"{row['hedges_gz']:+.2f}",
            f"{row['p_holm']:.2g}",
        )
        for row in told
        if row["task"] == task
    ]
    return ("mean of a question", "before", "after", "change", "Hedges' g", "p (Holm)"), lines


def change(signal: str, *, task: str = ALL) -> str:
    """One change with its interval, as text."""
    return _interval(_row(studies.recorded(__file__)["signals"], task=task, signal=signal))


def by_task(signal: str) -> tuple[Sequence[str], list[Sequence[str]]]:
    """A row per task: the change of one signal."""
    told = studies.recorded(__file__)["signals"]
    lines = [
        (f"`{row['task']}`", f"{row['before']:.3g}", f"{row['after']:.3g}", _interval(row))
        for row in told
        if row["signal"] == signal and row["task"] != ALL
    ]
    return ("task", "before", "after", "change"), lines


def _row(told: Sequence[Mapping[str, Any]], **keys: str) -> Mapping[str, Any]:
    return next(row for row in told if all(row[name] == key for name, key in keys.items()))


def _interval(row: Mapping[str, Any]) -> str:
    return f"{row['change']:+.3g} [{row['low']:+.3g}, {row['high']:+.3g}]"


if __name__ == "__main__":
    studies.record(__file__, measure)
