"""Several processes at one run: the same run, resumed, refused and ended together.

The scenes are played by `together.py`.
"""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from saccade import open_run
from saccade.cli import main
from saccade.team import PLACE, Team
from store.runs import snapshot

HERE = Path(__file__).parent
LAUNCHERS = {
    "torchrun": ("torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
    "accelerate": (
        *("accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"),
        *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"),
    ),
}
DEAD = -9


@pytest.fixture(scope="module")
def played(tmp_path_factory, tiny_folder):
    """Where the scenes were played, and what came of them."""
    home = tmp_path_factory.mktemp("team")
    said = python(str(HERE / "together.py"), str(home), str(tiny_folder("llava"))).stdout
    return home, json.loads(said.splitlines()[-1])


@pytest.fixture
def play(played):
    """A scene's folder, what came of it, and what each process in it printed."""
    home, came = played
    return lambda scene: (
        home / scene,
        came[scene],
        lambda process: (home / scene / f"{process}.txt").read_text(),
    )


@pytest.fixture
def one_thread():
    """As many threads as a launcher gives a process; more may add numbers up in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def python(*words, check=True):
    """A Python of its own that sees the modules seen here, on one thread."""
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *words], env=here, check=check, capture_output=True, text=True
    )


def assert_same(run, other):
    """Byte by byte, but for when it was made."""
    parts, others = snapshot(run), snapshot(other)
    manifest, its = (json.loads(files.pop("manifest.json")) for files in (parts, others))
    assert manifest | {"created": ""} == its | {"created": ""}
    assert parts == others
    assert [trace.rollout for trace in open_run(run)] == [t.rollout for t in open_run(other)]


@pytest.mark.parametrize(
    ("told", "team"),
    [
        (("", "", ""), Team()),
        (("1", "4", ""), Team()),
        (("x", "4", "1"), Team()),
        (("0", "1", "0"), Team()),
        (("5", "8", "1"), Team(5, 8, 1)),
    ],
)
def test_a_process_is_alone_unless_a_launcher_says_otherwise(monkeypatch, told, team):
    for name, value in zip(PLACE, told, strict=True):
        monkeypatch.setenv(name, value)
    assert Team.here() == team
    assert team.alone == (team.size == 1)
    assert team.first == (team.rank == 0)


def test_alone_nobody_is_waited_for():
    Team().wait()
    assert Team().share("abc") == "abc"
    assert str(Team(1, 2, 1)) == "rank 1 of 2"


def test_work_is_dealt_out_and_all_must_see_the_same_and_stay(play):
    _, ends, printed = play("shared_out")
    assert ends == [[0, 0, 0], [1, 1, 1], [1, DEAD, 1]]
    assert [json.loads(printed(f"work.{rank}")) for rank in range(3)] == ["adg", "be", "cf"]
    for rank in range(3):
        assert "find different work left" in printed(f"differently.{rank}")
    for rank in (0, 2):
        assert "must last until it is done, but one has ended" in printed(f"leaving.{rank}")


def test_the_run_of_three_is_that_of_one(play):
    """Samples that share an id, one that cannot be asked, and images swapped over all units."""
    home, ends, printed = play("same")
    assert ends == [[0], [0, 0, 0]]
    assert_same(home / "three", home / "one")
    assert [printed(f"three.{rank}") for rank in range(3)] == [printed("one.0")] * 3
    run = open_run(home / "three")
    assert len(run) == 12, "five samples and the second of those called broken"
    assert sorted(run.skipped()["sample_id"].str.rpartition("/")[2]) == ["0", "1", "broken"]


def test_who_is_killed_is_missed_and_nothing_is_lost_or_repeated(play):
    home, (ends, there), printed = play("killed")
    assert ends == [[DEAD, 1], [DEAD, 1], [1, DEAD], [1, 1, DEAD], [DEAD, 1], [0, 0], [0]]
    assert printed("killed0.1").startswith("Error: rank 1 of 2: all processes of a run must last")
    for before, after in itertools.pairwise(there):
        assert before.items() <= after.items()
    assert len(there[2]) > len(there[1]) and len(there[-1]) == 6
    assert_same(home / "killed", home / "whole")
    assert printed("last.0").endswith("of 2: 10 of 10\nkilled: 10 responses, 10 probed\n")
    assert printed("last.1") == "", "the first speaks for all"


def test_who_fails_says_why_and_all_end(play):
    home, ends, printed = play("failing")
    assert ends == [[1, 1], [0], [0]]
    assert "Error: rank 1 of 2: No space is left on the disk" in printed("failing.1")
    assert "Error: rank 0 of 2: all processes of a run must last" in printed("failing.0")
    assert_same(home / "failing", home / "whole")


def test_while_one_of_a_team_lives_all_others_are_refused(play):
    home, ends, printed = play("refused")
    assert ends == [[1], [1, 1], [1, 1, 1], [1], [0, 0]]
    for name in ("other1.0", "other2.0", "other3.0"):
        assert "held is being written by another process (pid" in printed(name)
    assert len(open_run(home / "held")) == 10


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    "launcher", ["torchrun", pytest.param("accelerate", marks=pytest.mark.slow)]
)
def test_launched_for_real_it_is_the_same_run(launcher, tiny_folder, tmp_path):
    words = ["trace", str(tiny_folder("llava")), "lab/counting", "--limit", "3", "-n", "64"]
    words += ["--max-new-tokens", "3", "--signals", "entropy", "--device", "cpu", "--out"]
    launch = ["-m", *LAUNCHERS[launcher], "-m", "saccade", "--"]
    done = python(*launch, *words, str(tmp_path / "two"))
    assert done.stdout == f"{tmp_path / 'two'}: 192 responses, 192 probed\n"
    assert "rolled out by rank 0 of 2: 2 of 2" in done.stderr, "two units of three"
    assert CliRunner().invoke(main, [*words, str(tmp_path / "one")]).exit_code == 0
    assert_same(tmp_path / "two", tmp_path / "one")


@pytest.mark.slow
def test_a_launcher_ends_all_when_one_fails(tiny_folder, tmp_path):
    words = ["-m", "saccade", "trace", str(tiny_folder("llava")), "lab/counting", "--limit", "2"]
    done = python("-m", *LAUNCHERS["torchrun"], *words, "--out", "/dev/null/run", check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert "Error: rank 0 of 2: Cannot write in /dev/null/run" in done.stderr
