"""Asking a run, or a table of tokens that came from one: the same SELECT answers either way.

What is computed of a hundred thousand responses is best computed where they lie. So the analysis
asks in SQL for what it needs, a histogram, a mean per question, and never holds all tokens.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.types import is_float_dtype

from saccade.errors import SaccadeError
from saccade.samples import signal_column
from saccade.store.reader import Run
from saccade.store.views import check_select, finite, frame

if TYPE_CHECKING:
    import duckdb

_RESPONSE = ["task", "step", "sample_id", "index"]
"""What names a response in a table that does not number them."""

_DEFAULTS: dict[str, Any] = {"task": "", "step": 0}

Source = Run | pd.DataFrame
"""A run, or a table with the columns of `Run.tokens`, which is then the only view."""


def ask(source: Source, query: str) -> pd.DataFrame:
    """The answer to one SELECT over the views of a run (see `Run.sql`), or over `tokens`."""
    if isinstance(source, Run):
        return source.sql(query)
    _check(source)
    check_select(query)
    connection = _holding(source)
    try:
        return frame(connection.sql(query).to_arrow_table())
    finally:
        connection.close()


def signals_of(source: Source) -> Sequence[str]:
    """The columns in which signals may be."""
    _check(source)
    return source.signals if isinstance(source, Run) else list(map(str, source.columns))


def _check(source: object) -> None:
    """Refuse what can be asked nothing, such as a folder's name."""
    if not isinstance(source, Run | pd.DataFrame):
        raise SaccadeError(
            "Figures are computed from a run or from a table of its tokens; got "
            f"{type(source).__name__} {str(source)[:60]!r}. A folder is opened first:"
            " saccade.open_run(FOLDER)."
        )


def column_of(source: Source, signal: str) -> str:
    """The signal's column (`kl` is `kl.blind`); or that it is missing, and what to do about it."""
    column = signal_column(signal, signals_of(source))
    if column is None:
        name, ablation, spread = (*signal.split("."), "", "")[:3]
        words = (f" --ablation {ablation}" if ablation else "") + (" --draws 4" if spread else "")
        raise SaccadeError(
            f"This run has no signal {signal!r}, and a run keeps the signals it was probed with. "
            "Measure it in another folder: "
            f"`saccade trace MODEL TASK --signals {name}{words} --out ANOTHER`."
        )
    return column


def _holding(tokens: pd.DataFrame) -> "duckdb.DuckDBPyConnection":
    """A connection that sees this table, and nothing else of the machine."""
    import duckdb

    connection = duckdb.connect(":memory:")
    whole = _whole(tokens)
    numbers = finite([str(name) for name, kind in whole.dtypes.items() if is_float_dtype(kind)])
    connection.register("_tokens", whole)
    connection.execute(f"CREATE VIEW tokens AS SELECT {numbers} FROM _tokens")
    connection.execute("SET enable_external_access = false; SET lock_configuration = true")
    return connection


def _whole(tokens: pd.DataFrame) -> pd.DataFrame:
    """The table with a number for each response, and with a task and a step if it says none."""
    missing = [name for name in ("sample_id", "index", "correct") if name not in tokens]
    if missing:
        raise SaccadeError(
            f"A table of tokens has the columns sample_id, index and correct; {missing} missing. "
            "Take it from run.tokens()."
        )
    known = {name: default for name, default in _DEFAULTS.items() if name not in tokens}
    whole = tokens.assign(**known)
    if "response" not in whole:
        whole["response"] = whole.groupby(_RESPONSE, sort=False, dropna=False).ngroup()
    return whole
