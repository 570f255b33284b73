"""The Parquet parts of a run: written whole, read against their checksums.

Temporary names start with a dot, so that no reader takes one for a part.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from saccade.files import write_whole

GROUP_ROWS = 256
GROUP_BYTES = 2**24
"""One row group holds at most so much, so that reading one trace never reads a whole big part."""

UNREADABLE = (OSError, pa.ArrowException)
"""What pyarrow raises on a damaged part."""


@dataclass(frozen=True)
class Broken:
    """A Parquet part that cannot be read. It is left out, and said so."""

    path: Path
    reason: str


def write_part(path: Path, table: pa.Table) -> None:
    """Write a Parquet part whole. It is built in memory, so a full disk is met in one place."""
    sink = pa.BufferOutputStream()
    rows = GROUP_BYTES * max(1, table.num_rows) // max(1, table.nbytes)
    pq.write_table(
        table,
        sink,
        compression="zstd",
        row_group_size=max(1, min(GROUP_ROWS, rows)),
        write_page_checksum=True,
    )
    write_whole(path, sink.getvalue().to_pybytes())


def open_part(path: Path) -> pq.ParquetFile:
    """A part, its pages checked against their checksums as they are read."""
    return pq.ParquetFile(path, page_checksum_verification=True)


def read_through(part: pq.ParquetFile) -> None:
    """Read every page, a row group at a time; raises one of `UNREADABLE` if it is damaged."""
    for group in range(part.num_row_groups):
        part.read_row_group(group)


def parts(folder: Path) -> list[Path]:
    """The parts of one table in order of their names."""
    names = (path for path in folder.glob("*.parquet") if not path.name.startswith("."))
    return sorted(names, key=lambda path: path.name)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left half-written. Only the holder of the lock may."""
    for pattern in (".*.tmp", "*/.*.tmp"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
