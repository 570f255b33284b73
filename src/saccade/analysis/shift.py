"""Hidden shift of the tokens nearest the image, against that of the others (PEPO, figure 3).

Only numbers here; `plots/shift.py` draws them. In each response the K tokens of the highest
visual similarity are the top, what is left of it the rest. A question counts once, and only where
it has both.
"""

from typing import Any

import pandas as pd

from saccade.analysis.figure import Finding
from saccade.analysis.intervals import interval_words, intervals_told, over_questions, pooled
from saccade.analysis.labels import counted, label
from saccade.analysis.ranking import check_top, how_many, panel_title
from saccade.analysis.sources import clustered
from saccade.errors import SaccadeError
from saccade.store import Source, ask, column_of
from saccade.store.views import quoted

PARTS = ("top", "rest", "difference")

_SHIFTS = """
WITH scored AS (
    SELECT task, sample_id, response, position, {similarity} AS similarity, {shift}::DOUBLE AS shift
    FROM tokens WHERE {similarity} NOTNULL AND {shift} NOTNULL
),
counts AS (
    SELECT response, n, ({k})::BIGINT AS k
    FROM (SELECT response, count(*) AS n FROM scored GROUP BY response)
),
cuts AS MATERIALIZED (
    SELECT response, any_value(n) AS n, any_value(k) AS k, max(similarity, k)[-1] AS cut
    FROM scored JOIN counts USING (response) GROUP BY response
),
responses AS (
    SELECT any_value(task) AS task, any_value(sample_id) AS sample_id,
           any_value(n) AS n, any_value(k) AS k, sum(shift) AS total,
           coalesce(sum(shift) FILTER (similarity > cut), 0) AS above,
           count(*) FILTER (similarity > cut) AS n_above,
           list(shift ORDER BY position) FILTER (similarity = cut) AS ties
    FROM scored JOIN cuts USING (response) GROUP BY response
)
SELECT task, sample_id, sum(top) / sum(k) AS top,
       sum(total - top) / nullif(sum(n - k), 0) AS rest
FROM (SELECT *, above + list_sum(ties[:k - n_above]) AS top FROM responses)
GROUP BY task, sample_id ORDER BY ALL
"""
"""The K-th highest similarity parts the tokens; of equal ones the earlier are above. A window that
ranks all tokens, or a sort of each response's, would say the same at twice the cost. The K of
`max(similarity, k)` is each response's own; kept apart, so that it is not computed twice."""


def shift_by_similarity(
    source: Source,
    *,
    top: float = 0.2,
    similarity: str = "visual_similarity",
    shift: str = "hidden_shift",
) -> pd.DataFrame:
    """Mean shift over questions of top and other tokens and of their difference, with intervals.

    `top` is K: a share of each response's tokens as a float (rounded up), or a number of tokens
    as an int. A question's value is the mean over its pooled tokens, its difference is within it.
    One row per task and part; of several tasks also `all tasks`.
    """
    top = check_top(top)
    names = {"similarity": column_of(source, similarity), "shift": column_of(source, shift)}
    columns = {name: quoted(column) for name, column in names.items()}
    table = ask(source, _SHIFTS.format(k=how_many(top), **columns))
    both = table.set_index(["task", "sample_id"]).dropna()
    if both.empty:
        raise SaccadeError(
            f"No question has tokens among the top and others with {names['similarity']} and "
            f"{names['shift']} measured, so there is nothing to compare; top was {top}."
        )
    both = both.assign(difference=both["top"] - both["rest"])
    rows = both.melt(var_name="part", value_name="value", ignore_index=False).reset_index()
    rows = clustered(rows, source)
    rows["part"] = pd.Categorical(rows["part"], PARTS, ordered=True)
    tasks = [rows] if rows["task"].nunique() < 2 else [rows, pooled(rows)]
    frame = pd.concat([over_questions(each, ["part"]) for each in tasks], ignore_index=True)
    frame.attrs = {
        "similarity": names["similarity"],
        "shift": names["shift"],
        "top": top,
        "questions_left_out": len(table) - len(both),
    }
    return frame.astype({"part": str})


def describe_shift(frame: pd.DataFrame) -> Finding:
    """How many times larger, by how much, and whether the interval of that holds zero."""
    name = label(frame.attrs.get("shift", "hidden_shift")).text
    tasks = [_task_words(str(task), rows) for task, rows in frame.groupby("task", sort=False)]
    title = panel_title("top", frame.attrs.get("top", 0.2))
    what = f"{title[0].lower()}{title[1:]}"
    said = f"Mean {name} of the {what} by visual similarity against the others: "
    left = frame.attrs.get("questions_left_out", 0)
    out = f" Left out: {counted(left, 'question')} without tokens of both kinds." if left else ""
    return Finding(f"{said}{'; '.join(tasks)}. {intervals_told(frame)}{out}", frame)


def _task_words(task: str, rows: pd.DataFrame) -> str:
    """One task: both means, the ratio, and the difference with its interval."""
    row: Any = rows.set_index("part")
    top, rest = row.loc["top", "mean"], row.loc["rest", "mean"]
    times = f" ({top / rest:.2f} times as large)" if rest > 0 else ""
    return (
        f"{task} (n = {counted(row.loc['top', 'n_questions'], 'question')}) {top:.4f} and "
        f"{rest:.4f}{times}, a difference of {row.loc['difference', 'mean']:+.4f} "
        f"{interval_words(row.loc['difference', 'low'], row.loc['difference', 'high'], '+.4f')}"
    )
