"""Hidden shift of the tokens nearest the image, against that of the others (PEPO, figure 3).

Only numbers here; `plots/shift.py` draws them. In each response the K tokens of the highest
visual similarity are the top, what is left of it the rest. A question counts once, and only where
it has both.
"""

from typing import Any

import pandas as pd

from saccade.analysis.figures import Finding
from saccade.analysis.intervals import interval_words, over_questions, pooled
from saccade.analysis.labels import label
from saccade.analysis.ranking import among_top, check_top, panel_title
from saccade.analysis.sources import clustered
from saccade.errors import SaccadeError
from saccade.store import Source, ask, column_of
from saccade.store.views import quoted

PARTS = ("top", "rest", "difference")

_SHIFTS = """
WITH ranked AS (
    SELECT response, shift, row_number() OVER ranked AS place,
           count(*) OVER (ranked ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS n
    FROM (
        SELECT response, position, {similarity} AS similarity, {shift} AS shift
        FROM tokens WHERE isfinite({similarity}) AND isfinite({shift})
    )
    WINDOW ranked AS (PARTITION BY response ORDER BY similarity DESC, position)
),
responses AS (SELECT response, task, sample_id FROM tokens WHERE position = 0)
SELECT task, sample_id, part, sum(total) / sum(tokens) AS value
FROM (
    SELECT response, if({top}, 'top', 'rest') AS part, sum(shift) AS total, count(*) AS tokens
    FROM ranked GROUP BY ALL
)
JOIN responses USING (response) GROUP BY ALL ORDER BY ALL
"""


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
    check_top(top)
    names = {"similarity": column_of(source, similarity), "shift": column_of(source, shift)}
    columns = {name: quoted(column) for name, column in names.items()}
    items = ask(source, _SHIFTS.format(top=among_top("place", top), **columns))
    table = items.set_index(["task", "sample_id", "part"])["value"].unstack("part")
    both = table.reindex(columns=["top", "rest"]).dropna()
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
    counted = f" Left out: {left} questions without tokens of both kinds." if left else ""
    return Finding(said + "; ".join(tasks) + ". Intervals of 95 % over questions." + counted, frame)


def _task_words(task: str, rows: pd.DataFrame) -> str:
    """One task: both means, the ratio, and the difference with its interval."""
    row: Any = rows.set_index("part")
    top, rest = row.loc["top", "mean"], row.loc["rest", "mean"]
    times = f" ({top / rest:.2f} times as large)" if rest > 0 else ""
    return (
        f"{task} (n = {row.loc['top', 'n_questions']} questions) {top:.4f} and {rest:.4f}{times}, "
        f"a difference of {row.loc['difference', 'mean']:+.4f} "
        f"{interval_words(row.loc['difference', 'low'], row.loc['difference', 'high'], '+.4f')}"
    )
