"""Probing: rollouts in, one `Trace` each out; a rollout that cannot be measured says why.

`probe` collects, `iter_traces` streams (a long run writes as it goes). How the numbers are found is
`measuring.py`; what they are, `signals.py`. A batch moves a value by float rounding alone: a
response probed alone, padded or in another order gets the same numbers, in float32 to a few
millionths (of the value, where it is above 1: k3 is an exponential and magnifies rounding by its
own size).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, repeat
from typing import Any

import numpy as np
from torch import Tensor

from saccade.batches import Count, Progress, prompt_length, sorted_out
from saccade.errors import SaccadeError
from saccade.models import VLM, unfit
from saccade.probes.draws import Asked, swapped
from saccade.probes.measuring import measure
from saccade.probes.packing import Fit, packed
from saccade.probes.patches import image_grids
from saccade.probes.settings import PAPER_SIGNALS, Probing
from saccade.samples import (
    MAPPED,
    ImageTokens,
    Rollout,
    Rollouts,
    Sample,
    Skipped,
    Trace,
    Traces,
)


def probe(
    vlm: VLM,
    rolls: Rollouts,
    *,
    signals: Sequence[str] = PAPER_SIGNALS,
    ablation: str = "blind",
    draws: int = 1,
    batch_size: int = 8,
    temperature: float | None = None,
    layers: Sequence[int] | None = None,
    maps: Sequence[str] = (),
    progress: Progress | None = None,
) -> Traces:
    """Measure what every response token did; see `Probing` for the settings.

    A response to a prompt without an image has no visual signals. `progress` is called after each
    rollout.
    """
    settings = Probing(
        signals=_listed(signals),
        ablation=ablation,
        draws=draws,
        batch_size=batch_size,
        temperature=temperature,
        layers=_listed(layers),
        maps=_listed(maps),
    )
    outcomes = iter_traces(vlm, rolls, rolls.samples, settings)
    return Traces(*sorted_out(Count(progress, len(rolls)).through(outcomes)))


def _listed(given: Any) -> Any:
    """A list as a tuple; anything else, such as a lone word, is left for `Probing` to refuse."""
    return given if given is None or isinstance(given, str) else tuple(given)


def check_layers(vlm: VLM, settings: Probing) -> None:
    """Refuse settings that this model cannot be measured with."""
    states = len(vlm.layers) + 1
    if settings.layers is not None and max(settings.layers) >= states:
        raise SaccadeError(
            f"layers must lie between 0 and {states - 1} for {vlm.name},"
            f" got {list(settings.layers)}."
        )


def iter_traces(
    vlm: VLM, rollouts: Iterable[Rollout], samples: Mapping[str, Sample], settings: Probing
) -> Iterator[Trace | Skipped]:
    """Yield one outcome per rollout, in their order: its trace, or why there is none.

    Responses are packed into batches by length (see `packing.py`).
    `samples` are those the rollouts answer and, for `swap`, those whose images it may take: give
    the same ones each time a run is resumed.
    """
    check_layers(vlm, settings)

    def traced(batch: list[Asked]) -> list[Trace | Skipped]:
        """What comes of some that are measured together."""
        found = measure(vlm, batch, settings, samples=samples)
        grids = _grids(vlm, batch) if "patches" in settings.maps else [()] * len(batch)
        return list(map(_trace, repeat(vlm), batch, found, grids))

    yield from packed(_checked(vlm, rollouts, samples, settings), settings.batch_size, traced)


def _checked(
    vlm: VLM, rollouts: Iterable[Rollout], samples: Mapping[str, Sample], settings: Probing
) -> Iterator[Fit | Skipped]:
    """Each rollout with its sample, or why it cannot be measured, before a pass is spent on it."""
    for (sample_id, prompt), its in groupby(rollouts, lambda r: (r.sample_id, r.prompt)):
        group = list(its)
        try:
            if sample_id not in samples:
                raise SaccadeError("the rollout's sample must be among those given, but is not.")
            sample = samples[sample_id]
            length = prompt_length(vlm, prompt, sample.images)
            if _needs_layout(settings):
                image_grids(vlm, prompt, sample.images)
            for other in swapped(vlm, (sample, group[0]), settings, samples):
                length = max(length, prompt_length(vlm, prompt, other.images))
        except SaccadeError as error:
            yield from (Skipped(sample_id, "probe", str(error), r.index) for r in group)
            continue
        for rollout in group:
            if reason := _reason(vlm, length, rollout):
                yield Skipped(sample_id, "probe", reason, rollout.index)
            else:
                yield Fit((sample, rollout), length)


def _needs_layout(settings: Probing) -> bool:
    """Whether it matters which image token shows which part of an image."""
    patches = "patches" in settings.chosen.ablation.needs and settings.compares
    return bool({"images", "patches"} & {*settings.maps}) or patches


def _reason(vlm: VLM, prompt_length: int, rollout: Rollout) -> str:
    """Why a response cannot be measured; empty if it can."""
    if not rollout.response_ids:
        return "the response is empty, so there is no token to measure."
    reason: str = unfit(vlm, prompt_length, rollout.response_ids)
    return reason


def _grids(vlm: VLM, batch: Sequence[Asked]) -> list[tuple[ImageTokens, ...]]:
    """Of each response the grids of its images, found once per prompt."""
    known: dict[tuple[str, str], tuple[ImageTokens, ...]] = {}
    keys = [(sample.id, rollout.prompt) for sample, rollout in batch]
    for key, (sample, rollout) in zip(keys, batch, strict=True):
        if key not in known:
            known[key] = image_grids(vlm, rollout.prompt, sample.images)
    return [known[key] for key in keys]


def _trace(
    vlm: VLM, asked: Asked, columns: Mapping[str, Tensor], grids: tuple[ImageTokens, ...]
) -> Trace | Skipped:
    """The trace, unless a number in it is none."""
    sample, rollout = asked
    measured = {name: values.float().cpu().numpy() for name, values in columns.items()}
    signals = {name: values for name, values in measured.items() if values.ndim == 1}
    for name, values in signals.items():
        if not np.isfinite(values).all():
            place = int(np.flatnonzero(~np.isfinite(values))[0])
            reason = (
                f"{name} is not finite at response token {place}: the model's logits or hidden"
                " states hold NaN or infinity; check the checkpoint, or load it in float32 or"
                " bfloat16."
            )
            return Skipped(sample.id, "probe", reason, rollout.index)
    maps = {
        kind: {
            name.removeprefix(f"{kind}."): values
            for name, values in measured.items()
            if name.startswith(f"{kind}.")
        }
        for kind in MAPPED
    }
    text = token_texts(vlm, rollout.response_ids)
    return Trace(sample, rollout, text, signals, **maps, grids=grids if maps["patches"] else ())


def token_texts(vlm: VLM, ids: Sequence[int]) -> tuple[str, ...]:
    """Each token decoded alone, as a reader would see it.

    A token that holds only part of a character shows as U+FFFD. Tokenizers that mark a word's start
    drop that space when a token stands alone; it is put back, since it is where words begin. An id
    that only pads the embedding has no piece and no text.
    """
    pieces = vlm.tokenizer.convert_ids_to_tokens(list(ids))
    return tuple(
        " " + text if (piece or "").startswith("▁") and not text.startswith(" ") else text
        for piece, text in zip(pieces, (vlm.tokenizer.decode([i]) for i in ids), strict=True)
    )
