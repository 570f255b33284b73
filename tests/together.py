"""Processes that do one run together, forked from one that has imported everything already.

`python together.py FOLDER MODEL` plays the scenes of `test_team.py`, each in a folder of its own,
and prints what came of them.
"""

import errno
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.distributed  # noqa: F401 - what the parent has imported no child waits for

from saccade import commands, files, load_task, load_vlm, pipeline  # noqa: F401
from saccade.cli import main
from saccade.errors import SaccadeError
from saccade.probes import Probing
from saccade.rollouts import Sampling
from saccade.samples import Sample
from saccade.team import Team

HOME, MODEL = Path(sys.argv[1]), sys.argv[2]
SMALL = ("--limit", "5", "-n", "2", "--max-new-tokens", "6", "--batch-size", "4")
ON = ("--device", "cpu", "--dtype", "float32")
Work = Callable[[int], None]
"""What a process does, given its rank."""


def start(size: int, work: Work, name: str) -> list[int]:
    """Fork a team in this folder; what its processes print goes to `NAME.RANK.txt`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = []
    for rank in range(size):
        child = os.fork()
        if not child:
            told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_PORT": port}
            os.environ.update({key: str(value) for key, value in told.items()})
            os.environ["MASTER_ADDR"] = "127.0.0.1"
            _live(Path(f"{name}.{rank}.txt"), partial(work, rank))
        children.append(child)
    return children


def _live(printed: Path, work: Callable[[], None]) -> None:
    """Do the work of a child, and end."""
    out = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    code: object = 70
    try:
        work()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except SaccadeError as error:
        code = 1
        sys.stderr.write(str(error))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(code))


def end(children: list[int]) -> list[int]:
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def together(size: int, work: Work, name: str) -> list[int]:
    return end(start(size, work, name))


def trace(out: str, *more: str) -> None:
    main(["trace", MODEL, "lab/counting", "--out", out, *SMALL, *ON, *more])


def after(calls: int, module: object, name: str, happens: Callable[[], None]) -> None:
    """Let something happen when a function has been called so many times."""
    original = getattr(module, name)

    def counted(*args: object) -> object:
        nonlocal calls
        calls -= 1
        if calls < 0:
            happens()
        return original(*args)

    setattr(module, name, counted)


def written(out: str) -> dict[str, int]:
    """The units that are done, and when."""
    parts = [part for table in ("rollouts", "traces") for part in Path(out, table).glob("0*")]
    return {f"{part.parent.name}/{part.stem}": part.stat().st_mtime_ns for part in parts}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def shared_out() -> object:
    """What three processes get of seven things, and what is said of different things."""

    def work(rank: int) -> None:
        sys.stdout.write(json.dumps(Team.here().share("abcdefg")))

    def differently(rank: int) -> None:
        Team.here().share("abcdefg"[rank:])

    def leaving(rank: int) -> None:
        Team.here().wait()
        if rank == 1:
            die()
        Team.here().wait()

    return [together(3, each, each.__name__) for each in (work, differently, leaving)]


def same() -> object:
    """One run by one process and by three, with doubles, a broken image, and images swapped."""
    vlm = load_vlm(MODEL, device="cpu", dtype="float32")
    task = load_task("lab/counting", limit=5)
    broken = Sample("broken", "?", (), "1", "t", scorer="none such")
    samples = [broken, *task, task[0], Sample("broken", "?", task[0].images, "1", "t"), task[1]]

    def work(_rank: int, out: str = "three") -> None:
        run = pipeline.trace(
            vlm,
            samples,
            out,
            task={"name": "mixed"},
            sampling=Sampling(n=2, max_new_tokens=6, batch_size=4),
            probing=Probing(("entropy", "kl"), "swap", draws=2),
        )
        sys.stdout.write(json.dumps([len(run), len(run.tokens())]))

    return [together(1, lambda rank: work(rank, "one"), "one"), together(3, work, "three")]


def killed() -> object:
    """Teams that lose a process, each another one at another moment, and how far they came."""
    ends, there = [], []
    moments = [(2, 0, 0), (2, 0, 1), (2, 1, 1), (3, 2, 0), (2, 0, 2)]
    for number, (size, rank, calls) in enumerate(moments):

        def work(here: int, rank: int = rank, calls: int = calls) -> None:
            if here == rank:
                after(calls, os, "replace", die)
            trace("killed")

        ends.append(together(size, work, f"killed{number}"))
        there.append(written("killed"))
    ends.append(together(2, lambda _rank: trace("killed"), "last"))
    ends.append(together(1, lambda _rank: trace("whole"), "whole"))
    return [ends, [*there, written("killed")]]


def failing() -> object:
    """A disk that is full for one process."""

    def work(rank: int) -> None:
        if rank == 1:
            after(1, files, "_write_synced", full)
        trace("failing")

    failed = together(2, work, "failing")
    again = together(1, lambda _rank: trace("failing"), "again")
    return [failed, again, together(1, lambda _rank: trace("whole"), "whole")]


def refused() -> object:
    """Others who come while a team is at work, and when half of it is dead."""
    go = Path("go")

    def patient() -> None:
        Path(f"{os.environ['RANK']}.waits").touch()
        while not go.exists():
            time.sleep(0.05)

    def work(_rank: int) -> None:
        after(0, pipeline, "iter_rollouts", patient)
        trace("held")

    team = start(2, work, "team")
    while not all(Path(f"{rank}.waits").exists() for rank in (0, 1)):
        time.sleep(0.05)
    others = [together(size, lambda _rank: trace("held"), f"other{size}") for size in (1, 2)]
    os.kill(team[0], signal.SIGKILL)
    os.waitpid(team[0], 0)
    others.append(together(3, lambda _rank: trace("held"), "other3"))
    go.touch()
    return [*others, end(team[1:]), together(2, lambda _rank: trace("held"), "last")]


if __name__ == "__main__":
    load_vlm(MODEL, device="cpu")
    pipeline.UNIT = 4  # two samples to a unit
    came = {}
    for scene in (shared_out, same, killed, failing, refused):
        (HOME / scene.__name__).mkdir()
        os.chdir(HOME / scene.__name__)
        came[scene.__name__] = scene()
    sys.stdout.write(json.dumps(came))
