"""Do the signals find the words that name what is to be seen? `README.md` says what came of it.

From the root of the repository: `python reports/001-where-lab-looks/run.py`, then `make docs`.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from saccade import Run, Trace
from saccade.analysis import clustered
from saccade.analysis.stats import compare_pairs, corrected, mean_with_interval, superiority
from saccade.analysis.words import words
from saccade.tasks.lab import find_mentions

sys.path.insert(0, str(Path(__file__).parents[1]))  # where studies.py lies
import studies

SIGNALS = ("kl.blind", "hidden_shift.blind", "visual_similarity", "entropy", "logprob")
MARKS = {
    "mention": "all tokens of a mention",
    "seen": "its content words that the question does not say",
}
"""What a token may be, and in words."""
ALL = "all tasks"


def measure(runs: Mapping[str, Run]) -> dict[str, Any]:
    """How many tokens are marked, and how well each signal finds them."""
    tables = {model: _marked(run) for model, run in runs.items()}
    counts = [
        {"model": model, "tokens": len(tokens), **{mark: int(tokens[mark].sum()) for mark in MARKS}}
        for model, tokens in tables.items()
    ]
    found = pd.DataFrame(row for model, tokens in tables.items() for row in _rows(model, tokens))
    return {"counts": counts, "found": studies.rows(corrected(found))}


def _marked(run: Run) -> pd.DataFrame:
    """The tokens of a run, with a column that is true for the tokens of each mark."""
    tokens = clustered(run.tokens(), run)
    joined = words(tokens)
    mention = np.concatenate([_within_mentions(trace) for trace in run])
    said = {sample.id: set(re.findall(r"\w+", sample.question.lower())) for sample in run.samples()}
    asked = [
        word in said[item] for word, item in zip(joined["normal"], tokens["sample_id"], strict=True)
    ]
    content = joined["content"].fillna(value=False).to_numpy(dtype=bool)
    return tokens.assign(mention=mention, seen=mention & content & ~np.array(asked))


def _within_mentions(trace: Trace) -> np.ndarray:
    """Which tokens of a response hold characters of a mention."""
    ends = np.cumsum([len(token) for token in trace.tokens])
    starts = ends - [len(token) for token in trace.tokens]
    inside = np.zeros(len(ends), dtype=bool)
    for mention in find_mentions(trace.sample, "".join(trace.tokens)):
        inside |= (starts < mention.end) & (ends > mention.start)
    return inside


def _rows(model: str, tokens: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One row per mark, task and signal: the area, both means, and their difference."""
    for mark in MARKS:
        questions = pd.DataFrame(_questions(tokens, mark))
        for task in [ALL, *sorted(questions["task"].unique())]:
            part = questions if task == ALL else questions[questions["task"] == task]
            for signal, of in part.groupby("signal", sort=False):
                area = mean_with_interval(of["auroc"], cluster=of["cluster"])
                apart = compare_pairs(of["marked"], of["others"], cluster=of["cluster"])
                yield {
                    "model": model,
                    "mark": mark,
                    "task": task,
                    "signal": signal,
                    "questions": area.items,
                    "clusters": area.clusters,
                    "auroc": area.value,
                    "auroc_low": area.low,
                    "auroc_high": area.high,
                    "marked": of["marked"].mean(),
                    "others": of["others"].mean(),
                    "difference": apart.value,
                    "low": apart.low,
                    "high": apart.high,
                    "p": apart.p,
                }


def _questions(tokens: pd.DataFrame, mark: str) -> Iterator[dict[str, Any]]:
    """One row per question and signal, over the tokens of all its responses."""
    for (task, item), of in tokens.groupby(["task", "sample_id"], sort=False):
        cluster = of["cluster"].iloc[0] if "cluster" in of else item
        for signal in SIGNALS:
            values = of[signal].to_numpy(dtype=float)
            marked, others = values[of[mark]], values[~of[mark]]
            if len(marked) and len(others):
                yield {
                    "task": task,
                    "cluster": cluster,
                    "signal": signal,
                    "auroc": superiority(marked, others),
                    "marked": marked.mean(),
                    "others": others.mean(),
                }


def sampled() -> str:
    """What was asked and how, in a sentence."""
    return studies.conditions(studies.recorded(__file__))


def by_signal() -> tuple[Sequence[str], list[Sequence[str]]]:
    """Over all tasks: each model and signal, with the area for either mark."""
    told = studies.recorded(__file__)["found"]
    models = list(dict.fromkeys(row["model"] for row in told))
    head = ("model", "signal", *MARKS.values(), "mean of the latter", "of all others")
    lines = []
    for model in models:
        for signal in SIGNALS:
            both = [_row(told, model, mark, ALL, signal) for mark in MARKS]
            means = (f"{both[-1][name]:.3g}" for name in ("marked", "others"))
            lines.append((f"`{model}`", f"`{signal}`", *map(_area, both), *means))
    return head, lines


def by_task(model: str, mark: str) -> tuple[Sequence[str], list[Sequence[str]]]:
    """One model and mark: the area by task and signal."""
    told = studies.recorded(__file__)["found"]
    tasks = dict.fromkeys(row["task"] for row in told if row["task"] != ALL)
    lines = [
        (f"`{task}`", *(_area(_row(told, model, mark, task, signal)) for signal in SIGNALS))
        for task in tasks
    ]
    return ("task", *(f"`{signal}`" for signal in SIGNALS)), lines


def area(model: str, mark: str, signal: str, *, task: str = ALL) -> str:
    """One area with its interval, as text."""
    return _area(_row(studies.recorded(__file__)["found"], model, mark, task, signal))


def _row(told: Sequence[Mapping[str, Any]], *keys: str) -> Mapping[str, Any]:
    names = ("model", "mark", "task", "signal")
    return next(row for row in told if tuple(row[name] for name in names) == keys)


def _area(row: Mapping[str, Any]) -> str:
    return f"{row['auroc']:.2f} [{row['auroc_low']:.2f}, {row['auroc_high']:.2f}]"


if __name__ == "__main__":
    studies.record(__file__, measure)
