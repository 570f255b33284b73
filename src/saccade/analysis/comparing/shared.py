"""Which signals mean the same in several runs, and what is to be said of these runs in a figure."""

from collections.abc import Mapping

from saccade.analysis.progress import responses_of
from saccade.analysis.sources import present_signals
from saccade.errors import SaccadeError
from saccade.store import Run, Source, ask

SWAPPED = ".swap"
"""How a signal ends whose ablation shows the image of another sample of the run."""


def shared_signals(*sources: Source) -> list[str]:
    """The signals that all have, in the first's order, without those that are `swapped_apart`."""
    apart = swapped_apart(*sources)
    return [name for name in _in_all(*sources) if name not in apart]


def some_signals(*sources: Source) -> list[str]:
    """`shared_signals`, refused where there are none."""
    found = shared_signals(*sources)
    if not found:
        raise SaccadeError(
            "Runs must share a signal that means the same in both, and these share none: signals of"
            " swap are left out where the runs hold other samples. Probe both alike, on the same"
            " samples."
        )
    return found


def swapped_apart(*sources: Source) -> list[str]:
    """The signals of `swap`, where the runs do not hold the same samples to swap with.

    A question then has another partner in each, and a difference would be the partners' too.
    """
    swapped = [name for name in _in_all(*sources) if name.endswith(SWAPPED)]
    return swapped if swapped and len({_samples(source) for source in sources}) > 1 else []


def remarks(runs: Mapping[str, Source]) -> str:
    """What a figure's sentence says besides: steps that do not count, signals left out."""
    told = {
        name: ask(source, f"SELECT DISTINCT step FROM {responses_of(source)}")["step"]
        for name, source in runs.items()
    }
    last = [f"{name} at step {steps.max()}" for name, steps in told.items() if len(steps) > 1]
    said = f" Of a run with several steps the last counts: {', '.join(last)}." if last else ""
    if apart := swapped_apart(*runs.values()):
        said += f" Left out, as the runs hold other samples to swap with: {', '.join(apart)}."
    return said


def _in_all(first: Source, *others: Source) -> list[str]:
    """The signals that all have, in the first's order."""
    there = [set(present_signals(other)) for other in others]
    return [name for name in present_signals(first) if all(name in names for names in there)]


def _samples(source: Source) -> frozenset[str]:
    """The samples of a run, or those that a table of tokens speaks of."""
    if isinstance(source, Run):
        return frozenset(source.samples().ids)
    return frozenset(map(str, source["sample_id"].unique()))
