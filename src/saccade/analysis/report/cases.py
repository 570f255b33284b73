"""The typical responses that a report shows in full."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from saccade.analysis.labels import label
from saccade.analysis.measured import measured
from saccade.analysis.tables import Tables
from saccade.analysis.typical import one_question, typical
from saccade.errors import SaccadeError
from saccade.samples import Trace
from saccade.store import Source

BY = "visual_similarity"


def typical_cases(tables: Tables) -> list[tuple[str, Trace]]:
    """One correct and one incorrect response, each with why it was chosen."""
    return [(why, tables.run[int(row["response"])]) for why, row in typical_rows(tables.source)]


def paired_case(tables: Mapping[str, Tables]) -> tuple[str, list[Trace]]:
    """The answers to one question that a case study shows (see `one_question`), and why these."""
    why, answers = one_question({name: read.source for name, read in tables.items()})
    return why, [tables[name].run[int(row["response"])] for name, row in answers]


def typical_rows(source: Source) -> list[tuple[str, "pd.Series[Any]"]]:
    """What says which responses are typical, each with why.

    The one whose mean visual similarity is nearest the median of its kind, the first among equals;
    without that signal, the one whose length is.
    """
    try:
        column, what = measured(source, BY).signal, f"mean {label(BY).text}"
    except SaccadeError:
        column, what = None, "length"
    return [
        (
            f"A typical {'correct' if row['correct'] else 'incorrect'} response ({what} nearest "
            f"the median of {row['responses']})",
            row,
        )
        for _, row in typical(source, column, by_verdict=True).iterrows()
    ]
