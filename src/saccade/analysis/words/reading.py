"""The tokens that words are joined from: of every response, or of many drawn from a large run."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from saccade.analysis.measured import finite
from saccade.store import Source, ask

MOST = 20_000
"""Responses that are read, whatever the run's size: Python has every one of their tokens."""

_TOKENS = """
WITH drawn AS (
    SELECT response FROM tokens WHERE position = 0
    ORDER BY md5(concat_ws('/', task, step, sample_id, index)) LIMIT {most}
)
SELECT task, sample_id, index, step, response, position, token {values}
FROM tokens SEMI JOIN drawn USING (response) ORDER BY response, position
"""


def read_tokens(source: Source, columns: Sequence[str], *, most: int = MOST) -> pd.DataFrame:
    """The tokens of up to `most` responses, in order, with these signals, missing as NaN.

    Of more responses as many are drawn, always the same ones; `attrs` has `read` and `responses`,
    how many were read of how many.
    """
    values = "".join(f', {finite(column)} AS "value_{n}"' for n, column in enumerate(columns))
    tokens = ask(source, _TOKENS.format(most=int(most), values=values))
    total = int(ask(source, "SELECT count(*) AS n FROM tokens WHERE position = 0")["n"].iloc[0])
    tokens.attrs = {"read": min(most, total), "responses": total}
    return tokens


def drawn_words(facts: "dict[Any, Any]") -> list[str]:
    """What was read, where that is not all."""
    if facts["read"] == facts["responses"]:
        return []
    return [f"Read of {facts['read']:,} responses drawn from {facts['responses']:,}."]
