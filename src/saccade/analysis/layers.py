"""A signal at every hidden state, correct against incorrect, from the optional maps of layers.

Only numbers here; `plots/profiles.py` draws them. Tasks stay apart: they differ in accuracy and in
similarity, and together they would show a difference between verdicts that is one between tasks.
"""

from typing import Any

import pandas as pd

from saccade.analysis.figure import Finding
from saccade.analysis.intervals import intervals_told, over_questions
from saccade.analysis.labels import counted, label
from saccade.analysis.sources import clustered
from saccade.errors import SaccadeError
from saccade.samples import signal_column
from saccade.store import Run, Source, ask
from saccade.store.views import quoted

_STATES = """
SELECT task, sample_id, correct, layer, sum(list_sum(states)) / sum(len(states)) AS value
FROM (
    SELECT s.task, t.sample_id, r.correct, unnest({column}) AS states,
           generate_subscripts({column}, 1) - 1 AS layer
    FROM traces t
    JOIN rollouts r USING (step, sample_id, index)
    JOIN samples s ON s.id = t.sample_id
    WHERE r.correct IS NOT NULL
)
WHERE isfinite(list_sum(states))
GROUP BY ALL ORDER BY ALL
"""


def layer_profiles(source: Source, *, signal: str = "visual_similarity") -> pd.DataFrame:
    """Mean signal over questions per task, hidden state and verdict, with intervals.

    State 0 is the embeddings. A question's value is the mean over the pooled tokens of its
    responses with that verdict; a response with a missing number at a state is left out there.
    """
    column = _column(source, signal)
    items = ask(source, _STATES.format(column=quoted(f"layers.{column}")))
    if items.empty:
        raise SaccadeError(
            f"No response has both a verdict and a map of {column!r} by layer, so there is no "
            "profile to draw."
        )
    frame = over_questions(clustered(items, source), ["layer", "correct"])
    frame.attrs["signal"] = column
    return frame


def _column(source: Source, signal: str) -> str:
    """The signal whose map is there; or how to record it."""
    known = ask(source, "SELECT * FROM traces LIMIT 0") if isinstance(source, Run) else ()
    names = [str(name) for name in known]
    maps = [name.removeprefix("layers.") for name in names if name.startswith("layers.")]
    found = signal_column(signal, maps)
    if found is None:
        raise SaccadeError(
            f"This has no map of {signal!r} by layer; only a run that was recorded with maps has. "
            "Record one in another folder: "
            f"`saccade trace MODEL TASK --signals {signal.partition('.')[0]} --maps layers "
            "--out ANOTHER`."
        )
    return found


def describe_layers(frame: pd.DataFrame) -> Finding:
    """Where the two verdicts lie furthest apart, per task."""
    numbers = pd.DataFrame([_furthest(rows) for _, rows in frame.groupby("task", sort=False)])
    name = label(frame.attrs.get("signal", "visual_similarity")).text
    said = " ".join(_task_words(row, name) for row in numbers.itertuples())
    return Finding(f"{said} {intervals_told(frame)} No test is given.", numbers)


def _furthest(rows: pd.DataFrame) -> dict[str, Any]:
    """The state of the largest difference between the means, and what it is there."""
    means = rows.pivot(index="layer", columns="correct", values="mean")
    counts = rows.groupby("correct")["n_questions"].max()
    correct, incorrect = (
        means.get(verdict, means.iloc[:, 0] * float("nan")) for verdict in (True, False)
    )
    gap = (correct - incorrect).dropna()
    place: Any = gap.abs().idxmax() if len(gap) else means.index[0]
    return {
        "task": rows["task"].iloc[0],
        "layer": int(place),
        "states": len(means),
        "mean_correct": float(correct[place]),
        "mean_incorrect": float(incorrect[place]),
        "difference": float(correct[place] - incorrect[place]),
        "n_correct": int(counts.get(True, 0)),
        "n_incorrect": int(counts.get(False, 0)),
    }


def _task_words(row: Any, name: str) -> str:
    """One task."""
    if min(row.n_correct, row.n_incorrect) == 0:
        only = "correct" if row.n_correct else "incorrect"
        return f"{row.task}: every response is {only}, so there is no contrast."
    return (
        f"{row.task}: {name} differs most at state {row.layer} of 0 to {row.states - 1}, "
        f"{row.mean_correct:.4f} where correct (n = {counted(row.n_correct, 'question')}) and "
        f"{row.mean_incorrect:.4f} where incorrect (n = {row.n_incorrect}), "
        f"a difference of {row.difference:+.4f}."
    )
