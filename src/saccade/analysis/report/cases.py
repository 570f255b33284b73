"""The typical responses that a report shows in full."""

from typing import Any

import pandas as pd

from saccade.analysis.chosen import typical
from saccade.analysis.labels import label
from saccade.analysis.measured import measured
from saccade.errors import SaccadeError
from saccade.store import Source

BY = "visual_similarity"


def typical_cases(source: Source) -> list[tuple[str, "pd.Series[Any]"]]:
    """One correct and one incorrect response, each with why it was chosen.

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
