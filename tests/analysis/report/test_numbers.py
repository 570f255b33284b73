"""Tables of the page: the answer in front, nothing empty."""

import numpy as np
import pandas as pd

from saccade.analysis.report.numbers import column, for_page


def test_a_table_of_tests_begins_with_its_answer() -> None:
    """After what names the row; whole columns of nothing are left out."""
    names = ["task", "before", "difference", "low", "high", "p", "measure", "note", "p_holm"]
    frame = pd.DataFrame([["a", 1.0, 2.0, np.nan, np.nan, 0.1, "kl", "", 0.2]], columns=names)
    assert list(for_page(frame)) == ["task", "measure", "difference", "p_holm", "p", "before"]
    frame = pd.concat([frame, frame.assign(note="few", low=1.0)])
    assert (
        list(for_page(frame))[2:4] == ["difference", "low"] and list(for_page(frame))[-1] == "note"
    )


def test_other_tables_keep_their_order() -> None:
    """And a table without rows its columns."""
    frame = pd.DataFrame({"position": [1], "value": [2.0], "token": ["x"], "none": [None]})
    assert list(for_page(frame)) == ["position", "value", "token"]
    assert list(for_page(frame.head(0))) == ["position", "value", "token", "none"]


def test_headings_are_short() -> None:
    """Verdicts are the marks that the page uses elsewhere."""
    names = ["n_correct", "mean_incorrect", "p_holm", "hedges_gz", "highest_at", "correct"]
    assert [column(name) for name in names] == [
        *("n ✓", "mean ✗", "p Holm", "g", "highest at", "correct"),
    ]
