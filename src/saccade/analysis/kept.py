"""Accuracy against k, the share of tokens that VPPO keeps: several trainings, one per k (VPPO 6).

Only numbers here; `plots/kept.py` draws them. A run is judged at its last step. In a report k is
what the run's manifest notes: `notes.training.k`.
"""

from collections.abc import Mapping

import pandas as pd

from saccade.analysis.accuracy import ALL
from saccade.analysis.figure import Finding
from saccade.analysis.intervals import over_questions, pooled
from saccade.analysis.progress import responses_of
from saccade.analysis.series import training_settings
from saccade.analysis.sources import clustered, stacked
from saccade.errors import SaccadeError
from saccade.store import Source, ask

_ACCURACY = """
SELECT task, sample_id, avg(correct::INTEGER)::DOUBLE AS value FROM {responses}
WHERE correct IS NOT NULL AND step = (SELECT max(step) FROM {responses})
GROUP BY ALL ORDER BY ALL
"""


def accuracy_by_kept(runs: Mapping[float, Source] | Mapping[str, Source]) -> pd.DataFrame:
    """Accuracy with its interval per k, run and task; runs by k, or by name where they tell theirs.

    Runs by name that tell no k are left out.
    """
    found = {name: _kept(name, source) for name, source in runs.items()}
    kept = {name: k for name, k in found.items() if k is not None}
    if len(set(kept.values())) < 2:
        told = ", ".join(f"{name} has {kept.get(name, 'none')}" for name in runs)
        raise SaccadeError(
            "Accuracy against k needs runs trained with two or more k, the share of tokens kept, "
            f"from a mapping {{k: run}} or from the manifest's notes.training.k; {told}."
        )
    items = stacked(
        last_accuracy(source).assign(k=kept[name], run=str(name))
        for name, source in runs.items()
        if name in kept
    )
    if items.empty:
        raise SaccadeError("No response of these runs has a verdict, so there is no accuracy.")
    parts = [items, *([pooled(items)] if items["task"].nunique() > 1 else [])]
    frame = pd.concat([over_questions(part, ["k", "run"]) for part in parts], ignore_index=True)
    frame = frame.sort_values(["task", "k", "run"], kind="stable", ignore_index=True)
    frame.attrs = {"left_out": [str(name) for name in runs if name not in kept]}
    return frame[["task", "k", "run", "mean", "low", "high", "n_questions"]]


def last_accuracy(source: Source) -> pd.DataFrame:
    """The share of correct responses to each question at the last step, with its cluster."""
    items = ask(source, _ACCURACY.format(responses=responses_of(source)))
    return clustered(items, source)


def _kept(name: float | str, source: Source) -> float | None:
    """The k of a run: its own key, or the one its manifest notes."""
    k = training_settings(source).get("k") if isinstance(name, str) else name
    if k is None:
        return None
    if isinstance(k, bool) or not isinstance(k, int | float) or not 0 < k <= 1:
        raise SaccadeError(f"k is a share of tokens, above 0 and at most 1; got {k!r}.")
    return float(k)


def overall_kept(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows over all tasks together, or over the only one there is."""
    tasks = set(frame["task"])
    return frame[frame["task"] == (ALL if ALL in tasks else next(iter(tasks)))]


def describe_kept(frame: pd.DataFrame) -> Finding:
    """The mean accuracy of the runs of each k, and at which k it is the highest."""
    rows = overall_kept(frame)
    means = rows.groupby("k")["mean"].mean()
    each = ", ".join(f"{mean:.1%} at k = {k:g}" for k, mean in means.items())
    several = ", the mean of its runs each" if len(means) < len(rows) else ""
    sentence = (
        f"Accuracy on {rows['task'].iloc[0]} ({rows['n_questions'].max()} questions): {each}"
        f"{several}; highest at k = {means.idxmax():g}. Intervals of 95 % over questions are in "
        "the figure; no test is given."
    )
    left = ", ".join(frame.attrs["left_out"])
    return Finding(sentence + (f" Left out, as they tell no k: {left}." if left else ""), rows)
