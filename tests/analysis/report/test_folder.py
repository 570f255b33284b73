"""The folder of a report: what is refused, and what a later report takes away."""

import os
from pathlib import Path

import pytest
from frames import make_run, stored

from saccade.analysis.report.folder import HEAD, LIST, Folder, check_folder
from saccade.errors import SaccadeError


def files(folder: Path) -> set[str]:
    """What lies in a folder, the list apart."""
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return names - {LIST}


def test_what_an_earlier_report_wrote_goes(tmp_path: Path) -> None:
    """With the folders that it leaves empty; what others put there stays."""
    first = Folder(tmp_path / "out")
    first.write({"figures/a.svg": "a", "report.html": "1"})
    first.part("one").write({"tables/a.csv": "a", "tables/b.csv": "b"})
    first.clear()
    (tmp_path / "out/one/mine.csv").write_text("mine")
    second = Folder(tmp_path / "out")
    second.write({"report.html": "2"})
    second.part("one").write({"tables/b.csv": b"b"})
    assert "figures/a.svg" in files(tmp_path / "out"), "until the new one is complete"
    second.clear()
    assert files(tmp_path / "out") == {"report.html", "one/tables/b.csv", "one/mine.csv"}
    assert not (tmp_path / "out/figures").exists()


def test_a_killed_report_is_cleared_by_the_next(tmp_path: Path) -> None:
    """Files are listed before they are written."""
    Folder(tmp_path).write({"tables/a.csv": "a"})
    after = Folder(tmp_path)
    after.write({"report.html": ""})
    after.clear()
    assert files(tmp_path) == {"report.html"}


def test_nothing_outside_is_removed(tmp_path: Path) -> None:
    """Whatever the list says: by dots, by a link, or of another kind."""
    out, other = tmp_path / "out", tmp_path / "other"
    out.mkdir()
    other.mkdir()
    for path in (tmp_path / "x.csv", other / "y.csv", out / "z.txt"):
        path.write_text("stays")
    os.symlink(other, out / "figures")
    listed = [HEAD, "../x.csv", str(other / "y.csv"), "figures/y.csv", "z.txt", ".", "gone.csv"]
    (out / LIST).write_text("\n".join(listed))
    after = Folder(out)
    after.write({"report.html": ""})
    after.clear()
    assert files(tmp_path) - {"out/files.txt"} == {
        "x.csv",
        "other/y.csv",
        "out/z.txt",
        "out/report.html",
    }


def test_other_folders_are_refused(tmp_path: Path) -> None:
    """A run, what is in it, and a folder of something else; nothing is written."""
    run = stored(tmp_path / "run", make_run(questions=1)).path
    for inside in (run, run / "traces", run / "rollouts" / "deeper", run / "images"):
        with pytest.raises(SaccadeError, match=f"is in the run {run}. .*{run}/analysis"):
            Folder(inside)
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "figures").write_text("a plain file")
    with pytest.raises(SaccadeError, match=f"{notes} is none and holds the file figures"):
        Folder(notes)


def test_these_are_not(tmp_path: Path) -> None:
    """New, empty, a run's own place, a report of an earlier version, the runs of a comparison."""
    run = stored(tmp_path / "run", make_run(questions=1)).path
    for folder, name in (("run/analysis", "x"), ("old", "report.html"), ("some", ".hidden")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text("")
    (tmp_path / "compared" / "runs").mkdir(parents=True)
    for folder in ("run/analysis", "old", "some", "compared", "new/deep"):
        check_folder(tmp_path / folder)
    check_folder(run / "elsewhere")


def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    """A file where a folder must be, and a place that takes no folders."""
    (tmp_path / "report.html").write_text("")
    (tmp_path / "figures").write_text("")
    with pytest.raises(SaccadeError, match=f"{tmp_path}/figures must be a folder, .* is a file"):
        Folder(tmp_path).write({"figures/a.svg": ""})
    with pytest.raises(SaccadeError, match="Cannot make the folder /proc/x: /proc takes none"):
        Folder(Path("/proc/x")).write({"a.csv": ""})
