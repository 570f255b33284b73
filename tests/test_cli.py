"""The command line: its words, its exit codes, and a run made, resumed and refused through it."""

import json
import shutil
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner, Result

from saccade import __version__, demo, open_run, serving
from saccade.cli import main
from saccade.listing import KINDS
from saccade.probes import checks
from saccade.probes.doctor import CHECKS
from tiny.crossing import mllama

SACCADE = [sys.executable, "-c", "from saccade.cli import main; main(prog_name='saccade')"]
SMALL = ("--limit", "3", "-n", "2", "--max-new-tokens", "8")
ON = ("--device", "cpu", "--dtype", "float32")
RED = "\x1b[31mred"


def run(*words) -> Result:
    """The command in this process. A traceback fails the test that asked for it."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


@pytest.fixture(scope="module")
def traced(tiny_folder, tmp_path_factory):
    """A run made by `saccade trace`, the words that made it, and what was printed."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    words = ("trace", tiny_folder(), "lab/counting", "--out", folder, *SMALL, *ON)
    return folder, words, run(*words)


class TestHelp:
    def test_it_answers_in_under_half_a_second(self):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            done = subprocess.run([*SACCADE, "--help"], capture_output=True, text=True, check=True)
            times.append(time.perf_counter() - start)
        assert min(times) < 0.5, times
        assert "saccade demo" in done.stdout

    @pytest.mark.parametrize("name", main.commands)
    def test_every_command_and_option_is_explained(self, name):
        command = main.commands[name]
        first = command.help.splitlines()[0]
        assert first.endswith(".") and len(first) <= 66, "the list of commands cuts it short"
        assert command.epilog and f"saccade {name}" in command.epilog
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, option.opts
        assert run(name, "-h").output == run(name, "--help").output

    def test_the_version_is_that_of_the_package(self):
        assert run("--version").output.strip().endswith(__version__)


class TestListing:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_is_listed_in_words_and_as_json(self, kind):
        lines = json.loads(run("list", kind, "--json").stdout)
        words = run("list", kind).stdout
        assert lines == KINDS[kind]()
        assert len(words.splitlines()) == max(1, len(lines)), "an empty kind is said to be empty"
        for name, line in lines.items():
            assert f"{name} " in words and line in words

    def test_the_kinds_are_those_that_can_be_asked_for(self):
        (what,) = (p for p in main.commands["list"].params if p.name == "what")
        assert sorted(what.type.choices) == sorted(KINDS)


class TestWrongUse:
    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["nonsense"], "No such command 'nonsense'"),
            (["--nonsense"], "No such option"),
            (["list"], "Missing argument"),
            (["list", "nonsense"], "'nonsense' is not one of"),
            (["trace", "m", "lab/counting"], "Missing option '--out'"),
            (["trace", "m", "lab/nothing", "--out", "r"], "'lab/nothing' is not one of"),
            (["trace", "m", "lab/counting", "--out", "r", "--level", "4"], "1<=x<=3"),
            (["trace", "m", "lab/counting", "--out", "r", "--split", "all"], "'all' is not one of"),
            (["trace", "m", "lab/counting", "--out", "r", "-n", "0"], "x>=1"),
            (["trace", "m", "lab/counting", "--out", "r", "--top-p", "0"], "0<x<=1"),
            (["trace", "m", "lab/counting", "--out", "r", "--temperature", "-1"], "x>=0"),
            (["trace", "m", "lab/counting", "--out", "r", "--signals", "kl,sight"], "'sight'"),
            (["trace", "m", "lab/counting", "--out", "r", "--ablation", "dark"], "called 'dark'"),
            (["probe", ".", "--ablation", "blacken(p=2)"], "p of blacken must be a number from 0"),
            (["trace", "m", "lab/counting", "--out", "r", "--draws", "0"], "x>=1"),
            (["rollout", "m", "lab/counting", "--out", "r", "--limit", "x"], "not a valid integer"),
            (["probe", "not-there"], "does not exist"),
            (["analyze", "not-there"], "does not exist"),
        ],
    )
    def test_it_ends_with_2_and_leaves_nothing_behind(self, words, told, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        result = run(*words)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert told in result.stderr
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["probe", "."], "is not a run"),
            (["analyze", "."], "is not a run"),
            (["trace", "lab/nothing", "lab/counting", "--out", "r"], "Unknown lab model"),
            (["rollout", "./nothing", "lab/counting", "--out", "r"], "No model could be read"),
            (["trace", "m", "lab/puzzle", "--out", "r", "--temperature", "nan"], "temperature"),
        ],
    )
    def test_what_cannot_be_done_ends_with_1_and_a_sentence(
        self, words, told, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        result = run(*words)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ") and told in result.stderr
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("command", ["analyze", "probe"])
    def test_a_folder_that_is_not_there_is_a_sentence_too(self, command, tmp_path):
        (tmp_path / "file").write_text("")
        for name, told in (("gone", "but does not exist. "), ("file", "but is a file. ")):
            result = run(command, tmp_path / name)
            assert result.exit_code == 2 and result.stderr.startswith("Error: ")
            assert f"{name} must be the folder of a run, {told}" in result.stderr

    def test_a_place_that_cannot_be_written_is_a_sentence(self, traced):
        result = run("analyze", traced[0], "--out", "/dev/null/x")
        assert result.exit_code == 1
        assert "\nError: /dev/null must be a folder, so that /dev/null/x/" in result.stderr

    def test_a_real_process_shows_no_traceback(self, tmp_path):
        done = subprocess.run(
            [*SACCADE, "analyze", str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: ") and "Traceback" not in done.stderr


class TestTheTerminalObeysNothing:
    @pytest.mark.parametrize(
        "words", [[RED], ["--" + RED], ["list", RED], ["analyze", RED], ["probe", RED]]
    )
    def test_escapes_in_words_are_shown(self, words):
        result = run(*words)
        assert result.exit_code == 2
        assert "\x1b" not in result.stderr and r"\x1b[31mred" in result.stderr

    def test_escapes_in_file_names_are_shown(self, traced, tmp_path):
        folder = tmp_path / RED
        folder.mkdir()
        refused = run("probe", folder)
        assert "\x1b" not in refused.stderr and r"\x1b[31mred is not a run" in refused.stderr
        written = run("analyze", traced[0], "--out", folder)
        assert written.stdout.strip().endswith(r"\x1b[31mred/report.html")
        assert (folder / "report.html").is_file()


class TestARunIsMade:
    def test_trace_says_what_there_is_and_shows_how_far_it_is(self, traced):
        folder, _, result = traced
        assert result.exit_code == 0
        assert result.stdout == f"{folder}: 6 responses, 6 probed\n"
        assert "rolled out: 1 of 3" in result.stderr and "probed: 6 of 6" in result.stderr
        written = open_run(folder)
        assert len(written) == 6
        assert set(written.signals) == {
            *("logprob", "entropy", "visual_similarity"),
            *("hidden_shift.blind", "kl.blind"),
        }

    def test_the_same_words_go_on_and_repeat_nothing(self, traced):
        folder, words, _ = traced
        before = {file: file.stat().st_mtime_ns for file in folder.glob("*/*.parquet")}
        result = run(*words, "--batch-size", "3", "--json")
        told = json.loads(result.stdout)
        assert told["run"] == str(folder)
        assert [told[what] for what in ("rollouts", "probed", "skipped")] == [6, 6, 0]
        assert told["reasons"] == {}
        assert {file: file.stat().st_mtime_ns for file in before} == before

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            (["--seed", "1"], "seed is 0 in the run and 1 here"),
            (["--limit", "4"], "task.limit is 3 in the run and 4 here"),
            (["--ablation", "grey"], 'probe.ablation is "blind" in the run and "grey" here'),
        ],
    )
    def test_other_words_are_refused(self, traced, more, told):
        result = run(*traced[1], *more)
        assert result.exit_code == 1
        assert told in result.stderr and "choose another folder" in result.stderr

    def test_rollout_and_probe_are_its_two_halves(self, traced, tiny_folder, tmp_path):
        folder = tmp_path / "halves"
        first = run("rollout", tiny_folder(), "lab/counting", "--out", folder, *SMALL, *ON)
        assert first.stdout == f"{folder}: 6 responses, 0 probed\n"
        second = run("probe", folder, *ON)
        assert second.stdout == f"{folder}: 6 responses, 6 probed\n"
        assert "probed: 6 of 6" in second.stderr
        whole, halves = open_run(traced[0]), open_run(folder)
        assert whole.tokens().equals(halves.tokens())

    def test_signals_are_named_with_commas(self, tiny_folder, tmp_path):
        folder = tmp_path / "run"
        few = ("--limit", "1", "-n", "1", "--max-new-tokens", "4")
        words = (*few, *ON, "--signals", "entropy, k3", "--ablation", "grey")
        assert run("trace", tiny_folder(), "lab/puzzle", "--out", folder, *words).exit_code == 0
        assert set(open_run(folder).signals) == {"entropy", "k3.grey"}

    def test_analyze_writes_into_the_run_unless_told(self, traced):
        page = traced[0] / "analysis" / "report.html"
        result = run("analyze", traced[0])
        assert result.stdout == f"{page}\n"
        assert page.is_file()
        first, *_, last = result.stderr.splitlines()
        total = first.removeprefix("drawn: 0 of ")
        assert last == f"drawn: {total} of {total}"

    @pytest.mark.parametrize(
        ("words", "then"),
        [(["analyze", "RUN"], "begins again"), (["probe", "RUN"], "goes on where")],
    )
    def test_who_stops_a_command_is_told_what_comes_of_it(self, words, then, traced, monkeypatch):
        def stop(*_words, **_more):
            raise KeyboardInterrupt

        monkeypatch.setattr("saccade.analysis.analyze", stop, raising=False)
        monkeypatch.setattr("saccade.commands.probe", stop)
        result = run(*(traced[0] if word == "RUN" else word for word in words))
        assert result.exit_code == 1
        assert f"Error: Stopped. The same command {then}" in result.stderr


class TestDoctor:
    def test_a_sound_model_ends_with_0_and_a_line_for_each_check(self, tiny_folder):
        result = run("doctor", tiny_folder(), *ON)
        assert (result.exit_code, result.stderr) == (0, "")
        lines = result.stdout.splitlines()
        assert len(lines) == len(CHECKS) and all(line.startswith("ok    ") for line in lines)
        assert "2 layers of Qwen2_5_VLDecoderLayer (model.language_model.layers)" in lines[0]
        assert "36 image tokens, positions 7-42, grid 6 x 6" in result.stdout
        assert "visual_similarity" in lines[-1]

    def test_a_program_reads_the_same(self, tiny_folder):
        told = json.loads(run("doctor", tiny_folder(), *ON, "--json").stdout)
        assert list(told) == list(CHECKS)
        assert told["layers"]["detail"]["module"] == "model.language_model.layers"
        assert told["float16"]["detail"]["kl.blind"] > 0

    def test_what_is_no_fault_ends_with_0(self, tiny_folder):
        result = run("doctor", tiny_folder("qwen3_5"), *ON)
        assert result.exit_code == 0
        assert "--    difference between a shared prompt and every response in" in result.stdout
        assert "is measured in full passes, since" in result.stdout

    def test_a_failed_check_ends_with_1(self, tiny_folder, monkeypatch):
        monkeypatch.setattr(checks, "blind", lambda mask, _image_mask: mask)
        for more in ((), ("--json",)):
            assert run("doctor", tiny_folder(), *ON, *more).exit_code == 1
        assert "FAIL  change of the logits without sight" in run("doctor", tiny_folder()).stdout

    def test_a_base_model_is_one_sentence_and_1(self, tiny_folder, tmp_path):
        folder = shutil.copytree(tiny_folder(), tmp_path / "base")
        (folder / "chat_template.jinja").unlink()
        result = run("doctor", folder, *ON)
        assert result.exit_code == 1
        ok, failed = result.stdout.splitlines()
        assert ok.startswith("ok    decoder layers") and failed.startswith("FAIL  ")
        assert "has no chat template" in failed

    def test_a_model_that_cannot_be_measured_is_one_sentence_and_1(self, tmp_path):
        result = run("doctor", mllama(tmp_path / "mllama"), *ON)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: ") and "by cross-attention" in result.stderr

    @pytest.mark.parametrize("words", [["doctor"], ["doctor", "m", "--dtype", "int8"]])
    def test_wrong_use_ends_with_2(self, words):
        assert run(*words).exit_code == 2


class TestDemo:
    def test_it_prints_the_page_and_serves_it_when_asked(self, monkeypatch, tmp_path):
        served = []
        monkeypatch.setattr(demo, "demo", lambda out, progress: out / "report.html")
        monkeypatch.setattr(serving, "serve", lambda page, announce: served.append(page))
        page = tmp_path / "d" / "report.html"
        assert run("demo", "--out", tmp_path / "d").stdout == f"{page}\n"
        assert served == []
        assert run("demo", "--out", tmp_path / "d", "--serve").stdout == f"{page}\n"
        assert served == [page]
