"""What the analysis reads of a run: its tables, once, and whether there is anything to analyse."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol

import pandas as pd

from saccade.errors import SaccadeError
from saccade.samples import Trace


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
        """One row per rollout."""
        ...


class Tables:
    """The tables of one run, read once however many figures ask for them."""

    def __init__(self, run: RunLike) -> None:
        """Refuse a run that has not been probed."""
        if len(run) == 0:
            where = getattr(run, "path", "RUN")
            raise SaccadeError(
                f"The run {where} holds no traces, so there is nothing to analyse. "
                f"Measure its responses first: `saccade probe {where}`."
            )
        self.run = run

    @cached_property
    def tokens(self) -> pd.DataFrame:
        """One row per response token."""
        return self.run.tokens()

    @cached_property
    def rollouts(self) -> pd.DataFrame:
        """One row per rollout."""
        return self.run.rollouts()


def facts(manifest: Mapping[str, Any], *, prefix: str = "") -> dict[str, str]:
    """The manifest's plain values by dotted name, in its own order; long lists are left out."""
    found: dict[str, str] = {}
    for name, value in manifest.items():
        if isinstance(value, Mapping):
            found |= facts(value, prefix=f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            if all(isinstance(item, str | int | float) for item in value):
                found[f"{prefix}{name}"] = ", ".join(map(str, value))
        elif value is not None and value != "":
            found[f"{prefix}{name}"] = str(value)
    return found


def skipped(run: RunLike) -> dict[str, int]:
    """How many samples and responses were skipped, by stage and reason."""
    counts: dict[str, int] = {}
    for item in getattr(run, "skipped", ()):
        name = f"{item.stage}: {item.reason}"
        counts[name] = counts.get(name, 0) + 1
    return counts
