"""What is followed over training: each metric's words, and where its numbers are found.

A number is measured on the run's responses where they can tell it, with an interval over
questions; otherwise it is taken from the training log. To add one: one entry in METRICS.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.accuracy import ALL
from saccade.analysis.intervals import of_strata, pooled
from saccade.analysis.measured import exact
from saccade.analysis.series import Line
from saccade.store import Run, Source, ask, signals_of
from saccade.store.views import literal, quoted

KEYS = ["task", "sample_id", "cluster", "step"]
COLUMNS = ["metric", "task", "step", "mean", "low", "high", "n_questions", "source"]


@dataclass(frozen=True)
class Metric:
    """One number of each step."""

    text: str
    response: str = ""
    """SQL for its value of a response, over the columns reward, correct, length and truncated."""
    signal: str = ""
    """The token column of which it is the mean."""
    token: str = "{}"
    """SQL for its value of a token; braces stand for the signal."""
    logged: Mapping[str, float] = field(default_factory=dict)
    """Its names in training logs, each with what to multiply by; the first that is there counts."""


def number(value: str) -> str:
    """SQL for a value, NULL where it is not a number."""
    return f"CASE WHEN isfinite({value}) THEN {value} END"


def _names(*names: str) -> dict[str, float]:
    return dict.fromkeys(names, 1.0)


METRICS: dict[str, Metric] = {
    "reward": Metric(
        "reward",
        response=number("reward"),
        logged=_names("reward", "critic/rewards/mean", "reward/overall"),
    ),
    "accuracy": Metric(
        "accuracy",
        response="correct::INTEGER",
        logged=_names(
            *("accuracy", "rewards/answer/mean", "rewards/accuracy_reward/mean", "reward/accuracy")
        ),
    ),
    "length": Metric(
        "tokens of a response",
        response="length",
        logged=_names("completions/mean_length", "response_length/mean"),
    ),
    "truncated": Metric(
        "share cut at the limit",
        response="truncated::INTEGER",
        logged=_names("completions/clipped_ratio", "response_length/clip_ratio"),
    ),
    "visual_similarity": Metric(
        "mean visual similarity",
        signal="visual_similarity",
        logged=_names("signals/visual_similarity"),
    ),
    "entropy": Metric(
        "mean entropy",
        signal="entropy",
        logged=_names("signals/entropy", "entropy", "actor/entropy"),
    ),
    "kl": Metric("mean KL divergence", signal="kl.blind", logged=_names("signals/kl.blind")),
    "log_dependency": Metric(
        "mean S̃ = log(1 + KL)",
        signal="kl.blind",
        token="ln(1 + greatest({}, 0))",
        logged=_names("signals/log1p.kl.blind"),
    ),
    "kl_prcp": Metric(
        "KL_prcp",
        signal="k3.blacken",
        token="least({}, 10)",
        logged={"kl_prcp": 1.0, "actor/kl_prcp_loss": -1.0},
    ),
    "clip_high": Metric(
        "clip-high share", logged=_names("clip_ratio/high_mean", "actor/pg_clipfrac_higher")
    ),
    "entropy_ablated": Metric(
        "mean entropy without image",
        logged=_names("entropy/ablated", "actor/aug_entropy_loss"),
    ),
}
"""Metric → what it is. In PAPO's logs KL_prcp is a loss, which is its negative."""

_STORED = """
SELECT task, sample_id, step, index, correct, len(response_ids) AS length, rewards,
       finish_reason = 'length' AS truncated,
       coalesce(rewards['reward'], list_sum(map_values(rewards))) AS reward
FROM rollouts JOIN (SELECT id AS sample_id, task FROM samples) USING (sample_id)
"""
"""Every response. Rewards are added up, as TRL does, unless one is called `reward`."""
_REWARD_NAMES = "SELECT DISTINCT unnest(map_keys(rewards)) AS name FROM rollouts"
_TABLE = "SELECT task, sample_id, step, index, correct, length FROM tokens WHERE position = 0"
"""The same of a table of tokens, which knows neither rewards nor why a response ended."""


def responses_of(source: Source) -> str:
    """SQL for the responses: task, sample_id, step, index, correct, length, and more of a run."""
    return f"({_STORED if isinstance(source, Run) else _TABLE})"


def measured_on_responses(line: Line, metrics: Sequence[str]) -> pd.DataFrame:
    """Means over questions with intervals, per step and task, and over the tasks of all steps.

    Empty where there is one step.
    """
    asked = (_response_values(metrics), _token_values(metrics)) if len(line.steps) > 1 else ()
    tables = [table for values in asked if len(table := _questions(line, values))]
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    items = pd.concat(tables, axis=1).reset_index()
    frame = _by_step(items)
    if items["task"].nunique() > 1:
        frame = pd.concat([frame, _over_tasks(items, at_every_step(frame))], ignore_index=True)
    return frame.assign(source="responses")[COLUMNS]


def at_every_step(frame: pd.DataFrame) -> pd.DataFrame:
    """Per metric and task of a table of means whether it is there at every step of the metric."""
    steps = frame.groupby(["metric", "task"])["step"].nunique().unstack("task", fill_value=0)
    return steps.eq(frame.groupby("metric")["step"].nunique(), axis=0)


def _over_tasks(items: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """The mean of the tasks' means at each step, of the tasks that are there at all of them.

    Were their questions pooled, the line would move with how many each task has at a step.
    """
    names = list(kept.index)
    stratum = kept.columns.get_indexer(pd.Index(items["task"]))
    within = items.assign(**items[names].where(kept.T.to_numpy()[stratum]))
    return _by_step(pooled(within), stratum)


def _by_step(items: pd.DataFrame, stratum: NDArray[np.int64] | None = None) -> pd.DataFrame:
    """Every metric of each task at each step, over its questions; or over strata of these."""
    strata = np.zeros(len(items), np.int64) if stratum is None else stratum
    numbered = items.reset_index(drop=True).groupby(["task", "step"])
    parts = [_means(rows, strata[rows.index]) for _, rows in numbered]
    frame = pd.concat(parts, ignore_index=True)
    return frame[frame["n_questions"] > 0]


def _means(rows: pd.DataFrame, stratum: NDArray[np.int64]) -> pd.DataFrame:
    """Every metric of one task at one step."""
    values = rows.drop(columns=[name for name in KEYS if name in rows])
    cluster = rows["cluster" if "cluster" in rows else "sample_id"]
    mean, low, high, counts = of_strata(values, cluster, stratum)
    found = {"mean": mean, "low": low, "high": high, "n_questions": counts}
    place = {name: rows[name].iloc[0] for name in ("task", "step")}
    return pd.DataFrame({"metric": values.columns, **place, **found})


Values = Callable[[Source], tuple[str, Mapping[str, str]]]
"""Source → the table to ask, and SQL for the mean of each metric that it can tell."""


def _questions(line: Line, values: Values) -> pd.DataFrame:
    """The mean of each metric at each question and step, a row for each."""

    def query(source: Source) -> str:
        table, means = values(source)
        columns = "".join(f", avg({sql}) AS {quoted(name)}" for name, sql in means.items())
        return f"SELECT task, sample_id, step {columns} FROM {table} GROUP BY ALL ORDER BY ALL"

    if not any(values(source)[1] for source, _ in line.parts):
        return pd.DataFrame()
    table = line.ask(query)
    keys = [name for name in KEYS if name in table]
    return table.set_index(keys).astype("float64")


def _response_values(metrics: Sequence[str]) -> Values:
    """Of the responses: rewards, verdicts, lengths."""

    def values(source: Source) -> tuple[str, dict[str, str]]:
        known = {name: METRICS[name].response for name in metrics if METRICS[name].response}
        if not isinstance(source, Run):
            known = {n: known[n] for n in known if n in ("accuracy", "length")}
        elif "reward" in known:
            names = set(ask(source, _REWARD_NAMES)["name"]) - {"reward"}
            known |= {f"reward.{n}": number(f"rewards[{literal(n)}]") for n in sorted(names)}
        return responses_of(source), known

    return values


def _token_values(metrics: Sequence[str]) -> Values:
    """Of the tokens: means of signals, over a question's pooled tokens."""

    def values(source: Source) -> tuple[str, dict[str, str]]:
        there = signals_of(source)
        return "tokens", {
            name: _of_token(METRICS[name]) for name in metrics if METRICS[name].signal in there
        }

    return values


def _of_token(metric: Metric) -> str:
    """SQL for its value of a token; a missing signal stays missing, which `least` would not do."""
    signal = exact(metric.signal)
    return f"CASE WHEN {signal} NOTNULL THEN {metric.token.format(signal)} END"


def taken_from_log(line: Line, metrics: Iterable[str]) -> pd.DataFrame:
    """The metrics that the training log tells; one number per step, without an interval."""
    log = line.log
    there = set(log["metric"])
    parts = [_logged(log, name, there) for name in metrics]
    frame = pd.concat(parts) if parts else pd.DataFrame(columns=COLUMNS)
    return frame.reindex(columns=COLUMNS)


def _logged(log: pd.DataFrame, name: str, there: set[str]) -> pd.DataFrame:
    """One metric; no rows where the log does not have it at two steps."""
    called = next((each for each in METRICS[name].logged if each in there), None)
    rows = log[log["metric"] == called].dropna(subset="value")
    if len(rows) < 2:
        rows = rows.head(0)
    factor = METRICS[name].logged.get(called or "", 1.0)
    return pd.DataFrame(
        {"metric": name, "task": ALL, "step": rows["step"], "mean": rows["value"] * factor}
    ).assign(n_questions=0, source="log")
