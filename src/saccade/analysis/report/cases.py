"""Which responses a report shows in full: typical ones, by rule, so that nobody picks them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.labels import label
from saccade.analysis.tables import Tables
from saccade.samples import Trace

BY = "visual_similarity"
QUESTION = ["task", "sample_id"]
KEYS = ["task", "sample_id", "step", "index"]


def typical_cases(tables: Tables) -> list[tuple[str, Trace]]:
    """One correct and one incorrect response, each with why it was chosen.

    The one whose mean visual similarity is nearest the median of its kind, the first among equals;
    without that signal, the one whose length is.
    """
    responses, what = _responses(tables.tokens)
    cases = []
    for verdict, name in ((True, "correct"), (False, "incorrect")):
        rows = responses[responses["correct"] == verdict]
        if len(rows):
            distance = (rows["value"] - rows["value"].median()).abs().to_numpy()
            row = rows.iloc[int(distance.argmin())]
            title = f"A typical {name} response ({what} nearest the median of {len(rows)})"
            cases.append((title, tables.run[place_of(tables, row)]))
    return cases


def _responses(tokens: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """One row per judged response with the value that says how typical it is, and its name."""
    measured = BY in tokens and bool(np.isfinite(tokens[BY].astype("float64")).any())
    value = tokens[BY].astype("float64") if measured else tokens["length"]
    judged = tokens[[*KEYS, "correct"]].assign(value=value)
    judged = judged[judged["correct"].notna()].astype({"correct": bool})
    responses = judged.groupby([*KEYS, "correct"], sort=False)["value"].mean().reset_index()
    return responses[responses["value"].notna()], f"mean {label(BY).text}" if measured else "length"


def paired_case(tables: Mapping[str, Tables]) -> tuple[str, list[Trace]] | None:
    """The first question that the first run got wrong and the last one right, answered by each.

    Only each question's first response counts. Without such a question it is the first one that
    all runs answered; None where there is none.
    """
    first = {name: read.tokens.drop_duplicates(QUESTION) for name, read in tables.items()}
    verdicts = pd.concat(
        [rows.set_index(QUESTION)["correct"] for rows in first.values()], axis=1, join="inner"
    )
    if verdicts.empty:
        return None
    known = verdicts.notna().all(axis=1).to_numpy()
    truth = verdicts.astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    turned = known & ~truth[:, 0] & truth[:, -1]
    chosen = verdicts.index[int(turned.argmax())]
    why = (
        f"The first of {turned.sum()} questions, out of {len(verdicts)}, whose first response is "
        "wrong in the first run and right in the last."
        if turned.any()
        else f"The first of {len(verdicts)} questions answered by all; none turned right."
    )
    traces = []
    for name, read in tables.items():
        same = [(first[name][key] == value) for key, value in zip(QUESTION, chosen, strict=True)]
        row = first[name][np.logical_and.reduce(same)].iloc[0]
        traces.append(read.run[place_of(read, row)])
    return why, traces


def place_of(tables: Tables, row: "pd.Series[Any]") -> int:
    """Where in the run the response of one row of a table is: the tables are in the run's order."""
    rollouts = tables.rollouts
    same = np.logical_and.reduce([(rollouts[key] == row[key]).to_numpy() for key in KEYS])
    return int(np.flatnonzero(same)[0])
