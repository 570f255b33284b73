"""A task, a model and a run folder put together: roll out, probe, or both.

Work goes in units of about `UNIT` responses, each written whole when it is done. Killed at any
moment and called again with the same words, every function here goes on where it was. What fails
for one sample is written down with its reason, and the rest goes on.

Launched in several processes (see `team.py`), each does its share of the units that are left. What
a unit holds depends on nobody's share, so the run is the same as one process's.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from saccade.batches import Count, Progress, sorted_out
from saccade.models import VLM
from saccade.probes import Probing, iter_traces
from saccade.probes.doctor import fit_to_probe
from saccade.probes.traces import check_layers
from saccade.rollouts import Sampling, iter_rollouts
from saccade.samples import Sample
from saccade.store import Manifest, Run, RunWriter, open_run
from saccade.team import Team

UNIT = 64
"""Responses in a unit, or one sample's if those are more. Not a setting: what a unit's name stands
for must not change while a run is resumed."""


class Stored(Mapping[str, Sample]):
    """All samples of a run by id, each read when it is asked for.

    All of them, whatever unit is at work: an ablation that takes another sample's image then takes
    the same one after an interruption.
    """

    def __init__(self, run: Run) -> None:
        self._run, self._ids = run, dict.fromkeys(run.samples().ids)

    def __getitem__(self, sample_id: str) -> Sample:
        """The sample, or a SaccadeError that says why it can no longer be read."""
        return self._run.sample(sample_id)

    def __contains__(self, sample_id: object) -> bool:
        """Whether the run has it; nothing is read."""
        return sample_id in self._ids

    def __iter__(self) -> Iterator[str]:
        """The ids, in the run's order."""
        return iter(self._ids)

    def __len__(self) -> int:
        """How many samples."""
        return len(self._ids)


def trace(
    vlm: VLM,
    samples: Sequence[Sample],
    out: str | Path,
    *,
    task: Mapping[str, Any],
    sampling: Sampling | None = None,
    probing: Probing | None = None,
    notes: Mapping[str, Any] | None = None,
    on_rollout: Progress | None = None,
    on_probe: Progress | None = None,
) -> Run:
    """Roll a model out on samples and probe what it said: the run in `out`, made or completed.

    Both halves' settings are compared before any work is done; `notes` are only recorded.
    `on_rollout` counts samples, `on_probe` responses.
    """
    sampling, probing = sampling or Sampling(), probing or Probing()
    check_layers(vlm, probing)
    words = replace(_words(vlm, task, sampling), probe=settings_words(probing), notes=notes or {})
    with writing(out, words):
        pass
    roll_out(vlm, samples, out, task=task, sampling=sampling, on_progress=on_rollout)
    return probe_run(out, vlm, probing, on_progress=on_probe)


def roll_out(
    vlm: VLM,
    samples: Sequence[Sample],
    out: str | Path,
    *,
    task: Mapping[str, Any],
    sampling: Sampling | None = None,
    on_progress: Progress | None = None,
) -> Run:
    """Let the model answer the samples, into the run folder `out`.

    `task` says in the manifest which samples these are; it is compared when the run is resumed.
    Samples that know their `ids` without being drawn, as a `LabTask` does, are drawn only when
    their turn comes.
    """
    sampling = sampling or Sampling()
    with writing(out, _words(vlm, task, sampling)) as writer:
        units = _units(samples, sampling.n)
        work, count = _share(units, writer.done_units(), on_progress)
        for unit, places in work.items():
            outcomes = iter_rollouts(vlm, (samples[place] for place in places), sampling)
            groups, skipped = sorted_out(count.through(outcomes))
            writer.write_rollouts(
                unit,
                [group.sample for group in groups],
                [rollout for group in groups for rollout in group.rollouts],
                skipped=skipped,
            )
    return open_run(out)


def probe_run(
    path: str | Path,
    vlm: VLM,
    probing: Probing | None = None,
    *,
    on_progress: Progress | None = None,
) -> Run:
    """Measure the responses of a run with the model that gave them, into the same folder.

    The doctor's cheap checks come first; what they found is kept in the manifest. Another model is
    refused, since its numbers would stand beside the first one's words: compare models in runs of
    their own.
    """
    probing = probing or Probing()
    check_layers(vlm, probing)
    run = open_run(path)
    words = replace(run.manifest, model=model_words(vlm), probe=settings_words(probing))
    with writing(path, words) as writer:
        run.refresh()
        units = run.units()  # first: it leaves out what turns out to be damaged
        samples, done = Stored(run), writer.done_units("traces")
        if Team.here().first and not writer.manifest.checks and units.keys() - done:
            writer.stamp(checks=fit_to_probe(vlm))  # nobody gets a share before
        work, count = _share(units, done, on_progress)
        for unit, places in work.items():
            rollouts = [run.rollout(place) for place in places]
            outcomes = count.through(iter_traces(vlm, rollouts, samples, probing))
            traces, skipped = sorted_out(outcomes)
            writer.write_traces(unit, traces, skipped=skipped)
    run.refresh()
    return run


@contextmanager
def writing(path: str | Path, words: Manifest) -> Iterator[RunWriter]:
    """A writer in each process: the first begins the run or cleans up, then the others join.

    It begins when all are here, so that whoever fails from then on is missed at once, and ends when
    all have written what is theirs.
    """
    team = Team.here()
    team.wait()
    with _opened(team, path, words) as writer:
        yield writer
    team.wait()


def _opened(team: Team, path: str | Path, words: Manifest) -> RunWriter:
    if not team.first:
        team.wait()
        return RunWriter.join(path, words)
    writer = RunWriter.open(path, words)
    if not team.alone:
        writer.share()
        team.wait()
    return writer


def _share(
    units: Mapping[str, Sequence[int]], done: Collection[str], progress: Progress | None
) -> tuple[dict[str, Sequence[int]], Count]:
    """This process's share of the units that are left, and a count of it on top of what is done."""
    mine = Team.here().share([unit for unit in units if unit not in done])
    before = sum(len(places) for unit, places in units.items() if unit in done)
    count = Count(progress, before + sum(len(units[unit]) for unit in mine))
    count.add(before)
    return {unit: units[unit] for unit in mine}, count


def _units(samples: Sequence[Sample], n: int) -> dict[str, list[int]]:
    """The places of the samples in each unit, by its name.

    Samples with one id are in one unit, that of the first: only there can it be seen which of them
    is kept.
    """
    ids = getattr(samples, "ids", None) or [sample.id for sample in samples]
    size, first = max(1, UNIT // n), dict[str, int]()
    units: dict[str, list[int]] = {}
    for place, name in enumerate(ids):
        number = first.setdefault(name, place) // size
        units.setdefault(f"{number:06d}", []).append(place)
    return units


def _words(vlm: VLM, task: Mapping[str, Any], sampling: Sampling) -> Manifest:
    return Manifest(model=model_words(vlm), task=task, rollout=settings_words(sampling))


def model_words(vlm: VLM) -> dict[str, str]:
    """What a manifest says of a model."""
    return {
        "name": vlm.name,
        "class": type(vlm.model).__name__,
        "dtype": str(vlm.model.dtype).removeprefix("torch."),
        "fingerprint": vlm.fingerprint,
    }


def settings_words(settings: Sampling | Probing) -> dict[str, Any]:
    """Settings without the batch size, which a run may be resumed with another of.

    An empty list says nothing: a run from before there was such a setting has none either.
    """
    return {
        name: value
        for name, value in asdict(settings).items()
        if name != "batch_size" and value != ()
    }
