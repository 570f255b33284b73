"""How every signal runs along the response, from its first token to its last.

Only numbers here; `plots/profiles.py` draws them. Responses differ in length, so a place is a
share of the length, in bins; a response shorter than the bins is missing from some of them. Or it
is the number of the token, and late places hold the long responses alone.
"""

from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.figure import Finding
from saccade.analysis.intervals import intervals_told, over_questions
from saccade.analysis.labels import counted, label
from saccade.analysis.sources import check_count, clustered, present_signals
from saccade.errors import SaccadeError
from saccade.store import Source, ask
from saccade.store.views import quoted

_MEANS = """
SELECT task, sample_id, {place} AS bin {means}
FROM tokens {where} GROUP BY ALL ORDER BY ALL
"""
REACHED = 0.05
"""Places that fewer of the responses reach are not shown token by token."""


def position_profiles(source: Source, *, bins: int = 10) -> pd.DataFrame:
    """Mean over questions of each signal in each bin of the response, with intervals.

    `at` is the middle of a bin, as a share of the response. A question's value is the mean over
    the pooled tokens of its responses in that bin.
    """
    frame = _profiles(source, f"position * {check_count('bins', bins)} // length")
    frame.insert(3, "at", (frame["bin"] + 0.5) / bins)
    frame.attrs = {"along": "response", "bins": bins}
    return frame


def token_profiles(source: Source, *, bins: int = 30) -> pd.DataFrame:
    """The same in bins of as many tokens each; `at` is the number of a bin's middle token.

    The bins reach as far as a twentieth of the responses do.
    """
    lengths = ask(source, "SELECT length FROM tokens WHERE position = 0")["length"]
    if lengths.empty:
        raise SaccadeError("This run has no tokens, so there is nothing to draw.")
    longest = int(lengths.quantile(1 - REACHED, interpolation="higher"))
    width = -(-longest // check_count("bins", bins))
    frame = _profiles(source, f"position // {width}", f"WHERE position < {longest}")
    frame.insert(3, "at", frame["bin"] * width + (width - 1) / 2)
    frame.attrs = {"along": "tokens", "bins": -(-longest // width), "width": width}
    return frame


def _profiles(source: Source, place: str, where: str = "") -> pd.DataFrame:
    """Means over questions of every signal, by the place that this SQL gives a token."""
    signals = present_signals(source)
    means = "".join(f", avg({quoted(name)}) AS {quoted(name)}" for name in signals)
    table = ask(source, _MEANS.format(place=place, means=means, where=where))
    items = table.melt(["task", "sample_id", "bin"], signals, "signal", "value")
    frame = over_questions(clustered(items.astype({"value": "float64"}), source), ["signal", "bin"])
    frame["signal"] = pd.Categorical(frame["signal"], signals, ordered=True)
    frame = frame.sort_values(["signal", "task", "bin"]).astype({"signal": str})
    return frame.reset_index(drop=True)


def describe_positions(frame: pd.DataFrame) -> Finding:
    """Each signal at the start, in the middle and at the end, and where it is highest."""
    numbers = pd.DataFrame(
        [_ends(rows) for _, rows in frame.groupby(["signal", "task"], sort=False)]
    )
    groups = [_words(str(name), rows) for name, rows in numbers.groupby("signal", sort=False)]
    facts = frame.attrs
    parts = f"{facts.get('bins', 10)} parts of the response"
    if facts.get("along") == "tokens":
        parts = f"{facts['bins']} places of {facts['width']} tokens each"
    return Finding(
        f"From the first to the last of {parts}: {'; '.join(groups)}. "
        f"Means over questions.{_few_at_the_end(numbers)} {intervals_told(frame)}",
        numbers,
    )


def _few_at_the_end(numbers: pd.DataFrame) -> str:
    """How many questions reach the last place, where that is not all of them."""
    rows = numbers.drop_duplicates("task")
    if (rows["n_last"] == rows["n_questions"]).all():
        return ""
    each = ", ".join(
        f"{row['n_last']} of {counted(row['n_questions'], 'question')} in {row['task']}"
        for row in rows.to_dict("records")
    )
    return f" The last place rests on {each}."


def _ends(rows: pd.DataFrame) -> dict[str, Any]:
    """The first, the last and the highest bin of one signal in one task."""
    highest = rows.nlargest(1, "mean").iloc[0]
    return {
        "signal": rows["signal"].iloc[0],
        "task": rows["task"].iloc[0],
        "first": float(rows["mean"].iloc[0]),
        "last": float(rows["mean"].iloc[-1]),
        "highest": float(highest["mean"]),
        "highest_at": float(highest["at"]),
        "n_questions": int(rows["n_questions"].max()),
        "n_last": int(rows["n_questions"].iloc[-1]),
    }


def _words(signal: str, rows: pd.DataFrame) -> str:
    """One signal: which way it goes in how many tasks, and by how much on average."""
    change = (rows["last"] - rows["first"]).to_numpy()
    first, last = rows["first"].mean(), rows["last"].mean()
    rising = int(np.sum(change > 0))
    among = f", rising in {rising} of {len(rows)} tasks" if len(rows) > 1 else ""
    return f"{label(signal).text} {first:.3f} to {last:.3f}{among}"
