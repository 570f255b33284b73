"""The tokens that words are joined from: of every response, or of many drawn from a large run."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.labels import counted
from saccade.analysis.measured import exact, unmeasured
from saccade.analysis.ranking import among_top
from saccade.analysis.sources import DRAWN, clustered, drawn
from saccade.errors import SaccadeError
from saccade.store import Source, ask

Among = Literal["response", "run"]
"""Where a token is among the top ones: in its response, or in all that is read."""

_TOKENS = """
WITH measured AS (
    SELECT response, position {values} FROM tokens SEMI JOIN ({drawn}) USING (response)
)
SELECT task, sample_id, index, step, token, m.*
FROM tokens JOIN (SELECT * {tops} FROM measured) m USING (response, position)
ORDER BY response, position
"""
"""Ranked before names are joined, so that these are not sorted too."""
_VALUE = ', {value} AS "value_{n}"'
_TOP = """, "value_{n}" NOTNULL AND {among_top} AS "top_{n}\""""
_PLACES = {
    "response": 'PARTITION BY response ORDER BY "value_{n}" DESC NULLS LAST, position',
    "run": 'ORDER BY "value_{n}" DESC NULLS LAST, response, position',
}
_WITHIN = {"response": "PARTITION BY response", "run": ""}


def read_tokens(
    source: Source,
    columns: Sequence[str],
    *,
    top: float | None = None,
    among: Among = "response",
    most: int = DRAWN,
) -> pd.DataFrame:
    """The tokens of up to `most` responses, in order, each signal as `value_0` and so on.

    With `top`, `top_0` says which are the top K by the first signal; the earlier of equal ones. Of
    more responses as many are drawn, always the same ones; `attrs` has `read` and `responses`, how
    many were read of how many.
    """
    values = "".join(_VALUE.format(value=exact(name), n=n) for n, name in enumerate(columns))
    tops = "" if top is None else "".join(_top(n, top, among) for n in range(len(columns)))
    tokens = ask(source, _TOKENS.format(drawn=drawn(most), values=values, tops=tops))
    total = int(ask(source, "SELECT count(*) AS n FROM tokens WHERE position = 0")["n"].iloc[0])
    tokens.attrs = {"read": min(most, total), "responses": total}
    if top is not None and among == "run":
        _check_others(tokens, columns)
    return tokens


def _check_others(tokens: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refused where all tokens of the run are its top tokens."""
    for n, name in enumerate(columns):
        scored = tokens[f"value_{n}"].notna()
        if not scored.any():
            raise unmeasured(name)
        if tokens.loc[scored, f"top_{n}"].all():
            raise SaccadeError(
                f"The top tokens of a run are held against its others, but it has only "
                f"{counted(int(scored.sum()), 'token')} with {name}, and all are among the top; "
                "roll out more questions."
            )


def _top(n: int, top: float, among: Among) -> str:
    """SQL for whether a token is among the top K by its n-th signal."""
    place = f"row_number() OVER ({_PLACES[among].format(n=n)})"
    scored = f'count("value_{n}") OVER ({_WITHIN[among]})'
    return _TOP.format(n=n, among_top=among_top(place, top, n=scored))


def units_of(tokens: pd.DataFrame, source: Source) -> NDArray[np.int64]:
    """Of each token the number of its question, or of the questions that share its image."""
    items = clustered(tokens[["task", "sample_id"]], source)
    keys = ["cluster"] if "cluster" in items else ["task", "sample_id"]
    units = items.groupby(keys, sort=False, dropna=False).ngroup()
    return units.to_numpy().astype(np.int64)


def drawn_words(facts: "dict[Any, Any]") -> list[str]:
    """What was read, where that is not all."""
    if facts["read"] == facts["responses"]:
        return []
    return [f"Read of {facts['read']:,} responses drawn from {facts['responses']:,}."]
