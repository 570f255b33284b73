"""What the analysis reads of a run: its tables, once, and whether there is anything to analyse."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cached_property
from typing import Any, Protocol

import pandas as pd

from saccade.analysis.sources import clustered
from saccade.errors import SaccadeError
from saccade.samples import Trace
from saccade.store import Run, Source, ask


class RunLike(Protocol):
    """The part of `saccade.store.Run` that is used here."""

    def __len__(self) -> int:
        """How many traces."""
        ...

    def __getitem__(self, index: int, /) -> Trace:
        """One trace."""
        ...

    def tokens(self) -> pd.DataFrame:
        """One row per response token."""
        ...

    def rollouts(self) -> pd.DataFrame:
        """One row per response, in the order of the traces."""
        ...

    def skipped(self) -> pd.DataFrame:
        """What could not be processed: stage, sample_id, index, reason."""
        ...


class Tables:
    """The tables of one run, read once however many figures ask for them."""

    def __init__(self, run: RunLike) -> None:
        """Refuse a run without responses, or one that has not been probed."""
        self.run = run
        where = getattr(run, "path", "RUN")
        if len(run) == 0:
            raise SaccadeError(
                f"The run {where} holds no responses, so there is nothing to analyse. "
                f"Roll a model out first: `saccade trace MODEL TASK --out {where}`."
            )
        if ask(self.source, "SELECT 1 FROM tokens LIMIT 1").empty:
            raise SaccadeError(
                f"The run {where} holds {len(run)} responses and no traces, so there is nothing "
                f"to analyse. Measure them first: `saccade probe {where}`."
            )

    @cached_property
    def source(self) -> Source:
        """What can be asked in SQL: the run, its tokens held, or the tokens of one without SQL."""
        return self.run.hold() if isinstance(self.run, Run) else self.run.tokens()

    @cached_property
    def rollouts(self) -> pd.DataFrame:
        """One row per rollout; with `cluster` where questions share an image."""
        return clustered(self.run.rollouts(), self.source)


def run_facts(run: RunLike) -> dict[str, str]:
    """What the run was made with, as its manifest says it."""
    manifest = getattr(run, "manifest", {})
    return _flat(asdict(manifest) if is_dataclass(manifest) else manifest)  # type: ignore[arg-type]


def _flat(values: Mapping[str, Any], *, prefix: str = "") -> dict[str, str]:
    """Plain values by dotted name, in their own order."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, prefix=f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            if all(isinstance(item, str | int | float) for item in value):
                found[f"{prefix}{name}"] = ", ".join(map(str, value))
        elif value is not None and value != "":
            found[f"{prefix}{name}"] = str(value)
    return found


def skipped(run: RunLike) -> dict[str, int]:
    """How many samples and responses were skipped, by stage and reason; the most frequent first."""
    frame = run.skipped()
    if frame.empty:
        return {}
    counts = (frame["stage"] + ": " + frame["reason"]).value_counts(sort=False)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return {str(name): int(n) for name, n in ranked}


def ten_digits(frame: pd.DataFrame) -> pd.DataFrame:
    """The same numbers to ten digits, also those of `attrs`.

    Sums that are taken in parallel differ in the last of their digits. What is drawn, said and
    written from these is the same, byte for byte, each time.
    """
    floats = list(frame.select_dtypes("float").columns)
    rounded = {str(name): frame[name].map(_rounded) for name in floats}
    found = frame.assign(**rounded)
    found.attrs = rounded_all(frame.attrs)
    return found


def rounded_all(value: Any) -> Any:
    """The same with every float to ten digits, all through mappings, lists and tuples."""
    if isinstance(value, Mapping):
        return {name: rounded_all(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(rounded_all, value))
    return _rounded(value) if isinstance(value, float) else value


def _rounded(value: float) -> float:
    """A number to ten digits."""
    return float(f"{value:.10g}")
