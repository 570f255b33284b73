"""A run's Parquet parts as DuckDB views: `samples`, `rollouts`, `traces`, `skipped`, `tokens`.

Nothing is loaded: a query reads the columns it names. What the user may ask is one SELECT over
this folder; DuckDB is told to touch no other file and to write none.

DuckDB is imported inside functions: what `typing.overload` keeps alive to the very end must not
reach it, or it complains on standard error as the program exits.
"""

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from saccade.errors import SaccadeError
from saccade.store.schema import TABLES, arrow_schema

if TYPE_CHECKING:
    import duckdb

Columns = Mapping[Path, Sequence[str]]
"""The parts of a table in order, with the columns of each."""

_PLACE = pa.schema([("filename", pa.string()), ("file_row_number", pa.int64())])
"""What DuckDB adds to every row read: its part, and its row there."""

_ROWS = """
CREATE TABLE _rows AS
SELECT step, sample_id, index, correct, task,
       s.filename AS sample_part, s.file_row_number AS sample_row,
       r.filename AS rollout_part, r.file_row_number AS rollout_row,
       t.filename AS trace_part, t.file_row_number AS trace_row,
       row_number() OVER (ORDER BY step, s.filename, s.file_row_number, index) - 1 AS row
FROM _rollouts r
JOIN _samples s ON s.id = r.sample_id
LEFT JOIN _traces t USING (step, sample_id, index)
"""
"""Every response with its sample: the order of the run, and where to read each."""

_TOKENS = """
CREATE VIEW tokens AS
SELECT {numbers} FROM (
SELECT task, sample_id, index, step, response, (p - 1)::INTEGER AS position, length,
       tokens[p] AS token, response_ids[p] AS token_id, correct {signals}
FROM (
    SELECT t.*, r.response_ids, o.correct, o.task, o.row::INTEGER AS response,
           len(t.tokens)::INTEGER AS length, unnest(range(1, len(t.tokens) + 1)) AS p
    FROM traces t
    JOIN rollouts r USING (step, sample_id, index)
    JOIN _rows o USING (step, sample_id, index)
))
"""
"""One row per token. Only the place is unnested, so that unread columns stay unread."""

_NAMES = """
CREATE TYPE _task AS ENUM (SELECT DISTINCT task FROM _rows WHERE task NOTNULL ORDER BY task);
CREATE TYPE _sample AS ENUM (SELECT DISTINCT sample_id FROM _rows ORDER BY sample_id);
CREATE TYPE _token AS ENUM (
    SELECT DISTINCT token FROM (SELECT unnest(tokens) AS token FROM traces)
    WHERE token NOTNULL ORDER BY token
)
"""
"""Each name once; a token then holds its number. Numbered in order, so that they sort alike."""

_HELD = """
CREATE TABLE _tokens AS
SELECT {numbers} FROM (
SELECT o.task, o.name AS sample_id, index, step, response,
       (generate_subscripts(t.tokens, 1) - 1)::INTEGER AS position,
       len(t.tokens)::INTEGER AS length, unnest(t.tokens::_token[]) AS token,
       unnest(r.response_ids) AS token_id, o.correct {signals}
FROM traces t
JOIN rollouts r USING (step, sample_id, index)
JOIN (
    SELECT step, sample_id, index, row::INTEGER AS response, correct,
           task::_task AS task, sample_id::_sample AS name
    FROM _rows
) o USING (step, sample_id, index));
CREATE OR REPLACE VIEW tokens AS FROM _tokens
"""
"""The same rows, read once and kept."""


class UnansweredError(SaccadeError):
    """DuckDB gave no answer: because the query is a mistake, or because a file is damaged."""

    def __init__(self, reason: str, *, mistake: bool) -> None:
        super().__init__(f"DuckDB cannot answer: {reason}")
        self.mistake = mistake


@contextmanager
def _answering() -> Iterator[None]:
    import duckdb

    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        raise UnansweredError(str(error), mistake=True) from error
    except duckdb.Error as error:
        raise UnansweredError(str(error), mistake=False) from error


def connect(
    folder: Path, parts: Mapping[str, Columns], signals: Sequence[str]
) -> "duckdb.DuckDBPyConnection":
    """A connection that sees the run's views, and nothing else of the machine."""
    import duckdb

    connection = duckdb.connect(":memory:")
    with _answering():
        for table in TABLES:
            _create_view(connection, table, parts[table])
        columns = "".join(f", {quoted(name)}[p] AS {quoted(name)}" for name in signals)
        connection.execute(_ROWS)
        connection.execute(_TOKENS.format(numbers=finite(signals), signals=columns))
        _lock_down(connection, folder)
    return connection


def ask(connection: "duckdb.DuckDBPyConnection", query: str) -> pd.DataFrame:
    """The answer to a query. A cursor of its own, so that threads may ask at once."""
    with _answering():
        return frame(connection.cursor().sql(query).to_arrow_table())


def hold(connection: "duckdb.DuckDBPyConnection", signals: Sequence[str]) -> None:
    """Keep the rows of `tokens` in memory, some 50 bytes each, for many questions about them."""
    columns = "".join(f", unnest(t.{quoted(name)}) AS {quoted(name)}" for name in signals)
    with _answering():
        connection.execute(_NAMES)
        connection.execute(_HELD.format(numbers=finite(signals), signals=columns))


def check_select(query: str) -> None:
    """Refuse anything but one SELECT: a run is read, never changed."""
    import duckdb

    with _answering():
        kinds = [statement.type for statement in duckdb.extract_statements(query)]
    if kinds != [duckdb.StatementType.SELECT]:
        raise SaccadeError(
            f"A run answers one SELECT statement; got {len(kinds)} statement(s): {query[:80]!r}."
        )


def quoted(name: str) -> str:
    """A column name as SQL writes it: signal names hold dots."""
    return '"' + name.replace('"', '""') + '"'


def finite(signals: Collection[str]) -> str:
    """SQL for all columns, a signal that is no finite number as NULL: then no query can trip."""
    checked = (
        f"CASE WHEN isfinite({name}) THEN {name} END AS {name}" for name in map(quoted, signals)
    )
    return f"* REPLACE ({', '.join(checked)})" if signals else "*"


def literal(text: str) -> str:
    """A string as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as pandas; truth values stay truth values where some are missing."""
    table = table.cast(pa.schema([_spelt_out(field) for field in table.schema]))
    whole: pd.DataFrame = table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    complete = [
        name for name, kind in whole.dtypes.items() if kind == "boolean" and not whole[name].hasnans
    ]
    return whole.astype(dict.fromkeys(complete, bool))


def _spelt_out(field: pa.Field) -> pa.Field:
    """Names as names, where they are held as numbers."""
    kind = field.type
    return field.with_type(kind.value_type) if pa.types.is_dictionary(kind) else field


def _create_view(connection: "duckdb.DuckDBPyConnection", table: str, parts: Columns) -> None:
    """`_<table>` knows where each row lies, `<table>` is the documented columns alone.

    Uniting columns by name reads the end of every part once more, so only where they differ.
    """
    if parts:
        names = ", ".join(literal(str(path)) for path in parts)
        differ = len({frozenset(columns) for columns in parts.values()}) > 1
        connection.execute(
            f"CREATE VIEW _{table} AS FROM read_parquet([{names}], union_by_name = {differ}, "
            "hive_partitioning = false, filename = true, file_row_number = true)"
        )
    else:
        empty = pa.schema([*arrow_schema(table), *_PLACE]).empty_table()
        connection.from_arrow(empty).create(f"_{table}")
    connection.execute(
        f"CREATE VIEW {table} AS SELECT * EXCLUDE (filename, file_row_number) FROM _{table}"
    )


def _lock_down(connection: "duckdb.DuckDBPyConnection", folder: Path) -> None:
    """No files but the run's, no Python variables, no way to change that.

    DuckDB opens its spill folder to queries too, so that folder is one of its own.
    """
    spill = Path(tempfile.gettempdir()) / f"saccade-{os.getpid()}"
    for setting in (
        f"temp_directory = {literal(str(spill))}",
        "python_enable_replacements = false",
        f"allowed_directories = [{literal(str(folder))}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
