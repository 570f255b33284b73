"""How token dependency is distributed: over tokens (VPPO 3, PGPO 2a), over responses (VPPO 4).

Dependency is `kl`, the divergence between a token's prediction with the image and without it; any
other signal may take its place. Only numbers here; `plots/dependency.py` draws them. A run is
asked for counts and means, so that its tokens stay where they are.
"""

from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.figure import Finding
from saccade.analysis.labels import counted, label
from saccade.analysis.measured import measured, scored
from saccade.analysis.sources import check_count
from saccade.errors import SaccadeError
from saccade.store import Source, ask


def dependency_histogram(
    source: Source, *, signal: str = "kl", width: float = 0.2, last: float = 10.0
) -> pd.DataFrame:
    """Tokens per bin of `width`, the last bin open from `last` on: low, high, tokens, share.

    Where the signal has values below 0, the bins reach as far down, to an open one at -`last`.
    """
    if not 0 < width <= last:
        raise SaccadeError(
            f"width must be above 0 and at most last; got width={width!r} and last={last!r}."
        )
    width, last, bins = float(width), float(last), round(last / width)
    if abs(bins * width - last) > 1e-9 * last:
        raise SaccadeError(
            "last must be a multiple of width, so that the open bin begins there; got "
            f"width={width:g} and last={last:g}. Take last={bins * width:g}."
        )
    found = measured(source, signal)
    # A little more, so that .6 falls into the bin that begins at .6: .6 / .2 is 2.9999999999999996.
    place = f"greatest({-bins - 1}, least({bins}, floor(value / {width!r} + 1e-9)))"
    counts = _counts(source, found.signal, place)
    numbers = np.arange(min(0, counts.index.min()), bins + 1)
    low, high = numbers * width, (numbers + 1) * width
    low[numbers < -bins], high[numbers == bins] = -np.inf, np.inf
    return _histogram(counts, numbers, low, high, found.facts | {"width": width, "last": last})


def dependency_frequencies(source: Source, *, signal: str = "kl", bins: int = 60) -> pd.DataFrame:
    """The share of tokens in each of `bins` equal bins from 0 (or the least) to the largest value.

    Columns low, high, tokens, share. The paper does not say how many bins it draws.
    """
    bins = check_count("bins", bins)
    found = measured(source, signal)
    start = min(0.0, found.low)
    width = (found.high - start) / bins or 1.0
    place = f"least({bins - 1}, floor((value - {start!r}) / {width!r}))"
    counts = _counts(source, found.signal, place)
    numbers = np.arange(bins)
    low = start + numbers * width
    above = ask(
        source,
        f"SELECT count(*) AS n FROM {scored(found.signal)} WHERE value > {found.mean!r}",
    )
    facts = found.facts | {"above_mean": int(above["n"].iloc[0])}
    return _histogram(counts, numbers, low, low + width, facts)


def trajectory_dependency(source: Source, *, signal: str = "kl") -> pd.DataFrame:
    """The mean over each response's tokens: one row per response, `value` and `tokens`."""
    found = measured(source, signal)
    frame = ask(
        source,
        "SELECT task, sample_id, step, index, avg(value) AS value, count(*) AS tokens "
        f"FROM {scored(found.signal)} GROUP BY task, sample_id, step, index ORDER BY ALL",
    )
    frame.attrs = found.facts
    return frame


def _counts(source: Source, column: str, place: str) -> "pd.Series[int]":
    """Tokens by number of the bin they fall into."""
    query = f"SELECT ({place})::INTEGER AS bin, count(*) AS n FROM {scored(column)} GROUP BY bin"
    counts: pd.Series[int] = ask(source, query).set_index("bin")["n"]
    return counts


def _histogram(
    counts: "pd.Series[int]", numbers: Any, low: Any, high: Any, facts: dict[Any, Any]
) -> pd.DataFrame:
    """Every bin, empty ones too."""
    tokens = counts.reindex(numbers, fill_value=0).to_numpy()
    frame = pd.DataFrame({"low": low, "high": high, "tokens": tokens})
    frame["share"] = frame["tokens"] / frame["tokens"].sum()
    frame.attrs = facts
    return frame


def describe_histogram(frame: pd.DataFrame) -> Finding:
    """How many tokens the first bin holds, and how many the open one."""
    facts, name = frame.attrs, label(frame.attrs["signal"]).text
    width, last = facts["width"], facts["last"]
    numbers = pd.DataFrame(
        [
            {
                **_totals(facts),
                f"share_below_{width:g}": frame.loc[frame["high"] <= width * 1.5, "share"].sum(),
                f"share_from_{last:g}": frame["share"].iloc[-1],
            }
        ]
    )
    below, above = numbers.iloc[0, -2:]
    sentence = (
        f"Of {of_tokens(facts)}, {percent(below)} have a {name} below {width:g} and "
        f"{percent(above)} one of {last:g} or more; the mean is {facts['mean']:.3g}, the largest "
        f"{facts['high']:.3g}."
    )
    return Finding(" ".join([sentence, *missing(facts)]), numbers)


def describe_frequencies(frame: pd.DataFrame) -> Finding:
    """How far the mean is from the typical token."""
    facts, name = frame.attrs, label(frame.attrs["signal"]).text
    above, first = facts["above_mean"] / facts["tokens"], frame["share"].iloc[0]
    numbers = pd.DataFrame(
        [{**_totals(facts), "share_above_mean": above, "share_in_first_bin": first}]
    )
    sentence = (
        f"The mean {name} of {of_tokens(facts)} is {facts['mean']:.3g}, and {percent(above)} of "
        f"the tokens lie above it; the lowest of {len(frame)} equal bins, up to "
        f"{frame['high'].iloc[0]:.3g}, holds {percent(first)}."
    )
    return Finding(" ".join([sentence, *missing(facts)]), numbers)


def describe_trajectories(frame: pd.DataFrame) -> Finding:
    """Where the middle half of the responses lies, and how wide they spread."""
    facts, name, value = frame.attrs, label(frame.attrs["signal"]).text, frame["value"]
    if len(frame) == 1:
        only = f"There is one response, and its mean {name} is {value.iloc[0]:.3g}."
        return Finding(" ".join([only, *missing(facts)]), pd.DataFrame([_totals(facts)]))
    low, middle, high = value.quantile([0.25, 0.5, 0.75])
    spread = {"lower_quartile": low, "median": middle, "upper_quartile": high}
    ends = {"standard_deviation": value.std(), "least": value.min(), "largest": value.max()}
    numbers = pd.DataFrame([{"responses": len(frame), "mean": value.mean(), **ends, **spread}])
    sentence = (
        f"The mean {name} of a response has the median {middle:.3g} over {len(frame):,} responses; "
        f"the middle half lies between {low:.3g} and {high:.3g}, all between {value.min():.3g} and "
        f"{value.max():.3g}, with a standard deviation of {value.std():.3g}."
    )
    return Finding(" ".join([sentence, *missing(facts)]), numbers)


def _totals(facts: dict[Any, Any]) -> dict[Any, Any]:
    return {
        "tokens": facts["tokens"],
        "responses": facts["responses"],
        "mean": facts["mean"],
        "largest": facts["high"],
    }


def of_tokens(facts: dict[Any, Any]) -> str:
    """`5,120 tokens in 40 responses`."""
    return f"{counted(facts['tokens'], 'token')} in {counted(facts['responses'], 'response')}"


def percent(share: float, places: int = 1) -> str:
    """A share as `12.3 %`; what is less than that shows is not called none."""
    least = 10.0**-places
    return f"under {least:g} %" if 0 < 100 * share < least else f"{100 * share:.{places}f} %"


def missing(facts: dict[Any, Any]) -> list[str]:
    """What was left out, where anything was."""
    n = facts["missing"]
    return [f"Left out: {n:,} token{'s' if n != 1 else ''} without a number."] if n else []
