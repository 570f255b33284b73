"""The responses of one run as another model reads them: teacher-forced, into a run of its own.

That run is one like any other: its rollouts are the source's, its traces the reader's, taken with
the settings the source was probed with. So both models' numbers are there for the same tokens.
Killed at any moment and called again with the same words, it goes on where it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saccade.batches import Progress
from saccade.errors import SaccadeError
from saccade.models import VLM, encode
from saccade.pipeline import model_words, probe_run, settings_words, writing
from saccade.probes import Probing
from saccade.probes.traces import check_layers, token_texts
from saccade.samples import Rollout, Sample, Skipped
from saccade.store import SCHEMA_VERSION, Manifest, Run, RunWriter, open_run
from saccade.team import Team


def force(
    vlm: VLM,
    source: Run | str | Path,
    out: str | Path,
    *,
    questions: Sequence[str] | None = None,
    batch_size: int = 16,
    on_progress: Progress | None = None,
) -> Run:
    """Let a model score the responses of a probed run, into the run folder `out`.

    Of all its questions, or of those with these ids. Refused before anything is written if the
    model does not read them as they were said: with another vocabulary the same ids are other
    words.
    """
    given = source if isinstance(source, Run) else open_run(source)
    probing = probed_with(given, batch_size=batch_size)
    check_layers(vlm, probing)
    check_reader(vlm, given)
    with writing(out, _words(vlm, given, probing, questions)) as writer:
        if Team.here().first:
            _copy(given, writer, questions, swaps=probing.chosen.ablation.changes == "images")
    return probe_run(out, vlm, probing, on_progress=on_progress)


def probed_with(run: Run, *, batch_size: int) -> Probing:
    """The settings that a run was probed with."""
    told = run.manifest.probe
    if told is None or not run.signals:
        raise SaccadeError(
            f"{run.path} must be probed before another model reads its responses, so that there is"
            f" something to compare: `saccade probe {run.path}`."
        )
    plain = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
    return Probing(**plain, batch_size=batch_size)


def check_reader(vlm: VLM, given: Run) -> None:
    """Refuse a model that would read other words in the responses of a run, or no image."""
    _check_vocabulary(vlm, given)
    _check_sight(vlm, given)


def _words(vlm: VLM, given: Run, probing: Probing, questions: Sequence[str] | None) -> Manifest:
    """The source's words, the reader's name, and whose responses these are."""
    told = given.manifest
    source: dict[str, Any] = {
        "fingerprint": told.model.get("fingerprint"),
        "created": told.created,
    }
    if questions is not None:
        source["questions"] = list(questions)
    return replace(
        told,
        model=model_words(vlm),
        rollout={**told.rollout, "source": source},
        probe=settings_words(probing),
        checks={},
        notes={**told.notes, "responses_of": told.model.get("name"), "source": str(given.path)},
        schema_version=SCHEMA_VERSION,
    )


def _copy(given: Run, writer: RunWriter, questions: Sequence[str] | None, *, swaps: bool) -> None:
    """The units that are not here yet; a sample that cannot be read is skipped, with its reason.

    If the probing `swaps` images, samples come along that nothing is asked of: so each question has
    the partner that it had in the source.
    """
    units, done = given.units(), writer.done_units()
    wanted = set(given.samples().ids if questions is None else questions)
    for unit, places in units.items():
        if unit in done:
            continue
        spoken = [given.rollout(place) for place in places]
        rollouts = [each for each in spoken if each.sample_id in wanted]
        shown = dict.fromkeys(each.sample_id for each in (spoken if swaps else rollouts))
        found = {name: _sample(given, name) for name in shown}
        samples = {name: each for name, each in found.items() if isinstance(each, Sample)}
        writer.write_rollouts(
            unit,
            samples.values(),
            [each for each in rollouts if each.sample_id in samples],
            skipped=[each for each in found.values() if isinstance(each, Skipped)],
        )


def _sample(given: Run, sample_id: str) -> Sample | Skipped:
    """A sample of the source, or why it can no longer be read."""
    try:
        return given.sample(sample_id)
    except SaccadeError as error:
        return Skipped(sample_id, "rollout", str(error))


def _check_vocabulary(vlm: VLM, given: Run) -> None:
    """Every token that was said must be the same text to this model."""
    said = given.sql("SELECT DISTINCT token_id, token FROM tokens ORDER BY token_id, token")
    ids = [int(each) for each in said["token_id"]]
    for id_, theirs, ours in zip(ids, said["token"], token_texts(vlm, ids), strict=True):
        if theirs != ours:
            raise SaccadeError(
                f"{vlm.name} must have the vocabulary in which the responses of {given.path} were"
                f" said, but token {id_} is {theirs!r} there and {ours!r} to it. Only models with"
                " one tokenizer can read the same responses."
            )


def _check_sight(vlm: VLM, given: Run) -> None:
    """The prompts must show this model their images: each family marks the place in its own way."""
    for sample, rollout in _readable(given):
        try:
            ids = encode(vlm, [rollout.prompt], [sample.images])["input_ids"]
        except SaccadeError as error:
            raise SaccadeError(_BLIND.format(vlm.name, given.path)) from error
        if not bool((ids == vlm.image_token_id).any()):
            raise SaccadeError(_BLIND.format(vlm.name, given.path))
        return


_BLIND = (
    "{} must find the images in the prompts of {}, but these mark their place in another way. Only"
    " models of one family can read the same responses."
)


def _readable(given: Run) -> Iterator[tuple[Sample, Rollout]]:
    """Responses to samples with images that can be read, in order."""
    for place in range(len(given)):
        rollout = given.rollout(place)
        sample = _sample(given, rollout.sample_id)
        if isinstance(sample, Sample) and sample.images:
            yield sample, rollout
