"""A task, a model and a run folder put together: roll out, probe, or both.

Work goes in units of about `UNIT` responses, each written whole when it is done. Killed at any
moment and called again with the same words, every function here goes on where it was. What fails
for one sample is written down with its reason, and the rest goes on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from saccade.batches import Count, Progress, sorted_out
from saccade.models import VLM
from saccade.probes import Probing, iter_traces
from saccade.probes.doctor import fit_to_probe
from saccade.rollouts import Sampling, iter_rollouts
from saccade.samples import Sample, Skipped
from saccade.store import Manifest, Run, RunWriter, open_run

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
    on_rollout: Progress | None = None,
    on_probe: Progress | None = None,
) -> Run:
    """Roll a model out on samples and probe what it said: the run in `out`, made or completed.

    Both halves' settings are compared before any work is done. `on_rollout` counts samples,
    `on_probe` responses.
    """
    sampling, probing = sampling or Sampling(), probing or Probing()
    words = replace(_words(vlm, task, sampling), probe=_settings(probing))
    RunWriter.open(out, words).close()
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
    """
    sampling = sampling or Sampling()
    count = Count(on_progress, len(samples))
    with RunWriter.open(out, _words(vlm, task, sampling)) as writer:
        done = writer.done_units()
        for unit, places in _units(len(samples), sampling.n):
            if unit in done:
                count.add(len(places))
                continue
            fresh, doubles = _told_apart(writer, unit, (samples[place] for place in places))
            count.add(len(doubles))
            groups, skipped = sorted_out(count.through(iter_rollouts(vlm, fresh, sampling)))
            writer.write_rollouts(
                unit,
                [group.sample for group in groups],
                [rollout for group in groups for rollout in group.rollouts],
                skipped=[*doubles, *skipped],
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
    run = open_run(path)
    words = replace(run.manifest, model=_model(vlm), probe=_settings(probing))
    with RunWriter.open(path, words) as writer:
        run.refresh()
        units = run.units()  # first: it leaves out what turns out to be damaged
        samples = Stored(run)
        done, count = writer.done_units("traces"), Count(on_progress, len(run))
        if not writer.manifest.checks and set(units) - done:
            writer.stamp(checks=fit_to_probe(vlm))
        for unit, places in units.items():
            if unit in done:
                count.add(len(places))
                continue
            rollouts = [run.rollout(place) for place in places]
            outcomes = count.through(iter_traces(vlm, rollouts, samples, probing))
            traces, skipped = sorted_out(outcomes)
            writer.write_traces(unit, traces, skipped=skipped)
    run.refresh()
    return run


def _units(count: int, n: int) -> Iterator[tuple[str, range]]:
    """Names of the units, and the places of their samples."""
    size = max(1, UNIT // n)
    for number, start in enumerate(range(0, count, size)):
        yield f"{number:06d}", range(start, min(start + size, count))


def _words(vlm: VLM, task: Mapping[str, Any], sampling: Sampling) -> Manifest:
    return Manifest(model=_model(vlm), task=task, rollout=_settings(sampling))


def _model(vlm: VLM) -> dict[str, str]:
    return {
        "name": vlm.name,
        "class": type(vlm.model).__name__,
        "dtype": str(vlm.model.dtype).removeprefix("torch."),
        "fingerprint": vlm.fingerprint,
    }


def _settings(settings: Sampling | Probing) -> dict[str, Any]:
    """Settings without the batch size, which a run may be resumed with another of.

    An empty list says nothing: a run from before there was such a setting has none either.
    """
    return {
        name: value
        for name, value in asdict(settings).items()
        if name != "batch_size" and value != ()
    }


def _told_apart(
    writer: RunWriter, unit: str, samples: Iterable[Sample]
) -> tuple[list[Sample], list[Skipped]]:
    """The samples of a unit, and those whose id an earlier unit has already."""
    fresh: list[Sample] = []
    doubles: list[Skipped] = []
    for sample in samples:
        if writer.unit_of(sample.id) in (None, unit):
            fresh.append(sample)
        else:
            reason = "sample ids must be unique, and an earlier sample has this one too."
            doubles.append(Skipped(sample.id, "rollout", reason))
    return fresh, doubles
