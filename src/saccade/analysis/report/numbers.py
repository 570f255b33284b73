"""A table as the page shows it: what matters first, short headings, no column that is empty."""

from typing import Any

import pandas as pd

FIRST = ("difference", "value", "low", "high", "p_holm", "p")
"""Of a table of tests, what follows the columns that name a row."""
SHORT = {
    "hedges_g": "g",
    "hedges_gz": "g",
    "cliffs_delta": "δ",
    "p_holm": "p Holm",
    "p_bh": "p BH",
    "n_questions": "questions",
}
"""Headings that would make a column wider than its numbers."""
VERDICTS = {"_incorrect": " ✗", "_correct": " ✓"}
"""How headings end, and the page's marks for it."""


def for_page(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table without empty columns, a table of tests with its answer in front."""
    full = [name for name in frame.columns if not _empty(frame[name])]
    if "p_holm" not in full:
        return frame[full]
    named = [name for name in full if name != "note" and frame[name].dtype.kind not in "iufb"]
    first = [name for name in FIRST if name in full and name not in named]
    return frame[[*named, *first, *(name for name in full if name not in {*named, *first})]]


def column(name: object) -> str:
    """The heading of a column."""
    words = str(name)
    for end, mark in VERDICTS.items():
        words = words.removesuffix(end) + mark if words.endswith(end) else words
    return SHORT.get(words, words.replace("_", " "))


def _empty(column: "pd.Series[Any]") -> bool:
    """Whether nothing stands in a column that has rows."""
    return len(column) > 0 and bool((column.isna() | (column == "")).all())
