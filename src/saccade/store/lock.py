"""One writer at a time: an advisory lock that the system drops when its holder dies."""

import fcntl
import os
from pathlib import Path

from saccade.errors import SaccadeError

LOCK_NAME = ".lock"


class Lock:
    """Holds a run folder for writing until closed. The file stays; only the lock on it counts."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / LOCK_NAME).open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read(20).strip()
            self._file.close()
            raise SaccadeError(
                f"{folder} is being written by another process ({holder or 'just started'}). "
                "Wait until it is done, or choose another folder."
            ) from None
        self._file.truncate(0)
        self._file.write(f"pid {os.getpid()}")
        self._file.flush()

    def close(self) -> None:
        """Let the next writer in."""
        self._file.close()
