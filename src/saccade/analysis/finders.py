"""FINDERS: which responses, and which places in them, are worth reading, and by which numbers.

A finder takes a run, or for most a table of its tokens, and returns rows with task, sample_id,
index, step and `response`, by which `run[response]` opens it, position where there is one, and the
value and the threshold that made it a find; the most remarkable first. Thresholds are quantiles of
the run itself, task by task, so none depends on a model's units. What asks for verdicts leaves out
tasks with too few of them (`attrs["few"]`). To add one: write it, and list it in FINDERS.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from saccade.errors import SaccadeError
from saccade.store import Run, Source, ask, column_of
from saccade.store.views import quoted

MOST = 100
"""Rows returned, unless told otherwise."""
_ALL = 2**31
"""More rows than there are: where tasks with few verdicts are then left out."""
FEWEST = 10
"""Judged responses that a task must have: the lowest tenth of fewer is no find."""

_JUDGED = "SELECT task, count(correct) AS n FROM tokens WHERE position = 0 GROUP BY task"

_RESPONSES = """
SELECT task, sample_id, index, step, response, value, threshold FROM (
    SELECT *, quantile_cont(value, {quantile}) OVER (PARTITION BY task) AS threshold
    FROM (
        SELECT any_value(task) AS task, any_value(sample_id) AS sample_id,
               any_value(index) AS index, any_value(step) AS step, response,
               any_value(correct) AS correct, avg({signal}) AS value
        FROM tokens GROUP BY response
    )
    WHERE correct IS NOT NULL AND value IS NOT NULL
)
"""
_LAST = ", response LIMIT {most}"
_LUCKY = f"{_RESPONSES} WHERE correct AND value <= threshold ORDER BY value{_LAST}"
_FAILED = f"{_RESPONSES} WHERE NOT correct AND value >= threshold ORDER BY value DESC{_LAST}"
_SPIKES = """
WITH thresholds AS (
    SELECT task, quantile_cont({signal}, {quantile}) AS threshold
    FROM tokens GROUP BY task
),
high AS MATERIALIZED (
    SELECT t.task, sample_id, index, step, response, position, token, {signal} AS value, threshold
    FROM tokens t JOIN thresholds h ON t.task IS NOT DISTINCT FROM h.task
    WHERE {signal} >= threshold
),
near AS MATERIALIZED (
    SELECT response, position, {signal} AS value
    FROM tokens
    SEMI JOIN (SELECT response, position + unnest([-1, 1]) AS position FROM high)
    USING (response, position)
    WHERE {signal} NOTNULL
)
SELECT h.task, h.sample_id, h.index, h.step, h.response, h.position, h.token, h.value,
       b.value AS before, h.threshold
FROM high h
JOIN near b ON b.response = h.response AND b.position = h.position - 1
LEFT JOIN near a ON a.response = h.response AND a.position = h.position + 1
WHERE h.value > b.value AND h.value >= coalesce(a.value, h.value)
ORDER BY h.value DESC, h.response, h.position LIMIT {most}
"""
_APART = r"[^\p{Latin}\p{Greek}\p{Cyrillic}\p{N}_]"
"""What may stand beside a phrase: `red` is not said in `considered`. Chinese has no such gaps."""
_NAMED = """
WITH phrases AS (
    SELECT DISTINCT id AS sample_id,
           lower(substr(solution, m.start + 1, m."end" - m.start)) AS phrase
    FROM (SELECT id, solution, unnest(mentions) AS m FROM samples)
),
placed AS (
    SELECT task, sample_id, index, step, response, position, correct, token, {signal} AS value,
           sum(len(token)) OVER (PARTITION BY response ORDER BY position) - len(token) AS start
    FROM tokens SEMI JOIN phrases USING (sample_id)
),
texts AS (
    SELECT response, sample_id, lower(string_agg(token, '' ORDER BY position)) AS text
    FROM placed GROUP BY ALL
),
found AS (
    SELECT response, phrase, len(regexp_extract(text, pattern, 1)) AS start
    FROM (
        SELECT response, text, phrase,
               '(?s)^((?:.*?{apart})??)' || regexp_escape(phrase) || '(?:{apart}|$)' AS pattern
        FROM texts JOIN phrases USING (sample_id)
    )
    WHERE regexp_matches(text, pattern)
),
namings AS (
    SELECT p.task, p.sample_id, p.index, p.step, response, min(p.position) AS position, phrase,
           any_value(p.correct) AS correct, avg(p.value) AS value
    FROM found f JOIN placed p USING (response)
    WHERE p.value NOTNULL
      AND p.start < f.start + len(phrase) AND p.start + len(p.token) > f.start
    GROUP BY ALL
)
SELECT task, sample_id, index, step, response, position, phrase, value, threshold FROM (
    SELECT *, quantile_cont(value, {quantile}) OVER (PARTITION BY task) AS threshold FROM namings
)
WHERE NOT correct AND value <= threshold
ORDER BY value, response, position, phrase LIMIT {most}
"""


def lucky_guesses(
    source: Source, *, signal: str = "kl", quantile: float = 0.1, most: int = MOST
) -> pd.DataFrame:
    """Right without looking: correct, and the mean signal among the lowest tenth of its task."""
    return _judged(source, _LUCKY, signal, quantile, most)


def looked_but_failed(
    source: Source, *, signal: str = "kl", quantile: float = 0.9, most: int = MOST
) -> pd.DataFrame:
    """Wrong although it looked: incorrect, the mean signal among the highest tenth of its task."""
    return _judged(source, _FAILED, signal, quantile, most)


def perception_failures(
    source: Source, *, signal: str = "kl", quantile: float = 0.1, most: int = MOST
) -> pd.DataFrame:
    """Wrong, and hardly looking where it first names a thing that the solution says to look at.

    Things to look at are the words that a sample's `mentions` mark in its worked solution, as in
    the lab's tasks. The signal's mean over the tokens of such words is held against all namings
    of the task, right and wrong. `position` is the first of these tokens, `phrase` the words.
    """
    if not isinstance(source, Run):
        raise SaccadeError(
            "Perception failures need what a run knows of its samples, and a table of tokens does "
            "not say it. Give the run itself: saccade.open_run(FOLDER)."
        )
    return _judged(source, _NAMED, signal, quantile, most)


def turning_points(
    source: Source, *, signal: str = "entropy", quantile: float = 0.99, most: int = MOST
) -> pd.DataFrame:
    """Tokens where the model was undecided all at once: peaks of entropy in the task's top 1 %.

    A peak is above the token before it (`before`) and not below the one after; a response's first
    token is none.
    """
    return _find(source, _SPIKES, signal, quantile, most)


@dataclass(frozen=True)
class Finder:
    """One kind of find."""

    name: str
    line: str
    """What it finds, in one line."""
    function: Callable[..., pd.DataFrame]


FINDERS: dict[str, Finder] = {
    finder.name: finder
    for finder in (
        Finder(
            "lucky_guesses",
            "Correct responses whose dependency on the image is among the lowest tenth of this"
            " task.",
            lucky_guesses,
        ),
        Finder(
            "looked_but_failed",
            "Incorrect responses whose dependency on the image is among the highest tenth of this"
            " task.",
            looked_but_failed,
        ),
        Finder(
            "perception_failures",
            "Incorrect responses that name what is to be seen and depend on the image there as"
            " little as the lowest tenth of this task's namings.",
            perception_failures,
        ),
        Finder(
            "turning_points",
            "Tokens at which the model was undecided all at once: peaks of entropy among the top"
            " 1 % of this task.",
            turning_points,
        ),
    )
}


def _judged(source: Source, query: str, signal: str, quantile: float, most: int) -> pd.DataFrame:
    """The same for a query about verdicts, without the tasks that have too few of them."""
    counts = ask(source, _JUDGED)
    few = counts[counts["n"] < FEWEST]
    if len(few) == len(counts):
        raise SaccadeError(
            f"A find is among a tenth of a task's responses, so a task must have {FEWEST} with a"
            f" verdict, but here none has more than {counts['n'].max()}. Roll out more of them."
        )
    found = _find(source, query, signal, quantile, most if few.empty else _ALL)
    kept = found[~found["task"].isin(few["task"])].head(most).reset_index(drop=True)
    kept.attrs |= {**found.attrs, "few": [str(task) for task in few["task"]]}
    return kept


def _find(source: Source, query: str, signal: str, quantile: float, most: int) -> pd.DataFrame:
    """The answer to one of the queries above; `attrs` names the signal's column."""
    if not 0 <= quantile <= 1:
        raise SaccadeError(f"quantile must be from 0 to 1; got {quantile!r}.")
    column = column_of(source, signal)
    settings = {"quantile": float(quantile), "most": int(most), "apart": _APART}
    found = ask(source, query.format(signal=quoted(column), **settings))
    found.attrs["signal"] = column
    return found
