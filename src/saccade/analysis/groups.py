"""One question's correct responses against its incorrect ones, and where they part.

Only numbers here; `plots/groups.py` draws them. Only questions answered both ways count, and every
difference is taken within one question, so no difference between questions can make one. Part
`running`: the mean of a signal over the tokens so far, at the end of each bin of the response.
Part `shared`: of pairs of responses, the share that still agree after so many tokens.
"""

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.figure import Finding
from saccade.analysis.intervals import interval_words, over_questions, pooled
from saccade.analysis.labels import label
from saccade.analysis.sources import check_count, clustered
from saccade.errors import SaccadeError
from saccade.store import Source, ask, column_of
from saccade.store.views import quoted

MOST = 500
"""Questions whose responses are compared token by token, whatever the run's size."""
PLACES = 60
"""Numbers of tokens, at most, after which pairs are counted."""

_BOTH = """
WITH both_ways AS (
    SELECT task, step, sample_id FROM tokens WHERE position = 0 AND correct IS NOT NULL
    GROUP BY task, step, sample_id HAVING bool_or(correct) AND NOT bool_and(correct)
    ORDER BY md5(concat_ws('/', step, sample_id)) {limit}
)
"""
_SUMS = (
    _BOTH.format(limit="")
    + """
SELECT task, step, sample_id, correct, position * {bins} // length AS bin,
       sum({signal}) AS total, count(*) AS n
FROM tokens SEMI JOIN both_ways USING (task, step, sample_id)
WHERE correct IS NOT NULL AND {signal} NOTNULL
GROUP BY ALL ORDER BY ALL
"""
)
_TEXTS = (
    _BOTH.format(limit="LIMIT {most}")
    + """
SELECT task, step, sample_id, index, correct, list(token_id ORDER BY position) AS ids
FROM tokens SEMI JOIN both_ways USING (task, step, sample_id)
WHERE correct IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""
)
WORDS = {"other verdict": "different verdicts", "same verdict": "the same verdict"}
_GROUP = ["task", "step", "sample_id"]


def parting_responses(
    source: Source, *, signal: str = "visual_similarity", bins: int = 10, most: int = MOST
) -> pd.DataFrame:
    """Both parts: mean over the questions answered both ways, with intervals.

    Groups of `running` are correct, incorrect and difference, `at` is a share of the response;
    groups of `shared` are other verdict and same verdict, `at` is a number of tokens.
    """
    column = column_of(source, signal)
    bins, most = check_count("bins", bins), check_count("most", most)
    sums = ask(source, _SUMS.format(signal=quoted(column), bins=bins))
    texts = ask(source, _TEXTS.format(most=most))
    running = _running(sums, bins)
    if running.empty or texts.empty:
        raise SaccadeError(
            f"No question was answered both rightly and wrongly with {column} measured of both, so "
            "no responses can be compared within one. Roll out more responses to each question."
        )
    parts = {"running": running, "shared": _shared(texts)}
    frames = [
        over_questions(pooled(clustered(items, source)), ["group", "at"]).assign(part=name)
        for name, items in parts.items()
    ]
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs = {"signal": column, "bins": bins}
    return frame[["part", "group", "at", "mean", "low", "high", "n_questions"]]


def _running(sums: pd.DataFrame, bins: int) -> pd.DataFrame:
    """Per question and end of a bin: the mean so far of either group, and their difference."""
    keys = [*_GROUP, "correct", "bin"]
    table: Any = sums.set_index(keys)[["total", "n"]].unstack("bin")
    table = table.reindex(columns=pd.MultiIndex.from_product([["total", "n"], range(bins)]))
    so_far = {name: table[name].fillna(0).cumsum(axis=1) for name in ("total", "n")}
    means = (so_far["total"] / so_far["n"].where(so_far["n"] > 0)).stack().unstack("correct")
    means = means.reindex(columns=[True, False]).dropna()
    means.columns = pd.Index(["correct", "incorrect"])
    means["difference"] = means["correct"] - means["incorrect"]
    items = means.groupby(level=["task", "sample_id", 3]).mean()
    items.index.names = ["task", "sample_id", "at"]
    rows: pd.DataFrame = items.melt(
        var_name="group", value_name="value", ignore_index=False
    ).reset_index()
    return rows.assign(at=(rows["at"] + 1) / bins)


def _shared(texts: pd.DataFrame) -> pd.DataFrame:
    """Per question and number of tokens: the share of pairs that agree in all of these."""
    rows = [
        (task, sample_id, group, lengths)
        for (task, _, sample_id), responses in texts.groupby(_GROUP, sort=False)
        for group, lengths in _common(responses).items()
    ]
    longest = max(int(lengths.max()) for *_, lengths in rows)
    places = np.unique(np.linspace(0, longest + 1, PLACES).round().astype(int))
    items = pd.DataFrame(
        [
            (task, sample_id, group, int(at), float(np.mean(lengths >= at)))
            for task, sample_id, group, lengths in rows
            for at in places
        ],
        columns=["task", "sample_id", "group", "at", "value"],
    )
    return items.groupby(["task", "sample_id", "group", "at"])["value"].mean().reset_index()


def _common(responses: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    """How many first tokens each pair of responses shares, pairs by whether verdicts differ."""
    found: dict[str, list[int]] = {}
    rows = [(bool(row.correct), np.asarray(row.ids)) for row in responses.itertuples()]
    for (one, ids), (other, others) in combinations(rows, 2):
        name = "same verdict" if one == other else "other verdict"
        found.setdefault(name, []).append(common_tokens(ids, others))
    return {name: np.array(lengths) for name, lengths in found.items()}


def common_tokens(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """How many tokens two responses share before they differ, or before one ends."""
    shorter = min(len(one), len(other))
    differ = np.flatnonzero(one[:shorter] != other[:shorter])
    return int(differ[0]) if len(differ) else shorter


def describe_groups(frame: pd.DataFrame) -> Finding:
    """From where on the signal differs, and how long pairs stay the same."""
    running = frame[frame["part"] == "running"].pivot(index="at", columns="group")
    difference = frame[(frame["part"] == "running") & (frame["group"] == "difference")]
    numbers = difference.drop(columns=["part", "group"]).assign(
        correct=running["mean"]["correct"].to_numpy(),
        incorrect=running["mean"]["incorrect"].to_numpy(),
    )
    name = label(frame.attrs.get("signal", "visual_similarity")).text
    last = difference.iloc[-1]
    said = (
        f"Over {last.n_questions} questions answered both ways, the mean {name} of correct "
        f"responses differs from that of incorrect ones by {last['mean']:+.4f} "
        f"{interval_words(last.low, last.high, '+.4f')} once all tokens are counted"
        f"{_since(difference)}. "
    )
    return Finding(said + " ".join(_shared_words(frame)), numbers.reset_index(drop=True))


def _since(difference: pd.DataFrame) -> str:
    """From which place on the interval leaves out zero, to the end."""
    apart = ((difference["low"] > 0) | (difference["high"] < 0)).to_numpy()
    if not math.isfinite(difference["low"].iloc[-1]):
        return ""
    if not apart[-1]:
        return "; its interval of 95 % holds zero at the end"
    first = len(apart) - int(np.argmin(apart[::-1])) if not apart.all() else 0
    return f"; its interval of 95 % leaves out zero from {difference['at'].iloc[first]:.0%} on"


def _shared_words(frame: pd.DataFrame) -> Iterator[str]:
    """After how many tokens half of the pairs have parted."""
    shared = frame[frame["part"] == "shared"]
    for group, rows in shared.groupby("group"):
        parted = rows.loc[rows["mean"] < 0.5, "at"].min()
        n = int(rows["n_questions"].max())
        yield (
            f"Of pairs with {WORDS[str(group)]} (n = {n} questions), half have parted by token "
            f"{int(parted)}."
        )
