"""How unevenly a signal is spread over tokens: Lorenz curve, Gini, what the top k % hold.

Taken twice: over all tokens of the run together (`run`), and within each response (`response`,
summarised over the responses). The curve runs from the token with the most down, so that its
height at 10 % is what the top 10 % of tokens hold; where all tokens have the same it is the
diagonal, and the Gini coefficient, twice the area between the two, is 0.
"""

from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.dependency import missing, of_tokens, percent
from saccade.analysis.figure import Finding
from saccade.analysis.labels import label
from saccade.analysis.measured import Measured, measured, scored
from saccade.analysis.sources import drawn
from saccade.errors import SaccadeError
from saccade.store import Source, ask

TOPS = (0.01, 0.05, 0.1, 0.2, 0.4)
"""Shares of the tokens whose mass the sentence and the table tell."""
GRID = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Shares at which the curves are told."""
FINE = 4096
"""Values are counted in steps of this many to a factor of e, so two within .03 % may be one."""


def dependency_sparsity(source: Source, *, signal: str = "kl") -> pd.DataFrame:
    """The curve at `GRID`: over, top (share of tokens), mass, and its quartiles over responses.

    The top share of n tokens is rounded up to whole tokens, as in VPPO's mask. Responses whose
    values are all 0 have no mass to share and are left out of `response`.
    """
    found = measured(source, signal)
    _check_mass(found)
    tokens, mass = _ranked(source, found)
    of_run = pd.DataFrame({"over": "run", "top": GRID, "mass": _held(tokens, mass, found.tokens)})
    read = _each_response(source, found.signal)
    each = read[read["mass"] > 0]
    columns = each[[f"{top:g}" for top in GRID]].to_numpy()
    low, high = np.quantile(columns, [0.25, 0.75], axis=0)
    of_each = pd.DataFrame({"over": "response", "top": GRID, "mass": columns.mean(axis=0)})
    frame = pd.concat([of_run, of_each.assign(lower_quartile=low, upper_quartile=high)])
    frame.attrs = {
        **found.facts,
        "gini": _gini(tokens, mass),
        "gini_of_responses": [float(q) for q in each["gini"].quantile([0.25, 0.5, 0.75])],
        "responses_read": len(read),
        "responses_without_mass": len(read) - len(each),
    }
    return frame.reset_index(drop=True)


def _check_mass(found: Measured) -> None:
    """Shares need values that are never negative, and some that are not 0."""
    if found.low < 0:
        raise SaccadeError(
            "Only a signal that is never negative has a mass to share out; the least "
            f"{found.signal} of this run is {found.low:.3g}. Take kl, k3, entropy or hidden_shift."
        )
    if found.high == 0:
        raise SaccadeError(
            f"Every {found.signal} of this run is 0, so there is no mass to share out."
        )


def _ranked(source: Source, found: Measured) -> tuple[Any, Any]:
    """Tokens and mass so far, from the largest values down: a sort of steps, not of tokens."""
    counts = ask(
        source,
        f"SELECT floor(ln(value) * {FINE})::INTEGER AS rung, count(*) AS tokens, "
        f"sum(value) AS mass FROM {scored(found.signal)} WHERE value > 0 "
        "GROUP BY rung ORDER BY rung DESC",
    )
    tokens, mass = counts["tokens"].cumsum(), counts["mass"].cumsum()
    ends = [0.0, *tokens, found.tokens], [0.0, *mass, mass.iloc[-1]]
    return np.array(ends[0]) / found.tokens, np.array(ends[1]) / mass.iloc[-1]


def _held(tokens: Any, mass: Any, n: int) -> Any:
    """The mass at `GRID`, each share of the n tokens rounded up to whole ones."""
    return np.interp(np.ceil(np.round(np.array(GRID) * n, 9)) / n, tokens, mass)


def _gini(tokens: Any, mass: Any) -> float:
    """Twice the area between the curve and the diagonal."""
    return float(2 * np.trapezoid(mass, tokens) - 1)


def _each_response(source: Source, column: str) -> pd.DataFrame:
    """Mass, Gini, and the share of mass at `GRID`: a row per response, up to `DRAWN` of them."""
    tops = ", ".join(
        f'coalesce(list_sum(v[1:ceil(round({top!r} * len(v), 9))::BIGINT]), 0) / mass AS "{top:g}"'
        for top in GRID
    )
    weighted = "list_dot_product(v, range(1, len(v) + 1)::DOUBLE[])"
    return ask(
        source,
        f"SELECT mass, (len(v) + 1 - 2 * {weighted} / mass) / len(v) AS gini, {tops} FROM ("
        f"SELECT list_reverse_sort(list(value)) AS v, sum(value) AS mass "
        f"FROM {scored(column)} SEMI JOIN ({drawn()}) USING (response) GROUP BY response)",
    )


def describe_sparsity(frame: pd.DataFrame) -> Finding:
    """Gini and top shares, over the run's tokens and within responses."""
    facts, name = frame.attrs, label(frame.attrs["signal"]).text
    low, middle, high = facts["gini_of_responses"]
    numbers = _numbers(frame)
    of_run = " and ".join(
        f"the top {percent(top, 0)} hold {percent(_at(frame, 'run', top))}" for top in (0.1, 0.4)
    )
    read = facts["responses_read"]
    among = f" ({read:,} drawn of them)" if read < facts["responses"] else ""
    sentence = (
        f"Over {of_tokens(facts)} together, {of_run} of all {name} (Gini {facts['gini']:.3f}). "
        f"Within a response{among} the top 10 % hold {percent(_at(frame, 'response', 0.1))} "
        f"and the top 40 % {percent(_at(frame, 'response', 0.4))} on average "
        f"(median Gini {middle:.3f}, middle half of the responses {low:.3f} to {high:.3f})."
    )
    empty = facts["responses_without_mass"]
    left = (
        [f"Responses whose values are all 0, left out of the latter: {empty:,}."] if empty else []
    )
    return Finding(" ".join([sentence, *left, *missing(facts)]), numbers)


def _numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for the Gini coefficient and one for each top share."""
    within = frame[frame["over"] == "response"].set_index("top").loc[list(TOPS)]
    low, middle, high = frame.attrs["gini_of_responses"]
    shares = [f"mass in the top {percent(top, 0)}" for top in TOPS]
    return pd.DataFrame(
        {
            "measure": ["Gini", *shares],
            "over_the_run": [frame.attrs["gini"], *(_at(frame, "run", top) for top in TOPS)],
            "within_responses": [middle, *within["mass"]],
            "lower_quartile": [low, *within["lower_quartile"]],
            "upper_quartile": [high, *within["upper_quartile"]],
        }
    )


def _at(frame: pd.DataFrame, over: str, top: float) -> float:
    """The mass that the top share of tokens holds."""
    return float(frame.loc[(frame["over"] == over) & (frame["top"] == top), "mass"].iloc[0])
