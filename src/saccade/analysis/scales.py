"""Colour scales for tokens: pinned over a whole run, so that two responses can be compared.

A scale turns a value into an intensity from 0 (no colour) to 1 (full colour). Scaling every
response by its own extremes would colour a dull response like a remarkable one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saccade.analysis.labels import label
from saccade.analysis.measured import exact
from saccade.store import Run, Source, ask, signals_of

LOW, HIGH = 2.0, 98.0
"""Percentiles of the run's tokens where colour starts and where it is full."""

MOST = 4000
"""Responses of a run that are asked: percentiles of a million tokens do not move any more."""

_DRAWN = """
SELECT {edges} FROM tokens SEMI JOIN (
    SELECT response FROM tokens WHERE position = 0 ORDER BY md5(response::VARCHAR) LIMIT {most}
) USING (response)
"""


@dataclass(frozen=True)
class Scale:
    """No colour at `zero`, full colour at `full`; `full` lies below where low is remarkable."""

    zero: float
    full: float

    def intensity(self, values: ArrayLike) -> NDArray[np.float64]:
        """Values to 0..1, clipped; missing stays NaN."""
        given = np.asarray(values, dtype=np.float64)
        given = np.where(np.isfinite(given), given, np.nan)
        span = self.full - self.zero
        return given * 0 if span == 0 else np.clip((given - self.zero) / span, 0, 1)


def pinned_scale(values: ArrayLike, signal: str) -> Scale | None:
    """The scale of one signal over a run's tokens; None where nothing was measured."""
    given = np.asarray(values, dtype=np.float64)
    given = given[np.isfinite(given)]
    if given.size == 0:
        return None
    return _scale(signal, *map(float, np.percentile(given, [LOW, HIGH])))


def pinned_scales(tokens: Source, signals: Iterable[str]) -> dict[str, Scale]:
    """The scales of those signals that the run, or the table of its tokens, has.

    Of a run of more than 4,000 responses so many are asked, always the same ones.
    """
    present = signals_of(tokens)
    names = [name for name in signals if name in present]
    if not isinstance(tokens, Run):
        own = {name: pinned_scale(tokens[name].astype("float64"), name) for name in names}
        return {name: scale for name, scale in own.items() if scale is not None}
    if not names:
        return {}
    edges = ", ".join(
        f"quantile_cont({exact(name)}, [{LOW / 100}, {HIGH / 100}])" for name in names
    )
    row = ask(tokens, _DRAWN.format(edges=edges, most=MOST)).iloc[0]
    return {
        name: _scale(name, *map(float, found))
        for name, found in zip(names, row, strict=True)
        if found is not None
    }


def common_scales(sources: Iterable[Source], signals: Sequence[str]) -> dict[str, Scale]:
    """One scale per signal for several runs: as wide as the scales of all of them together."""
    found: dict[str, Scale] = {}
    for source in sources:
        for name, own in pinned_scales(source, signals).items():
            found[name] = _wider(found.get(name, own), own)
    return found


def _scale(signal: str, low: float, high: float) -> Scale:
    """From the two percentiles, or from the value that means nothing."""
    words = label(signal)
    start, full = (high, low) if words.falls else (low, high)
    return Scale(start if words.anchor is None else words.anchor, full)


def _wider(one: Scale, other: Scale) -> Scale:
    """From the lesser to the greater end of both, or the other way round where low is full."""
    pick = (min, max) if one.full >= one.zero else (max, min)
    return Scale(pick[0](one.zero, other.zero), pick[1](one.full, other.full))
