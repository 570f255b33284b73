"""Files that are whole or not there, however a process ends: on the disk first, then renamed."""

import errno
import os
import secrets
from contextlib import ExitStack
from pathlib import Path

from saccade.errors import SaccadeError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that at any moment it is the old one or the new one.

    It is written under a temporary name beside its place, which starts with a dot and ends with
    `.tmp`, and which no other process has: several may write the same file, from many machines.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
            stack.callback(temporary.unlink, missing_ok=True)
            _write_synced(temporary, data)
            os.replace(temporary, path)
        _sync(path.parent)
    except OSError as error:
        raise SaccadeError(_cannot_write(path, error)) from error


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
    if os.path.isdir(path.parent):
        return f"Cannot write {path}: {error.strerror}. Choose a folder that can be written to."
    there = next(above for above in path.parents if os.path.lexists(above))
    if os.path.isdir(there):
        return (
            f"Cannot make the folder {path.parent}: {there} takes none ({error.strerror}). Choose a"
            " folder that can be written to."
        )
    return (
        f"{there} must be a folder, so that {path} can be written, but is a file. Move the file"
        " away or choose another folder."
    )
