"""Two signals of a token at once: does what depends on the image coincide with what is undecided?

The plane of visual dependency and entropy is cut into quadrants, at the medians or where one says,
and each quadrant is told by its share of the tokens and by the tokens most typical of it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.bins import Axis, axis_of
from saccade.analysis.dependency import percent
from saccade.analysis.figure import Finding
from saccade.analysis.labels import label
from saccade.analysis.measured import exact, measured
from saccade.analysis.sources import DRAWN, check_count, drawn
from saccade.errors import SaccadeError
from saccade.store import Source, ask

QUADRANTS = ("both high", "only {x} high", "only {y} high", "both low")
TYPICAL = 8
"""Tokens named for each quadrant."""


def joint_density(
    source: Source,
    *,
    signal: str = "kl",
    against: str = "entropy",
    cut: tuple[float, float] | None = None,
    bins: int = 40,
) -> pd.DataFrame:
    """Tokens per cell of the plane; in `attrs` the quadrants with shares and typical tokens.

    `cut` is where the quadrants meet, the medians by default; high is above it. A quadrant's
    typical tokens add most to how its words differ from the run's: share there times
    log(share there / share in the run). Tokens are taken without spaces around them.
    """
    bins = check_count("bins", bins, least=2)
    x, y = measured(source, signal), measured(source, against)
    both = _both(x.signal, y.signal)
    cuts = _medians(source, both) if cut is None else cut
    axes = [axis_of(f.signal, f.low, f.high, logarithmic=f.low >= 0) for f in (x, y)]
    cells = ask(
        source, _CELLS.format(x=axes[0].place("x", bins), y=axes[1].place("y", bins), both=both)
    )
    frame = _frame(cells, axes, bins)
    tokens = int(frame["tokens"].sum())
    frame.attrs = {
        "signals": [axis.signal for axis in axes],
        "cut": [float(at) for at in cuts],
        "cut_is": "medians" if cut is None else "given",
        "logarithmic": [axis.logarithmic for axis in axes],
        "tokens": tokens,
        "responses": min(x.responses, y.responses),
        "read": min(DRAWN, x.responses, y.responses),
        "left_out": _counted(source) - tokens,
        "quadrants": _quadrants(ask(source, _WORDS.format(x=cuts[0], y=cuts[1], both=both)), axes),
    }
    return frame


_CELLS = (
    "SELECT ({x})::INTEGER AS x, ({y})::INTEGER AS y, count(*) AS tokens FROM {both} GROUP BY ALL"
)

_WORDS = """
SELECT trim(token) AS token, x, y, sum(tokens)::BIGINT AS tokens
FROM (
    SELECT token, x > {x!r} AS x, y > {y!r} AS y, count(*) AS tokens FROM {both} GROUP BY ALL
)
GROUP BY ALL
"""


def _both(x: str, y: str) -> str:
    """SQL for the tokens that have both signals."""
    pairs = (
        f"SELECT token, {exact(x)} AS x, {exact(y)} AS y "
        f"FROM tokens SEMI JOIN ({drawn()}) USING (response)"
    )
    return f"(SELECT * FROM ({pairs}) WHERE x NOTNULL AND y NOTNULL)"


def _counted(source: Source) -> int:
    """The tokens that are looked at, with both signals or not."""
    query = f"SELECT count(*) AS n FROM tokens SEMI JOIN ({drawn()}) USING (response)"
    return int(ask(source, query)["n"].iloc[0])


def _medians(source: Source, both: str) -> tuple[float, float]:
    """Where the quadrants meet by default; NaN where no token has both signals."""
    row = ask(source, f"SELECT median(x) AS x, median(y) AS y FROM {both}").iloc[0]
    return float(row["x"]), float(row["y"])


def _frame(cells: pd.DataFrame, axes: list[Axis], bins: int) -> pd.DataFrame:
    """The cells that hold tokens, by their edges; refused where there are none."""
    if cells.empty:
        names = " and ".join(axis.signal for axis in axes)
        raise SaccadeError(f"No token of this run has both {names}, so there is nothing to draw.")
    cells = cells.sort_values(["x", "y"], kind="stable")
    columns: dict[str, Any] = {}
    for name, axis in zip("xy", axes, strict=True):
        edges, place = axis.edges(bins), cells[name].to_numpy()
        columns |= {f"{name}_low": edges[place], f"{name}_high": edges[place + 1]}
    tokens = cells["tokens"].to_numpy()
    return pd.DataFrame({**columns, "tokens": tokens, "share": tokens / tokens.sum()})


def _quadrants(words: pd.DataFrame, axes: list[Axis]) -> list[dict[str, Any]]:
    """Name, count, share and typical tokens of each quadrant, in the order of `QUADRANTS`."""
    names = {name: label(axis.signal).text for name, axis in zip("xy", axes, strict=True)}
    total = words.groupby("token")["tokens"].sum()
    found = []
    for title, x, y in zip(
        QUADRANTS, (True, True, False, False), (True, False, True, False), strict=True
    ):
        here = words[(words["x"] == x) & (words["y"] == y)].set_index("token")["tokens"]
        found.append(
            {
                "quadrant": title.format(**names),
                "x_high": x,
                "y_high": y,
                "tokens": int(here.sum()),
                "share": float(here.sum() / total.sum()),
                "typical": _typical(here, total),
            }
        )
    return found


def _typical(here: "pd.Series[int]", total: "pd.Series[int]") -> list[str]:
    """What is said here more than elsewhere; the first in the alphabet among equals."""
    here = here[here.index != ""].sort_index()
    share = here / max(1, here.sum())
    gain: pd.Series[float] = share * np.log(share / (total[here.index] / total.sum()))
    return list(map(str, gain[gain > 0].nlargest(TYPICAL).index))


def describe_joint(frame: pd.DataFrame) -> Finding:
    """Where the tokens lie, and against what that is to be held."""
    facts = frame.attrs
    quadrants = pd.DataFrame(facts["quadrants"]).drop(columns=["x_high", "y_high"])
    x, y = (label(signal).text for signal in facts["signals"])
    parts = "; ".join(_quadrant_words(q) for q in facts["quadrants"])
    high = {
        name: sum(q["share"] for q in facts["quadrants"] if q[name])
        for name in ("x_high", "y_high")
    }
    chance = high["x_high"] * high["y_high"]
    sentence = (
        f"Of {facts['tokens']:,} tokens, cut at {x} {facts['cut'][0]:.3g} and {y} "
        f"{facts['cut'][1]:.3g} ({facts['cut_is']}): {parts}. Were the two independent, "
        f"{percent(chance)} would be high in both."
    )
    left = [f"Left out: {facts['left_out']:,} tokens without both."] if facts["left_out"] else []
    if facts["read"] < facts["responses"]:
        left.append(f"Of {facts['read']:,} responses drawn from {facts['responses']:,}.")
    numbers = quadrants.assign(typical=[", ".join(q["typical"]) for q in facts["quadrants"]])
    return Finding(" ".join([sentence, *left]), numbers)


def _quadrant_words(quadrant: Mapping[str, Any]) -> str:
    """One quadrant in words."""
    said = ", ".join(f"“{token}”" for token in quadrant["typical"][:4])
    return f"{quadrant['quadrant']} {percent(quadrant['share'])}" + (f" ({said})" if said else "")
