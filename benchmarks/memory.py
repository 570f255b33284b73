"""What this process holds, and the most it has held (Linux)."""

import ctypes
from pathlib import Path


def held_mb() -> float:
    """What it holds now; from here on the peak is counted anew."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def peak_mb() -> float:
    """The most it has held since."""
    return _status("VmHWM")


def _status(field: str) -> float:
    """A size out of the process's status, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
