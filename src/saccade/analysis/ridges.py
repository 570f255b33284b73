"""How the values of a token signal lie at each step of a training: one ridge per step.

Only numbers here; `plots/ridges.py` draws them. Bins are pinned over all steps and runs, so that
ridges compare, and tokens are counted where they lie.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.bins import Axis, axis_of
from saccade.analysis.figure import Finding
from saccade.analysis.labels import label
from saccade.analysis.measured import scored
from saccade.analysis.series import Line, Sources, remarks, series_of
from saccade.analysis.sources import check_count
from saccade.errors import SaccadeError
from saccade.samples import signal_column
from saccade.store import column_of, signals_of

SIGNALS = ("visual_similarity", "entropy", "kl")
LOGARITHMIC = ("entropy", "kl", "k3")
"""Signals that are mostly near 0, and are drawn on a logarithmic axis."""
BEYOND = 0.005
"""Share of a step's tokens that may lie beyond either end of the axis; the bin there holds them."""

COLUMNS = ["run", "signal", "step", "low", "high", "tokens", "share", "median"]

_STEPS = "SELECT DISTINCT step FROM {scored}"
_QUANTILES = """
SELECT step, quantile_cont(value, [{beyond}, .5, 1 - {beyond}]) AS quantiles, count(*) AS tokens
FROM {scored} {where} GROUP BY step ORDER BY step
"""
_COUNTS = """
SELECT step, ({place})::INTEGER AS bin, count(*) AS tokens
FROM {scored} {where} GROUP BY ALL ORDER BY ALL
"""


def signal_ridges(
    sources: Sources, *, signals: Sequence[str] = SIGNALS, bins: int = 50, most: int = 24
) -> pd.DataFrame:
    """Tokens per bin of each signal at each step of each run, with the share and the step's median.

    Of more than `most` steps as many are taken, evenly, the first and the last among them.
    """
    bins, most = check_count("bins", bins, least=2), check_count("most", most, least=2)
    series = series_of(sources, logs=False)
    parts = [_ridges(series.lines, signal, bins, most) for signal in signals]
    if all(part.empty for part in parts):
        raise SaccadeError(
            f"These trainings have none of the signals {', '.join(signals)}, so there are no "
            "ridges. Probe their responses: `saccade probe RUN`."
        )
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    frame.attrs = {
        "order": list(series.order),
        "left_out": list(series.left_out),
        "steps": max(len(line.steps) for line in series.lines),
    }
    return frame


def _ridges(lines: Sequence[Line], signal: str, bins: int, most: int) -> pd.DataFrame:
    """One signal in all runs that have it, in bins of one axis."""
    taken = [found for line in lines if len((found := _taken(line, signal, most))[1]) > 1]
    asked = [(of, steps, _ask(of, signal, _QUANTILES, steps, beyond=BEYOND)) for of, steps in taken]
    if not asked:
        return pd.DataFrame()
    ends = np.array([ends for *_, told in asked for ends in told["quantiles"]])
    logarithmic = signal.partition(".")[0] in LOGARITHMIC
    axis = axis_of(signal, float(ends.min()), float(ends.max()), logarithmic=logarithmic)
    place = axis.place("value", bins)
    return pd.concat(
        _of_steps(told, _ask(of, signal, _COUNTS, steps, place=place), axis, bins).assign(
            run=of.name
        )[COLUMNS]
        for of, steps, told in asked
    )


def _taken(line: Line, signal: str, most: int) -> tuple[Line, list[int]]:
    """The parts of a training that have the signal, and the steps that are drawn."""
    having = (part for part in line.parts if signal_column(signal, signals_of(part[0])))
    found = Line(line.name, tuple(having))
    steps = sorted({int(step) for step in _ask(found, signal, _STEPS)["step"]})
    places = np.unique(np.linspace(0, max(0, len(steps) - 1), most).round().astype(int))
    drawn = [steps[place] for place in places if steps]
    parts = tuple((source, at) for source, at in found.parts if at is None or at in drawn)
    return Line(line.name, parts), drawn


def _ask(
    line: Line, signal: str, query: str, steps: Sequence[int] = (), **words: Any
) -> pd.DataFrame:
    """The answers of all parts. One that carries its steps in its rows is asked for these alone."""
    carried = steps and all(at is None for _, at in line.parts)
    where = f"WHERE step IN ({', '.join(map(str, steps))})" if carried else ""
    return line.ask(
        lambda source: query.format(scored=scored(column_of(source, signal)), where=where, **words)
    )


def _of_steps(told: pd.DataFrame, counts: pd.DataFrame, axis: Axis, bins: int) -> pd.DataFrame:
    """Every bin of every step, empty ones too."""
    taken = sorted(told["step"])
    places = pd.MultiIndex.from_product([taken, range(bins)], names=["step", "bin"])
    tokens = counts.set_index(["step", "bin"])["tokens"].reindex(places, fill_value=0)
    edges, of_step = axis.edges(bins), told.set_index("step")
    frame = tokens.reset_index()
    step, bin_ = frame["step"], frame["bin"]
    return frame.assign(
        signal=axis.signal,
        low=edges[bin_],
        high=edges[bin_ + 1],
        share=frame["tokens"] / step.map(of_step["tokens"]),
        median=step.map(of_step["quantiles"].map(lambda ends: float(ends[1]))),
    )


def describe_ridges(frame: pd.DataFrame) -> Finding:
    """The median of each signal at the first and at the last step, and how far it moved."""
    groups = frame.groupby(["signal", "run"], sort=False)
    numbers = pd.DataFrame(
        [{"signal": signal, "run": run, **_ends(rows)} for (signal, run), rows in groups]
    )
    said = [
        f"{label(str(signal)).text} of the median token: "
        + ", ".join(f"{row.run} {row.first:.3g} to {row.last:.3g}" for row in rows.itertuples())
        for signal, rows in numbers.groupby("signal", sort=False)
    ]
    first, last = numbers["first_step"].min(), numbers["last_step"].max()
    sentence = f"From step {first} to step {last}, {'; '.join(said)}. No test is given."
    return Finding(" ".join([sentence, *remarks(frame.attrs)]), numbers)


def _ends(rows: pd.DataFrame) -> dict[str, Any]:
    """One ridge's beginning and end."""
    first, last = rows.iloc[0], rows.iloc[-1]
    return {
        "first": float(first["median"]),
        "last": float(last["median"]),
        "first_step": int(first["step"]),
        "last_step": int(last["step"]),
        "steps": rows["step"].nunique(),
        "tokens": int(rows["tokens"].sum()),
    }
