"""Which responses a report shows in full: typical ones, by rule, so that nobody picks them."""

import numpy as np
import pandas as pd

from saccade.analysis.tables import RunLike
from saccade.samples import Trace

BY = "visual_similarity"


def typical_cases(run: RunLike, tokens: pd.DataFrame) -> list[tuple[str, Trace]]:
    """One correct and one incorrect response, each with why it was chosen.

    The one whose mean visual similarity is nearest the median of its kind, the first among equals;
    without that signal, the one whose length is.
    """
    keys = [key for key in ("task", "sample_id", "step", "index") if key in tokens]
    measured = BY in tokens and bool(tokens[BY].notna().any())
    what = "mean visual similarity" if measured else "length"
    value = tokens[BY].astype("float64") if measured else pd.Series(1.0, index=tokens.index)
    table = tokens[[*keys, "correct"]].assign(value=value)
    grouped = table.groupby([*keys, "correct"], sort=False, dropna=True)["value"]
    responses = (grouped.mean() if measured else grouped.sum()).reset_index()
    responses = responses[np.isfinite(responses["value"])]
    cases = []
    for verdict, name in ((True, "correct"), (False, "incorrect")):
        rows = responses[responses["correct"].astype(bool) == verdict]
        if len(rows):
            row = rows.loc[(rows["value"] - rows["value"].median()).abs().idxmin()]
            title = f"A typical {name} response ({what} nearest the median of {len(rows)})"
            cases.append((title, find_trace(run, row, keys)))
    return cases


def find_trace(run: RunLike, row: "pd.Series[object]", keys: list[str]) -> Trace:
    """The trace of one row of a table."""
    wanted = tuple(row[key] for key in keys)
    for place in range(len(run)):
        trace = run[place]
        rollout = trace.rollout
        known = {
            "task": trace.sample.task,
            "sample_id": rollout.sample_id,
            "step": rollout.step,
            "index": rollout.index,
        }
        if tuple(known[key] for key in keys) == wanted:
            return trace
    raise AssertionError(f"the run's tokens name a response it does not hold: {wanted}")
