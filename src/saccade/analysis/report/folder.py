"""The folder of a report: what may become one, what is written there, and what no longer belongs.

The files of a report are named in a list beside them, each before it is written. So the next
report in this folder can take away what it does not write itself, even after one that was killed.
"""

from collections.abc import Mapping
from copy import copy
from pathlib import Path

from saccade.analysis.report.files import write
from saccade.errors import SaccadeError
from saccade.store.manifest import MANIFEST_NAME
from saccade.store.schema import TABLES

LIST = "files.txt"
HEAD = "The files of this report. The next report in this folder removes those it does not write."
KINDS = {".html", ".json", ".csv", ".svg", ".png"}
"""How the names of a report's files end; nothing else is removed, whatever the list says."""
OWN = "analysis"
"""The folder of a run in which its report is, unless told otherwise."""
RUNS = "runs"
"""Where `saccade compare` puts runs before there is a report."""


class Folder:
    """Writes the files of one report by their names in its folder, and remembers them."""

    def __init__(self, root: Path) -> None:
        check_folder(root)
        self._root, self._prefix = root, ""
        self._listed = _listed(root)
        self._written: set[str] = set()

    def part(self, name: str) -> "Folder":
        """The same for a folder below: what is written there is of the same report."""
        below = copy(self)
        below._prefix = f"{self._prefix}{name}/"
        return below

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write some files, each whole."""
        named = {self._prefix + name: content for name, content in files.items()}
        self._written.update(named)
        if not self._listed.issuperset(named):
            self._listed.update(named)
            self._list()
        for name, content in named.items():
            write(self._root / name, content)

    def clear(self) -> None:
        """Take away what earlier reports wrote here and this one did not."""
        for name in sorted(self._listed - self._written):
            _remove(self._root, name)
        self._listed.intersection_update(self._written)
        self._list()

    def _list(self) -> None:
        write(self._root / LIST, "\n".join([HEAD, *sorted(self._listed), ""]))


def check_folder(folder: Path) -> None:
    """Refuse a folder in which a report would lie among the files of something else."""
    whole = folder.resolve()
    if run := _run_around(whole):
        raise SaccadeError(
            f"A report must not lie among the files of a run, but {folder} is in the run {run}."
            f" Choose another folder, such as {run / OWN}."
        )
    if not folder.is_dir() or _is_own(whole):
        return
    for entry in sorted(folder.iterdir()):
        if not entry.name.startswith(".") and not (entry.name == RUNS and entry.is_dir()):
            raise SaccadeError(
                f"A report goes into a folder that is new, empty or a report already, but"
                f" {folder} is none and holds the {'folder' if entry.is_dir() else 'file'}"
                f" {entry.name}. Choose another folder, or empty this one."
            )


def _run_around(folder: Path) -> Path | None:
    """The run among whose own files a folder is, if it is in one."""
    inner = (at.parent for at in (folder, *folder.parents) if at.name in {*TABLES, "images"})
    return next((run for run in (folder, *inner) if (run / MANIFEST_NAME).is_file()), None)


def _is_own(folder: Path) -> bool:
    """Whether reports are written here: one is there or was begun, or it is a run's own place."""
    if folder.name == OWN and (folder.parent / MANIFEST_NAME).is_file():
        return True
    return (folder / "report.html").is_file() or _begins(folder / LIST)


def _begins(file: Path) -> bool:
    """Whether this is a list of ours."""
    return file.is_file() and file.read_bytes().startswith(HEAD.encode())


def _listed(folder: Path) -> set[str]:
    """The names in the list, if there is one."""
    if not _begins(folder / LIST):
        return set()
    return set((folder / LIST).read_text(encoding="utf-8", errors="replace").splitlines()[1:])


def _remove(folder: Path, name: str) -> None:
    """Take one file away, and the folders that it leaves empty; never anything outside."""
    file, whole = (folder / name).resolve(), folder.resolve()
    if file.suffix not in KINDS or not file.is_relative_to(whole):
        return
    file.unlink(missing_ok=True)
    for above in file.parents:
        if above == whole or not above.is_dir() or any(above.iterdir()):
            return
        above.rmdir()
