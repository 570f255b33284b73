"""How far the signals agree on which tokens matter, within responses.

Only numbers here; `plots/agreement.py` draws them. Two measures for each pair of signals:
`spearman`, the rank correlation over a response's tokens, and `overlap`, the share of one's top K
tokens that are the other's too. Of a low log-probability the low end is the top. Tokens that lack
a signal are left out, and so are responses of fewer than three others.
"""

from itertools import combinations
from typing import Any

import pandas as pd

from saccade.analysis.figures import Finding
from saccade.analysis.intervals import interval_words, over_questions
from saccade.analysis.labels import label
from saccade.analysis.ranking import among_top, check_top, how_many, panel_title
from saccade.analysis.sources import clustered, present_signals
from saccade.errors import SaccadeError
from saccade.store import Source, ask
from saccade.store.views import quoted

MEASURES = ("spearman", "overlap")
MOST = 1000
"""Responses of a task that are ranked: enough for the second decimal, whatever the run's size."""

_RANKED = """
WITH chosen AS (
    SELECT response FROM tokens WHERE position = 0
    QUALIFY row_number() OVER (
        PARTITION BY task ORDER BY md5(concat_ws('/', step, sample_id, index))
    ) <= {most}
),
counted AS (
    SELECT *, count(*) OVER (PARTITION BY response) AS n
    FROM tokens SEMI JOIN chosen USING (response)
    WHERE {measured}
),
ranked AS (SELECT task, step, sample_id, index, response, n {ranks} FROM counted WHERE n >= 3)
SELECT task, sample_id, step, index, any_value({k} / n) AS chance {pairs}
FROM ranked GROUP BY task, sample_id, step, index ORDER BY ALL
"""
_RANKS = """,
    (rank() OVER (PARTITION BY response ORDER BY {column}) + n + 1
     - rank() OVER (PARTITION BY response ORDER BY {column} DESC)) / 2 AS rank_{number},
    row_number() OVER (PARTITION BY response ORDER BY {column} {top_first}, position)
        AS place_{number}"""
"""The mean of the ranks from below and from above is the rank with ties shared."""
_PAIR = """,
    corr(rank_{a}, rank_{b}) AS spearman_{a}_{b},
    count(*) FILTER ({top_a} AND {top_b}) / any_value({k}) AS overlap_{a}_{b}"""


def signal_agreement(source: Source, *, top: float = 0.2, most: int = MOST) -> pd.DataFrame:
    """Per task, measure and pair of signals: the mean over questions, with intervals.

    A question's value is the mean over its responses; `chance` is what unrelated signals would
    give. Of more than `most` responses to a task, as many are drawn, always the same ones. A
    correlation with a signal that is constant in a response does not exist and is left out.
    """
    check_top(top)
    signals = present_signals(source)
    pairs = list(combinations(range(len(signals)), 2))
    if not pairs:
        raise SaccadeError(f"Agreement needs two signals; this run has only {signals[0]!r}.")
    responses = ask(source, _query(signals, pairs, top=top, most=most))
    if responses.empty:
        raise SaccadeError(
            "No response has three tokens with every signal measured, so there are no ranks to "
            f"compare; the signals are {', '.join(signals)}."
        )
    items = clustered(_items(responses, signals, pairs), source)
    frame = over_questions(items, ["measure", "a", "b"])
    chance = responses.groupby("task")["chance"].mean()
    frame["chance"] = frame["task"].map(chance).where(frame["measure"] == "overlap", 0.0)
    frame.attrs = {"top": top, "signals": signals, "responses": len(responses)}
    return frame


def _query(signals: list[str], pairs: list[tuple[int, int]], *, top: float, most: int) -> str:
    """The whole question in SQL."""
    columns = [quoted(name) for name in signals]
    ends = ["ASC" if label(name).falls else "DESC" for name in signals]
    tops = [among_top(f"place_{number}", top) for number in range(len(signals))]
    k = how_many(top)
    return _RANKED.format(
        most=int(most),
        k=k,
        measured=" AND ".join(f"isfinite({column})" for column in columns),
        ranks="".join(
            _RANKS.format(column=column, number=number, top_first=end)
            for number, (column, end) in enumerate(zip(columns, ends, strict=True))
        ),
        pairs="".join(_PAIR.format(a=a, b=b, top_a=tops[a], top_b=tops[b], k=k) for a, b in pairs),
    )


def _items(
    responses: pd.DataFrame, signals: list[str], pairs: list[tuple[int, int]]
) -> pd.DataFrame:
    """One row per question, measure and pair."""
    parts = [
        responses[["task", "sample_id"]].assign(
            measure=measure, a=signals[a], b=signals[b], value=responses[f"{measure}_{a}_{b}"]
        )
        for measure in MEASURES
        for a, b in pairs
    ]
    keys = ["task", "sample_id", "measure", "a", "b"]
    return pd.concat(parts).groupby(keys, sort=False)["value"].mean().reset_index()


def describe_agreement(frame: pd.DataFrame) -> Finding:
    """The pairs that agree most and least, per task and measure."""
    ends = [
        end
        for _, part in frame.groupby(["task", "measure"], sort=False)
        for end in (
            part.nlargest(1, "mean").assign(agreement="most"),
            part.nsmallest(1, "mean").assign(agreement="least"),
        )
    ]
    numbers = pd.concat(ends, ignore_index=True)
    spearman = numbers[numbers["measure"] == "spearman"]
    tasks = [_words(str(task), part) for task, part in spearman.groupby("task", sort=False)]
    title = panel_title("top", frame.attrs.get("top", 0.2))
    count = frame.attrs.get("responses", 0)
    return Finding(
        f"Mean rank correlation of two signals within a response ({count} responses): "
        f"{'; '.join(tasks)}. Overlap is between the {title[0].lower()}{title[1:]}.",
        numbers,
    )


def _words(task: str, part: pd.DataFrame) -> str:
    """One task: the highest and the lowest."""
    most, least = (_pair_words(row) for row in part.itertuples(index=False))
    return f"in {task} from {least} to {most}"


def _pair_words(row: Any) -> str:
    """One pair of signals."""
    pair = f"{label(row.a).text} and {label(row.b).text}"
    return f"{pair} {row.mean:+.2f} {interval_words(row.low, row.high, '+.2f')}"
