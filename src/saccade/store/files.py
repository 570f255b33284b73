"""Files that are whole or not there: how a run survives being killed at any moment.

Everything in a run folder is written here: to a temporary name beside its place, to the disk,
then renamed. Temporary names start with a dot, so that no reader takes one for a part.
"""

import errno
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from saccade.errors import SaccadeError

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


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that at any moment it is the old one or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            stack.callback(temporary.unlink, missing_ok=True)
            _write_synced(temporary, data)
            os.replace(temporary, path)
        _sync(path.parent)
    except OSError as error:
        raise SaccadeError(_cannot_write(path, error)) from error


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


def parts(folder: Path) -> list[Path]:
    """The parts of one table in order of their names."""
    names = (path for path in folder.glob("*.parquet") if not path.name.startswith("."))
    return sorted(names, key=lambda path: path.name)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left half-written. Only the holder of the lock may."""
    for pattern in (".*.tmp", "*/.*.tmp"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make a rename durable: on POSIX that is the folder's business, not the file's."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"No space is left on the disk to write {path}. Free some and run the same command "
            "again: it goes on where it was."
        )
    return f"Cannot write {path}: {error.strerror}. Choose a folder that can be written to."
