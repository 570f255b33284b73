"""One run at a time: an advisory lock that the system drops when its holder dies.

A process takes it alone. It may then share it with the other processes of its run: as long as one
of them lives, nobody else gets it alone, and none joins who was not let in.
"""

import fcntl
import os
from pathlib import Path

from saccade.errors import SaccadeError

LOCK_NAME = ".lock"


class Lock:
    """Holds a run folder for writing until closed. The file stays; only the lock on it counts."""

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        self._folder = folder
        self._file = (folder / LOCK_NAME).open("a+")
        if shared:
            self.share()
            return
        self._take(fcntl.LOCK_EX)
        self._file.truncate(0)
        self._file.write(f"pid {os.getpid()}")
        self._file.flush()

    def share(self) -> None:
        """Hold it together with others who share it."""
        self._take(fcntl.LOCK_SH)

    def close(self) -> None:
        """Let the next writer in."""
        self._file.close()

    def _take(self, kind: int) -> None:
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read(20).strip()
            self._file.close()
            raise SaccadeError(
                f"{self._folder} is being written by another process ({holder or 'just started'})."
                " Wait until it is done, or choose another folder."
            ) from None
