"""`saccade compare`: runs and checkpoints, resumed, and what cannot be compared."""

import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from saccade import comparison
from saccade.analysis import FIGURES
from saccade.analysis.comparing import check_common, sampled_otherwise
from saccade.analysis.report import build, sections
from saccade.cli import main
from saccade.errors import SaccadeError
from saccade.store import open_run
from saccade.store.manifest import read_manifest, write_manifest
from store.runs import written

FORCED = {"forced_changes", "forced_tokens", "forced_words", "forced_verdicts"}


@pytest.fixture(scope="module", autouse=True)
def few_figures():
    """The figures of comparing alone; those of single runs are drawn in the tests of the report."""
    own = {
        name: figure for name, figure in FIGURES.items() if figure.reads in ("compared", "forced")
    }
    with pytest.MonkeyPatch.context() as patch:
        for module in (build, sections):
            patch.setattr(module, "FIGURES", own)
        yield


def compare(*words) -> Result:
    result = CliRunner().invoke(main, ["compare", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Two shipped checkpoints compared on two questions, the words and what was printed."""
    folder = tmp_path_factory.mktemp("compare") / "out"
    words = ("lab/base", "lab/tuned", "--task", "lab/counting", "--limit", 2, "-n", 2)
    words += ("--max-new-tokens", 24, "--device", "cpu", "--out", folder)
    return folder, words, compare(*words)


def summary(folder) -> dict:
    return json.loads((folder / "summary.json").read_text())


def together(folder) -> dict:
    return summary(folder)["together"]


class TestCheckpoints:
    def test_both_are_traced_read_and_reported(self, compared):
        folder, _, result = compared
        assert (result.exit_code, result.stdout) == (0, f"{folder / 'report.html'}\n")
        page = (folder / "report.html").read_text()
        assert "lab/base" in page and "lab/tuned" in page
        assert "drawn: 0 of " in result.stderr
        assert set(together(folder)) >= FORCED
        said = together(folder)["forced_changes"]["sentence"]
        assert said.startswith("On the responses of lab/base (")
        own = open_run(folder / "runs" / "lab-base")
        read = open_run(folder / "runs" / "lab-base-read-by-lab-tuned")
        assert own.rollouts().equals(read.rollouts()) and read.signals == own.signals
        assert read.manifest.model["name"] == "lab/tuned"

    def test_the_same_words_do_nothing_twice(self, compared):
        folder, words, _ = compared
        before = {f: f.stat().st_mtime_ns for f in folder.rglob("*.parquet")}
        assert compare(*words).exit_code == 0
        assert {f: f.stat().st_mtime_ns for f in folder.rglob("*.parquet")} == before

    def test_runs_are_compared_as_they_are_and_a_third_one_is_shown(self, compared, tmp_path):
        runs = compared[0] / "runs"
        middle = runs / "lab-base-read-by-lab-tuned"
        result = compare(runs / "lab-base", middle, runs / "lab-tuned", "--out", tmp_path / "out")
        assert result.exit_code == 0
        assert "Not compared" not in result.stderr
        numbers = together(tmp_path / "out")
        assert set(numbers) >= FORCED
        assert list(summary(tmp_path / "out")["runs"]) == ["lab-base", middle.name, "lab-tuned"]
        same = together(compared[0])["forced_changes"]["numbers"]
        got = numbers["forced_changes"]["numbers"]
        assert [row["difference"] for row in got] == [row["difference"] for row in same]

    def test_without_a_model_free_is_done_and_forced_says_why(self, compared, tmp_path):
        runs = [
            shutil.copytree(compared[0] / "runs" / name, tmp_path / name)
            for name in ("lab-base", "lab-tuned")
        ]
        told = read_manifest(runs[1])
        write_manifest(runs[1], replace(told, model={**told.model, "name": "gone/model"}))
        told = read_manifest(runs[0])
        write_manifest(runs[0], replace(told, model={**told.model, "fingerprint": "0" * 12}))
        result = compare(*runs, "--out", tmp_path / "out")
        assert result.exit_code == 0
        notices = [line for line in result.stderr.splitlines() if line.startswith("Not compared")]
        assert "on the responses of lab-base: " in notices[0] and "gone/model" in notices[0]
        assert "its weights or settings have changed since" in notices[1]
        page = (tmp_path / "out" / "report.html").read_text()
        assert page.count('<p class="refused">Not compared on the responses of') == 2
        assert summary(tmp_path / "out")["notices"] == notices
        assert "changes" in together(tmp_path / "out")
        assert not FORCED & set(together(tmp_path / "out"))


class TestWrongUse:
    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ([], "Missing argument"),
            (["lab/base", "--task", "lab/puzzle"], "two or more different runs"),
            (["a", "a", "--task", "lab/puzzle"], "two or more different runs"),
            (["RUN", "./run/../run/"], "./run/../run/ are the same one"),
            (["lab/base", "lab/tuned"], "lab/base is not a run"),
            (["RUN", "lab/tuned"], "/run is a run and lab/tuned is not"),
            (["a", "b", "--task", "lab/nothing"], "'lab/nothing' is not one of"),
            (["RUN", "lab/tuned", "--task", "lab/puzzle"], "--task goes with checkpoints"),
            (["RUN", "OTHER", "--limit", "3"], "--limit is said of checkpoints"),
        ],
    )
    def test_it_ends_with_2_and_writes_nothing(self, words, told, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        runs = {"RUN": written(tmp_path / "run"), "OTHER": written(tmp_path / "other")}
        result = compare(*(runs.get(word, word) for word in words))
        assert result.exit_code == 2 and told in result.stderr
        by_click = told.startswith(("Missing", "'lab/nothing'"))
        assert result.stderr.startswith("Usage: " if by_click else "Error: ")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "run"]


class TestRefusedBeforeTheWork:
    """What cannot be done is said before a model is loaded, and nothing is left behind."""

    @pytest.fixture(autouse=True)
    def no_model(self, monkeypatch):
        def loaded(*_names, **_words):
            raise AssertionError("a model was loaded")

        monkeypatch.setattr(comparison, "load_vlm", loaded)
        monkeypatch.setattr(comparison.commands, "load_vlm", loaded)

    def test_a_run_that_was_not_probed(self, compared, tmp_path):
        first = compared[0] / "runs" / "lab-base"
        second = shutil.copytree(first, tmp_path / "second")
        shutil.rmtree(second / "traces")
        result = compare(first, second, "--out", tmp_path / "out")
        assert result.exit_code == 1 and f"`saccade probe {second}`" in result.stderr
        assert not (tmp_path / "out").exists()

    def test_a_run_that_does_not_say_how_it_was_probed(self, compared, tmp_path):
        first = compared[0] / "runs" / "lab-base"
        second = shutil.copytree(first, tmp_path / "second")
        manifest = json.loads((second / "manifest.json").read_text())
        (second / "manifest.json").write_text(json.dumps({**manifest, "probe": None}))
        result = compare(first, second, "--out", tmp_path / "out")
        assert result.exit_code == 1 and "must be probed before" in result.stderr
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("checkpoints", [False, True])
    def test_a_folder_of_something_else(self, checkpoints, compared, tmp_path):
        (tmp_path / "notes.txt").write_text("")
        runs = [compared[0] / "runs" / name for name in ("lab-base", "lab-tuned")]
        words = ("lab/base", "lab/tuned", "--task", "lab/puzzle") if checkpoints else runs
        result = compare(*words, "--out", tmp_path)
        assert result.exit_code == 1 and "holds the file notes.txt" in result.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


class TestCommon:
    def test_runs_of_other_questions_are_refused(self, tmp_path):
        """By id, and by what is asked under the same id."""
        one, other = (written(tmp_path / name) for name in ("one", "other"))
        runs = {"one": open_run(one), "other": open_run(other)}
        check_common(runs)

        class Renamed:
            manifest = runs["other"].manifest

            def __init__(self, change):
                self.change = change

            def sql(self, query):
                return self.change(runs["other"].sql(query))

        apart = Renamed(lambda rows: rows.assign(id="x" + rows["id"]))
        with pytest.raises(SaccadeError, match="the 4 of one such as 's0' .* none is in both"):
            check_common({"one": runs["one"], "other": apart})
        changed = Renamed(lambda rows: rows.assign(answer="4"))
        with pytest.raises(SaccadeError, match="'s0' is another question in one .* 3 more"):
            check_common({"one": runs["one"], "other": changed})
        single = Renamed(lambda rows: rows.assign(answer=rows["answer"].where(rows["id"] != "s0")))
        with pytest.raises(SaccadeError, match=r"'s0' is another question in one than in other\."):
            check_common({"one": runs["one"], "other": single})

    def test_runs_probed_in_another_way_are_refused(self, tmp_path):
        runs = {}
        for name, ablation in (("a", "blind"), ("b", "grey")):
            folder = written(tmp_path / name)
            probing = {"signals": ["kl"], "ablation": ablation}
            write_manifest(folder, replace(read_manifest(folder), probe=probing))
            runs[name] = open_run(folder)
        with pytest.raises(SaccadeError, match="ablation is blind in a and grey in b"):
            check_common(runs)


def test_runs_sampled_in_another_way_are_compared_and_it_is_said(tmp_path):
    """By what both tell; the seed is chance, and an imported run may tell nothing."""
    settings = {
        "a": {"n": 4, "temperature": 1.0, "top_p": 1.0, "seed": 0},
        "b": {"n": 8, "temperature": 0.5, "seed": 1, "max_new_tokens": 64},
        "c": {"n": 4, "temperature": 1.0, "step": 3},
        "d": {},
    }
    runs = {}
    for name, words in settings.items():
        folder = written(tmp_path / name)
        probing = {"signals": ["entropy", "kl"], "ablation": "blind"}
        write_manifest(folder, replace(read_manifest(folder), rollout=words, probe=probing))
        runs[name] = open_run(folder)
    check_common(runs)
    (said,) = sampled_otherwise(runs)
    assert said.startswith("a and b were sampled in different ways (n 4 and 8, temperature 1.0 and")
    notice = compare(tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")
    assert said in notice.stderr.replace(str(tmp_path), "")
    assert summary(tmp_path / "out")["notices"][0] == said


def test_runs_of_one_name_are_told_apart(tmp_path):
    folders = [str(written(tmp_path / name / "run")) for name in "ab"]
    assert list(comparison._opened(folders)) == folders
