"""How far the signals agree on which tokens matter, within responses.

Only numbers here; `plots/agreement.py` draws them. Two measures for each pair of signals:
`spearman`, the rank correlation over a response's tokens, and `overlap`, the share of one's top K
tokens that are the other's too. Of a low log-probability the low end is the top. Tokens that lack
a signal are left out, and so are responses of fewer than three others.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.figure import Finding
from saccade.analysis.intervals import interval_words, over_questions
from saccade.analysis.labels import counted, label
from saccade.analysis.ranking import check_top, panel_title, ranked, top_count
from saccade.analysis.sources import check_count, clustered, drawn, present_signals
from saccade.errors import SaccadeError
from saccade.store import Source, ask
from saccade.store.views import quoted

MEASURES = ("spearman", "overlap")
MOST = 1000
"""Responses of a task that are ranked: enough for the second decimal, whatever the run's size."""
FEWEST = 3
"""Tokens that a response needs."""

_DRAWN = """
SELECT task, sample_id, response, {signals}
FROM tokens SEMI JOIN ({drawn}) USING (response)
WHERE {measured} ORDER BY response, position
"""


def signal_agreement(source: Source, *, top: float = 0.2, most: int = MOST) -> pd.DataFrame:
    """Per task, measure and pair of signals: the mean over questions, with intervals.

    A question's value is the mean over its responses; `chance` is what unrelated signals would
    give. Of more than `most` responses to a task, as many are drawn, always the same ones. A
    correlation with a signal that is constant in a response does not exist and is left out.
    """
    top, most = check_top(top), check_count("most", most)
    signals = present_signals(source)
    if len(signals) < 2:
        raise SaccadeError(f"Agreement needs two signals; this run has only {signals[0]!r}.")
    responses = _responses(_drawn(source, signals, most), signals, top)
    if responses.empty:
        raise SaccadeError(
            "No response has three tokens with every signal measured, so there are no ranks to "
            f"compare; the signals are {', '.join(signals)}."
        )
    items = clustered(_items(responses, signals), source)
    frame = over_questions(items, ["measure", "a", "b"])
    chance = responses.groupby("task")["chance"].mean()
    frame["chance"] = frame["task"].map(chance).where(frame["measure"] == "overlap", 0.0)
    frame.attrs = {"top": top, "signals": signals, "responses": len(responses)}
    return frame


def _drawn(source: Source, signals: list[str], most: int) -> pd.DataFrame:
    """The tokens that have all signals, of up to `most` responses of each task, in order."""
    columns = [quoted(name) for name in signals]
    return ask(
        source,
        _DRAWN.format(
            drawn=drawn(most, of_each="task"),
            signals=", ".join(columns),
            measured=" AND ".join(f"{column} NOTNULL" for column in columns),
        ),
    )


def _responses(tokens: pd.DataFrame, signals: list[str], top: float) -> pd.DataFrame:
    """One row per response of three tokens or more: both measures of every pair, and chance."""
    n = tokens.groupby("response")["response"].transform("size").to_numpy()
    tokens, n = tokens[n >= FEWEST], n[n >= FEWEST]
    groups = tokens.groupby("response", sort=False)
    response = groups.ngroup().to_numpy().astype(np.int64)
    k = top_count(n, top)
    frame = groups[["task", "sample_id"]].first().reset_index(drop=True)
    frame["chance"] = pd.Series(k / n).groupby(response).first()
    ranks, tops = {}, {}
    for name in signals:
        ranks[name], place = ranked(tokens[name].to_numpy(), response, falls=label(name).falls)
        tops[name] = place < k
        ranks[name] -= (n - 1) / 2  # the mean rank from 0, ties or not
    size = {name: np.bincount(response, values**2) for name, values in ranks.items()}
    for a, b in combinations(signals, 2):
        together = np.bincount(response, ranks[a] * ranks[b])
        with np.errstate(invalid="ignore"):  # a constant signal has no correlation
            frame[f"spearman {a} {b}"] = together / np.sqrt(size[a] * size[b])
        frame[f"overlap {a} {b}"] = np.bincount(response, (tops[a] & tops[b]) / k)
    return frame


def _items(responses: pd.DataFrame, signals: list[str]) -> pd.DataFrame:
    """One row per question, measure and pair."""
    parts = [
        responses[["task", "sample_id"]].assign(
            measure=measure, a=a, b=b, value=responses[f"{measure} {a} {b}"]
        )
        for measure in MEASURES
        for a, b in combinations(signals, 2)
    ]
    keys = ["task", "sample_id", "measure", "a", "b"]
    return pd.concat(parts).groupby(keys, sort=False)["value"].mean().reset_index()


def describe_agreement(frame: pd.DataFrame) -> Finding:
    """The pairs that agree most and least, per task and measure."""
    ends = [
        end
        for _, part in frame.groupby(["task", "measure"], sort=False)
        for end in (
            part.nlargest(1, "mean").assign(agreement="most"),
            part.nsmallest(1, "mean").assign(agreement="least"),
        )
    ]
    numbers = pd.concat(ends, ignore_index=True)
    spearman = numbers[numbers["measure"] == "spearman"]
    tasks = [_words(str(task), part) for task, part in spearman.groupby("task", sort=False)]
    title = panel_title("top", frame.attrs.get("top", 0.2))
    count = frame.attrs.get("responses", 0)
    return Finding(
        f"Mean rank correlation of two signals within a response ({counted(count, 'response')}): "
        f"{'; '.join(tasks)}. Overlap is between the {title[0].lower()}{title[1:]}.",
        numbers,
    )


def _words(task: str, part: pd.DataFrame) -> str:
    """One task: the highest and the lowest."""
    most, least = (_pair_words(row) for row in part.itertuples(index=False))
    return f"in {task} from {least} to {most}"


def _pair_words(row: Any) -> str:
    """One pair of signals."""
    pair = f"{label(row.a).text} and {label(row.b).text}"
    return f"{pair} {row.mean:+.2f} {interval_words(row.low, row.high, '+.2f')}"
