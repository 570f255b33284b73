"""How a signal is distributed over questions, correct against incorrect (PEPO, figure 2).

Only numbers here; `plots/similarity.py` draws them. A question that was answered both ways counts
once in each group. Tasks differ in accuracy and in any signal, and so do training steps; groups are
therefore compared within a task and step. What cannot be placed is left out and counted in
`frame.attrs["left_out"]`.
"""

import math
from typing import Any

import pandas as pd

from saccade.analysis.accuracy import ALL, QUESTION
from saccade.analysis.figure import Finding
from saccade.analysis.labels import counted, label
from saccade.analysis.ranking import check_top, how_many, panel_title
from saccade.analysis.sources import clustered
from saccade.analysis.stats.corrections import corrected
from saccade.analysis.stats.differences import GroupDifference, compare_groups
from saccade.store import Source, ask, column_of
from saccade.store.views import quoted

PANELS = ("all", "top", "bottom")
STRATUM = ["task", "step"]
"""Groups are compared among the rows of one of these."""
SMALL = 30
"""Groups of fewer questions are called small in the sentence."""


_PANELS = """
WITH responses AS (
    SELECT any_value(task) AS task, any_value(step) AS step, any_value(sample_id) AS sample_id,
           any_value(correct) AS correct, list_sort(list(value)) AS v, len(v) AS n
    FROM (SELECT *, {value} AS value FROM tokens)
    WHERE value NOTNULL AND correct NOTNULL GROUP BY response
)
SELECT task, step, sample_id, correct, count(*) AS n_rollouts,
       sum(n)::BIGINT AS n_all, sum(list_sum(v)) / sum(n) AS all,
       sum(k)::BIGINT AS n_top, sum(list_sum(v[n - k + 1:])) / sum(k) AS top,
       sum(k)::BIGINT AS n_bottom, sum(list_sum(v[:k])) / sum(k) AS bottom
FROM (SELECT *, ({k})::BIGINT AS k FROM responses)
GROUP BY task, step, sample_id, correct ORDER BY ALL
"""
_LEFT_OUT = """
SELECT count(*) FILTER (correct IS NULL) AS responses_without_verdict,
       count(*) FILTER (correct NOTNULL AND n = 0) AS responses_without_signal,
       coalesce(sum(tokens - n) FILTER (correct NOTNULL), 0)::BIGINT AS tokens_without_signal
FROM (
    SELECT any_value(correct) AS correct, count(*) AS tokens, count(value) AS n
    FROM (SELECT *, {value} AS value FROM tokens) GROUP BY response
)
"""
"""A response counts under its first reason."""


def similarity_distributions(
    source: Source, *, top: float = 0.2, signal: str = "visual_similarity"
) -> pd.DataFrame:
    """Mean signal per question and verdict, over all tokens and over each response's extremes.

    The mean is taken over the pooled tokens of the question's responses with that verdict, at each
    training step where a run has several.
    `top` is how many tokens of each response the panels `top` and `bottom` take: a share of its
    scored tokens as a float (rounded up), or an absolute number as an int; at least one, at most
    all. Tokens without the signal and responses without a verdict are left out and counted.
    A signal without its ablation means `blind`: `kl` is the column `kl.blind`. Where questions
    share images, `cluster` is which of them do.
    """
    top = check_top(top)
    column = column_of(source, signal)
    value = quoted(column)
    table = ask(source, _PANELS.format(value=value, k=how_many(top)))
    frame = pd.concat([_panel(table, name) for name in PANELS], ignore_index=True)
    frame = clustered(frame, source)
    counts = ask(source, _LEFT_OUT.format(value=value)).iloc[0]
    frame.attrs = {
        "signal": column,
        "top": top,
        "left_out": {str(name): int(n) for name, n in counts.items()},
    }
    return frame


def _panel(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row per question, step and verdict."""
    frame = table[["task", "step", "sample_id", "correct"]].assign(
        value=table[name], n_tokens=table[f"n_{name}"], n_rollouts=table["n_rollouts"]
    )
    frame.insert(0, "panel", name)
    return frame


def over_steps(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per panel, question and verdict, as is drawn: the tokens of all steps together."""
    rows = frame.assign(value=frame["value"] * frame["n_tokens"])
    keys = ["panel", *QUESTION, "correct"]
    sums = rows.groupby(keys, sort=False)[["value", "n_tokens", "n_rollouts"]].sum()
    return sums.assign(value=sums["value"] / sums["n_tokens"]).reset_index()


def contrast(frame: pd.DataFrame) -> pd.DataFrame:
    """Per panel, of all tasks and of each: either group, and their difference with all of its own.

    The difference is taken within tasks and training steps. p is given as it is and corrected over
    all rows. Questions are the unit; a question that is in both groups or in several steps, and
    questions of one image, are drawn and tested together.
    """
    tasks = list(frame["task"].unique())
    parts = {ALL: frame} if len(tasks) != 1 else {}
    parts |= {str(task): frame[frame["task"] == task] for task in tasks}
    rows = [_contrast_row(part, panel, task) for task, part in parts.items() for panel in PANELS]
    return corrected(pd.DataFrame(rows))


def _contrast_row(frame: pd.DataFrame, panel: str, task: str) -> dict[str, str | float]:
    """One panel: n, mean and median of either group, responses behind them, and the difference."""
    rows = frame[frame["panel"] == panel]
    row: dict[str, str | float] = {"panel": panel, "task": task}
    drawn = over_steps(rows)
    correct = drawn["correct"].to_numpy(dtype=bool)
    for name, group in (("correct", drawn[correct]), ("incorrect", drawn[~correct])):
        row[f"n_{name}"] = len(group)
        row[f"responses_{name}"] = int(group["n_rollouts"].sum())
        row[f"mean_{name}"] = float(group["value"].mean()) if len(group) else math.nan
        row[f"median_{name}"] = float(group["value"].median()) if len(group) else math.nan
    found = _compared(rows)
    return row | {
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "hedges_g": found.hedges_g,
        "cliffs_delta": found.cliffs_delta,
        "superiority": found.superiority,
        "questions": found.items,
        "in_both": found.both,
        "clusters": found.clusters,
        "note": found.note,
        "p": found.p,
    }


def _compared(rows: pd.DataFrame) -> GroupDifference:
    """Correct less incorrect, within tasks and training steps where there are several."""
    item, stratum = (
        rows.groupby(keys, sort=False, dropna=False).ngroup() for keys in (QUESTION, STRATUM)
    )
    return compare_groups(
        rows["value"],
        rows["correct"].to_numpy(dtype=bool),
        item=item,
        cluster=rows.get("cluster"),
        stratum=stratum if stratum.nunique() > 1 else None,
    )


def describe_similarity(frame: pd.DataFrame) -> Finding:
    """What the three panels say, with interval, test and effect size."""
    numbers = contrast(frame)
    n_correct, n_incorrect = (int(numbers[f"n_{g}"].iloc[0]) for g in ("correct", "incorrect"))
    if min(n_correct, n_incorrect) == 0:
        return Finding(" ".join([_no_contrast(n_correct, n_incorrect), *_counted(frame)]), numbers)
    name = label(frame.attrs.get("signal", "visual_similarity")).text
    rows = list(numbers.head(len(PANELS)).itertuples())
    within = _within(frame)
    if not math.isfinite(numbers["difference"].iloc[0]):
        nothing = f"No comparison{within} has both, so there is no contrast to show."
        return Finding(" ".join([nothing, *_counted(frame)]), numbers)
    panels = "; ".join(_panel_words(row, frame.attrs.get("top"), within) for row in rows)
    sentence = (
        f"Mean {name} of a question, correct responses (n = {n_correct} questions) against "
        f"incorrect ones (n = {n_incorrect}): {panels}."
    )
    said = [sentence, _basis(rows[0], len(frame[QUESTION].drop_duplicates()), within)]
    said += [*_caution(min(n_correct, n_incorrect)), *_counted(frame)]
    return Finding(" ".join(said), numbers)


def _within(frame: pd.DataFrame) -> str:
    """Where differences are taken, if there are several such places."""
    names = {"task": "tasks", "step": "training steps"}
    several = [words for name, words in names.items() if frame[name].nunique() > 1]
    return f" within {' and '.join(several)}" if several else ""


def _panel_words(row: Any, top: float | None, within: str) -> str:
    """One panel: the means, their difference with interval, p and effect size, the medians."""
    places = _decimals(row.difference)
    title = panel_title(row.panel, top)
    interval = f"95 % interval {row.low:+.{places}f} to {row.high:+.{places}f}"
    return (
        f"{title[0].lower()}{title[1:]} {row.mean_correct:.{places}f} and "
        f"{row.mean_incorrect:.{places}f}, a difference{within} of {row.difference:+.{places}f} "
        f"({interval if math.isfinite(row.low) else row.note}, {_p_words(row.p_holm)}, "
        f"Hedges' g {row.hedges_g:+.2f}; medians "
        f"{row.median_correct:.{places}f} and {row.median_incorrect:.{places}f})"
    )


def _p_words(p: float) -> str:
    """A p-value as one says it."""
    if not math.isfinite(p):
        return "no p"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _basis(row: Any, questions: int, within: str) -> str:
    """What differences, intervals and p-values rest on."""
    shared = f" in {row.clusters} clusters by image" if row.clusters < row.questions else ""
    said = (
        f"Intervals and p-values take the {row.questions} questions{shared} as units, "
        f"{row.in_both} of them in both groups; p is corrected over "
        f"{'all rows of the table' if within else 'the panels'} (Holm)."
    )
    if row.questions < questions:
        said += f" {questions - row.questions} more have nothing to be compared with{within}."
    return said


def _decimals(difference: float) -> int:
    """Enough of them to show two digits of the difference, and three at least."""
    size = abs(difference)
    if size == 0 or not math.isfinite(size):
        return 3
    return min(8, max(3, 1 - math.floor(math.log10(size))))


def _caution(smaller: int) -> list[str]:
    """How far the numbers carry, where that is not far."""
    if smaller >= SMALL:
        return []
    return [
        f"The smaller group has only {counted(smaller, 'question')}: "
        "read this as a description of this run, not as evidence."
    ]


def _no_contrast(n_correct: int, n_incorrect: int) -> str:
    """The sentence where one group, or both, are empty."""
    if n_correct == n_incorrect == 0:
        return "No response has both a verdict and this signal, so there is nothing to compare."
    there, n = ("correct", n_correct) if n_correct else ("incorrect", n_incorrect)
    return (
        f"Every response that could be used is {there} (n = {n} questions), so there is no "
        "contrast to show."
    )


def _counted(frame: pd.DataFrame) -> list[str]:
    """What was left out, where anything was."""
    left = {name: n for name, n in frame.attrs.get("left_out", {}).items() if n}
    if not left:
        return []
    words = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in left.items())
    return [f"Left out: {words}."]
