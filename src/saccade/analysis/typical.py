"""Which responses are shown in full: chosen by rule, so that nobody picks them, and by SQL.

A rule gives rows that say which response (`response` is its number in the run) and its verdict;
the first of the run among equals.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from saccade.analysis.measured import exact, scored
from saccade.errors import SaccadeError
from saccade.store import Source, ask

if TYPE_CHECKING:
    Row = pd.Series[Any]
    Answers = tuple[str, list[tuple[str, Row]]]

QUESTION = ["task", "sample_id"]

_TYPICAL = """
SELECT * EXCLUDE (mean, middle) FROM (
    SELECT *, median(mean) OVER kind AS middle, count(*) OVER kind AS responses
    FROM (
        SELECT any_value(task) AS task, any_value(sample_id) AS sample_id,
               any_value(step) AS step, any_value(index) AS index, response,
               any_value(correct) AS correct, avg(value) AS mean
        FROM {tokens} GROUP BY response
    )
    WHERE {judged} WINDOW kind AS (PARTITION BY {kind})
)
QUALIFY row_number() OVER (PARTITION BY {kind} ORDER BY abs(mean - middle), response) = 1
ORDER BY correct DESC
"""
_RESPONSES = """
SELECT task, sample_id, step, index, response, correct FROM tokens WHERE position = 0
"""
_FIRST = f"""
SELECT * FROM ({_RESPONSES})
QUALIFY row_number() OVER (PARTITION BY task, sample_id ORDER BY response) = 1
ORDER BY response
"""
_BOTH_WAYS = f"""
SELECT *, count(*) OVER () // 2 AS questions FROM (
    SELECT *, min(response) OVER asked AS first,
           row_number() OVER (PARTITION BY task, sample_id, step, correct ORDER BY response) AS n,
           count(*) FILTER (correct) OVER asked AS n_right,
           count(*) FILTER (NOT correct) OVER asked AS n_wrong
    FROM ({_RESPONSES}) WINDOW asked AS (PARTITION BY task, sample_id, step)
)
WHERE n_right > 0 AND n_wrong > 0 AND n = 1 AND correct NOTNULL
ORDER BY first, correct DESC LIMIT 2
"""
_TOKENS = """
SELECT position, token, {value} AS value, correct FROM tokens WHERE response = {response}
ORDER BY position
"""


def typical(source: Source, column: str | None, *, by_verdict: bool = False) -> pd.DataFrame:
    """The response whose mean of `column` is nearest the median; without a column, its length.

    With `by_verdict` one correct and one incorrect response, each of its own kind's median.
    `responses` says among how many.
    """
    query = _TYPICAL.format(
        tokens="(SELECT *, length AS value FROM tokens)" if column is None else scored(column),
        judged="correct NOTNULL" if by_verdict else "true",
        kind="correct" if by_verdict else "true",
    )
    return ask(source, query)


def one_question(sources: Mapping[str, Source]) -> "Answers":
    """Why that question, and answers to it, each with its run's name.

    Of one run a correct and an incorrect answer; of several the first answer of each.
    """
    if len(sources) == 1:
        return _answered_both_ways(*next(iter(sources.items())))
    return _answered_by_all(sources)


def _answered_both_ways(name: str, source: Source) -> "Answers":
    """The first correct and the first incorrect response to the first question that has both."""
    found = ask(source, _BOTH_WAYS)
    if found.empty:
        raise SaccadeError(
            "No question of this run has both a correct and an incorrect response, so there are "
            "none to show beside each other; roll out several responses to each question (-n 8)."
        )
    why = (
        f"The first of {found['questions'].iloc[0]} questions that were answered both correctly "
        "and incorrectly."
    )
    return why, [(name, row) for _, row in found.iterrows()]


def _answered_by_all(sources: Mapping[str, Source]) -> "Answers":
    """The first question that the first run got wrong and the last right; else the first of all."""
    first = [ask(source, _FIRST).set_index(QUESTION, drop=False) for source in sources.values()]
    verdicts = pd.concat([rows["correct"] for rows in first], axis=1, join="inner")
    if verdicts.empty:
        raise SaccadeError(
            "These runs have no question in common, so no question shows them beside each other; "
            "run them on the same task and split."
        )
    truth = verdicts.astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    turned = verdicts.notna().all(axis=1).to_numpy() & ~truth[:, 0] & truth[:, -1]
    chosen = verdicts.index[int(turned.argmax())]
    why = (
        f"The first of {turned.sum()} questions, out of {len(verdicts)}, whose first response is "
        "wrong in the first run and right in the last."
        if turned.any()
        else f"The first of {len(verdicts)} questions answered by all; none turned right."
    )
    return why, [(name, rows.loc[chosen]) for name, rows in zip(sources, first, strict=True)]


def tokens_of(source: Source, response: int, column: str | None) -> pd.DataFrame:
    """The tokens of one response in order, with a signal as `value`."""
    value = "NULL::DOUBLE" if column is None else exact(column)
    return ask(source, _TOKENS.format(value=value, response=response))
