"""Runs or checkpoints compared: traced where need be, each read by the other, one report."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from saccade import commands
from saccade.analysis import Tables, render
from saccade.analysis.comparing import Pair, check_common, sampled_otherwise
from saccade.analysis.report.files import slug
from saccade.analysis.report.folder import check_folder
from saccade.batches import Progress
from saccade.errors import SaccadeError
from saccade.forcing import check_reader, force, probed_with
from saccade.models import VLM, load_vlm
from saccade.store import Run, open_run
from saccade.store.manifest import MANIFEST_NAME
from saccade.team import Team
from saccade.terminal import progress, quiet_libraries


def check_names(names: Sequence[str], task: str | None) -> None:
    """Refuse what is neither runs alone, nor checkpoints alone with a task."""
    if len(names) < 2:
        raise SaccadeError(f"compare takes two or more different runs, got {', '.join(names)}.")
    _check_different(names)
    runs = [name for name in names if (Path(name) / MANIFEST_NAME).is_file()]
    others = [name for name in names if name not in runs]
    if task is not None and runs:
        raise SaccadeError(
            f"{runs[0]} is a run; --task goes with checkpoints, which are traced on it first."
        )
    if task is None and runs and others:
        raise SaccadeError(
            f"compare takes runs alone or checkpoints alone, but {runs[0]} is a run and"
            f" {others[0]} is not. Name runs, which `saccade trace` makes, or checkpoints with"
            " --task."
        )
    if task is None and others:
        raise SaccadeError(
            f"{others[0]} is not a run. Name folders that saccade wrote, or checkpoints with"
            " --task."
        )


def _check_different(names: Sequence[str]) -> None:
    """Refuse one run or checkpoint under two names, or under one name twice."""
    seen: dict[str | Path, str] = {}
    for name in names:
        place = Path(name).resolve() if Path(name).is_dir() else name
        if place in seen:
            raise SaccadeError(
                f"compare takes two or more different runs, but {seen[place]} and {name} are the"
                " same one."
            )
        seen[place] = name


def compare(
    names: Sequence[str], out: Path, *, task: str | None, **words: Any
) -> tuple[Path | None, list[str]]:
    """`saccade compare`: the path of the report, and what it says of the comparison as a whole.

    That is how the runs differ besides the model, and why anything was left out. The first and the
    last read each other's responses; of several processes the first writes the report. What can be
    refused is, before a model is loaded.
    """
    check_folder(out)
    runs = _checked(_opened(names)) if task is None else _traced(names, task, out, words)
    check_common(runs)
    quiet_libraries()
    reading = ("device", "trust_remote_code", "batch_size")
    forced, left_out = read_each_other(
        runs, out / "runs", progress=progress, **{name: words[name] for name in reading}
    )
    notices = [*sampled_otherwise(runs), *left_out]
    if not Team.here().first:
        return None, notices
    with progress("drawn") as drawn:
        page = render(runs, out, forced=forced, notices=notices, on_progress=drawn)
    return page, notices


def _opened(names: Sequence[str]) -> dict[str, Run]:
    """Runs by the names of their folders, or by their paths where two have one name."""
    short = [Path(name).resolve().name for name in names]
    return {
        name if short.count(own) > 1 else own: open_run(name)
        for name, own in zip(names, short, strict=True)
    }


def _checked(runs: dict[str, Run]) -> dict[str, Run]:
    """The same runs, if they hold what a report and another model's reading need."""
    for run in runs.values():
        Tables(run)
        probed_with(run, batch_size=1)
    return runs


def _traced(names: Sequence[str], task: str, out: Path, words: dict[str, Any]) -> dict[str, Run]:
    """A run of each checkpoint, made or gone on with."""
    runs = {}
    for name in names:
        folder = out / "runs" / slug(name)
        commands.trace(name, task, folder, **words, revision=None)
        runs[name] = open_run(folder)
    return runs


def read_each_other(
    runs: Mapping[str, Run],
    folder: Path,
    *,
    progress: Callable[[str], AbstractContextManager[Progress]],
    questions: Sequence[str] | None = None,
    device: str | None = None,
    trust_remote_code: bool = False,
    batch_size: int = 16,
) -> tuple[dict[str, Pair], list[str]]:
    """The first and the last model on the responses of either (to some questions, or to all).

    By who gave them; what a model cannot read, and why, is said instead.
    """
    (before, first), *_between, (after, last) = runs.items()
    found, notices = {}, []
    for speaker, given, reader, own in (
        (before, first, after, last),
        (after, last, before, first),
    ):
        try:
            vlm = _reader(own, given, device=device, trust_remote_code=trust_remote_code)
        except SaccadeError as error:
            notices.append(f"Not compared on the responses of {speaker}: {error}")
            continue
        with progress(f"responses of {speaker} read by {reader}") as done:
            path = folder / f"{slug(speaker)}-read-by-{slug(reader)}"
            read = force(
                vlm,
                given,
                path,
                questions=questions,
                batch_size=batch_size,
                on_progress=done,
            )
        found[speaker] = Pair(given, read) if speaker == before else Pair(read, given)
    return found, notices


def _reader(run: Run, responses: Run, *, device: str | None, trust_remote_code: bool) -> VLM:
    """The model of one run, as it was when it spoke, if it can read the responses of another."""
    told = run.manifest.model
    if not told.get("name"):
        raise SaccadeError(f"{run.path} must say which model gave its responses, and does not.")
    vlm = load_vlm(
        told["name"],
        device=device,
        dtype=told.get("dtype") or "auto",
        trust_remote_code=trust_remote_code,
    )
    if told.get("fingerprint") not in (None, vlm.fingerprint):
        raise SaccadeError(
            f"{told['name']} must be the model that {run.path} was made with, but its weights or"
            " settings have changed since. Trace it anew, or put the old one back."
        )
    check_reader(vlm, responses)
    return vlm
