"""How much of a signal there is, and of how many responses: asked before anything is computed."""

from dataclasses import asdict, dataclass
from typing import Any

from saccade.errors import SaccadeError
from saccade.store import Source, ask, column_of
from saccade.store.views import quoted


@dataclass(frozen=True)
class Measured:
    """One signal in one run: its column, its finite values, and what lacks one."""

    signal: str
    tokens: int
    """Tokens that have a finite value."""
    missing: int
    """Tokens that have none."""
    responses: int
    """Responses with at least one value."""
    low: float
    high: float
    mean: float

    @property
    def facts(self) -> dict[Any, Any]:
        """The same as a dictionary, for a frame's `attrs`."""
        return asdict(self)


def measured(source: Source, signal: str) -> Measured:
    """What there is of a signal; refused where no token has it."""
    column = column_of(source, signal)
    row = ask(source, _TOTALS.format(value=exact(column))).iloc[0]
    if not row["responses"]:
        raise unmeasured(column)
    counts = (int(row[name]) for name in ("tokens", "missing", "responses"))
    return Measured(column, *counts, *(float(row[name]) for name in ("low", "high", "mean")))


_TOTALS = """
SELECT count(*) FILTER (n > 0) AS responses, coalesce(sum(n), 0) AS tokens,
       coalesce(sum(all_tokens - n), 0) AS missing,
       min(low) AS low, max(high) AS high, sum(total) / sum(n) AS mean
FROM (
    SELECT count(value) AS n, count(*) AS all_tokens, min(value) AS low, max(value) AS high,
           sum(value) AS total
    FROM (SELECT *, {value} AS value FROM tokens)
    GROUP BY response
)
"""


def unmeasured(column: str) -> SaccadeError:
    """What is said of a signal that no token has."""
    return SaccadeError(
        f"No token of this run has a number for {column}, so there is nothing to draw; "
        "`saccade doctor MODEL` says what can be measured on a model."
    )


def exact(column: str) -> str:
    """SQL for a signal's value, to be reckoned with as a float64."""
    return f"{quoted(column)}::DOUBLE"


def scored(column: str) -> str:
    """SQL for the tokens that have this signal, with it as `value`."""
    return f"(SELECT *, {exact(column)} AS value FROM tokens WHERE {quoted(column)} NOTNULL)"
