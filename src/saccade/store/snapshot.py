"""A run folder at one moment: which parts are there, which are damaged, where rows lie."""

from collections.abc import Container, Iterator
from functools import cached_property, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from saccade.errors import SaccadeError
from saccade.store.files import UNREADABLE, Broken, open_part, parts, read_through
from saccade.store.schema import NESTED, TABLES, measured_names
from saccade.store.views import ask, connect, hold

if TYPE_CHECKING:
    import duckdb


SHORT = 100
"""Rows of an answer that is kept, for the next figure that asks the same."""


class Snapshot:
    """The parts of a run and a DuckDB connection over them.

    Opening checks the end of every part, where Parquet keeps its index; that finds files cut
    short. Every page of the tables in `deep` is read against its checksum, which finds the rest.
    """

    def __init__(self, folder: Path, *, deep: Container[str] = ()) -> None:
        self.folder = folder
        self.broken: list[Broken] = []
        self.parts: dict[str, dict[Path, list[str]]] = {table: {} for table in TABLES}
        for table, path in _all_parts(folder):
            try:
                self.parts[table][path] = _columns(path, deep=table in deep)
            except UNREADABLE as error:
                self.broken.append(Broken(path, str(error).splitlines()[0]))
        names = dict.fromkeys(name for part in self.parts["traces"].values() for name in part)
        self.signals = tuple(n for n in measured_names(names) if not n.startswith(NESTED))
        self._known: dict[str, pd.DataFrame] = {}
        self._check_something_left()

    def ask(self, query: str) -> pd.DataFrame:
        """The answer to a query. While tokens are held, short answers are kept with them."""
        if query not in self._known:
            answer = ask(self.connection, query)
            if "held" not in vars(self) or len(answer) > SHORT:
                return answer
            self._known[query] = answer
        return self._known[query].copy()

    @cached_property
    def connection(self) -> "duckdb.DuckDBPyConnection":
        """Sees the run's views, and nothing else."""
        return connect(self.folder, self.parts, self.signals)

    @cached_property
    def held(self) -> bool:
        """Once asked for: the rows of `tokens` are kept in memory."""
        hold(self.connection, self.signals)
        return True

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Every response in the run's order and where it lies; in SQL the table `_rows`."""
        return self.ask("SELECT * FROM _rows ORDER BY row")

    @cached_property
    def sample_places(self) -> dict[str, tuple[Path, int]]:
        """By sample id, in the run's order: its part, and its row there."""
        found = self.ask(
            "SELECT id, filename, file_row_number FROM _samples ORDER BY filename, file_row_number"
        )
        return {name: (Path(part), row) for name, part, row in found.itertuples(index=False)}

    @cached_property
    def rows_of(self) -> "RowReader":
        """Reads single rows."""
        return RowReader()

    def _check_something_left(self) -> None:
        damaged = [broken for broken in self.broken if broken.path.parent.name == "rollouts"]
        if damaged and not self.parts["rollouts"]:
            raise SaccadeError(
                f"{self.folder} has no readable rollouts: {damaged[0].path.name} is damaged "
                f"({damaged[0].reason}). Roll out again: what is damaged is done anew."
            )


class RowReader:
    """Single rows out of parts: reads the row group around each and keeps the last few."""

    def __init__(self) -> None:
        self._ends = lru_cache(maxsize=4096)(_group_ends)
        self._group = lru_cache(maxsize=8)(_read_group)

    def row(self, path: Path, number: int) -> dict[str, pa.Scalar]:
        """One row as Arrow scalars by column."""
        ends = self._ends(path)
        group = next(group for group, end in enumerate(ends) if number < end)
        table = self._group(path, group)
        place = number - ends[group] + table.num_rows
        return {name: table[name][place] for name in table.column_names}


def _all_parts(folder: Path) -> Iterator[tuple[str, Path]]:
    return ((table, path) for table in TABLES for path in parts(folder / table))


def _columns(path: Path, *, deep: bool) -> list[str]:
    """The part's column names; raises if it is damaged."""
    with open_part(path) as part:
        if deep:
            read_through(part)
        return list(part.schema_arrow.names)


def _group_ends(path: Path) -> list[int]:
    with open_part(path) as part:
        counts = (part.metadata.row_group(i).num_rows for i in range(part.num_row_groups))
        return list(accumulate(counts))


def _read_group(path: Path, group: int) -> pa.Table:
    with open_part(path) as part:
        return part.read_row_group(group)
