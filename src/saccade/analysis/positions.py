"""How every signal runs along the response, from its first token to its last.

Only numbers here; `plots/profiles.py` draws them. Responses differ in length, so a place is a
share of the length, in bins; a response shorter than the bins is missing from some of them.
"""

from typing import Any

import numpy as np
import pandas as pd

from saccade.analysis.figures import Finding
from saccade.analysis.intervals import over_questions
from saccade.analysis.labels import label
from saccade.analysis.sources import clustered, present_signals
from saccade.errors import SaccadeError
from saccade.store import Source, ask
from saccade.store.views import quoted

_MEANS = """
SELECT task, sample_id, position * {bins} // length AS bin {means}
FROM tokens GROUP BY ALL ORDER BY ALL
"""


def position_profiles(source: Source, *, bins: int = 10) -> pd.DataFrame:
    """Mean over questions of each signal in each bin of the response, with intervals.

    `at` is the middle of a bin, as a share of the response. A question's value is the mean over
    the pooled tokens of its responses in that bin.
    """
    if bins < 1:
        raise SaccadeError(f"bins must be 1 or more; got {bins}.")
    signals = present_signals(source)
    means = "".join(
        f", avg({quoted(name)}) FILTER (isfinite({quoted(name)})) AS {quoted(name)}"
        for name in signals
    )
    table = ask(source, _MEANS.format(bins=int(bins), means=means))
    items = table.melt(["task", "sample_id", "bin"], signals, "signal", "value")
    frame = over_questions(clustered(items.astype({"value": "float64"}), source), ["signal", "bin"])
    frame["signal"] = pd.Categorical(frame["signal"], signals, ordered=True)
    frame = frame.sort_values(["signal", "task", "bin"]).astype({"signal": str})
    frame.insert(3, "at", (frame["bin"] + 0.5) / bins)
    frame.attrs["bins"] = bins
    return frame.reset_index(drop=True)


def describe_positions(frame: pd.DataFrame) -> Finding:
    """Each signal at the start, in the middle and at the end, and where it is highest."""
    numbers = pd.DataFrame(
        [_ends(rows) for _, rows in frame.groupby(["signal", "task"], sort=False)]
    )
    groups = [_words(str(name), rows) for name, rows in numbers.groupby("signal", sort=False)]
    bins = frame.attrs.get("bins", 10)
    return Finding(
        f"From the first to the last of {bins} parts of the response: {'; '.join(groups)}. "
        "Means over questions, with intervals of 95 % in the figure.",
        numbers,
    )


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
    }


def _words(signal: str, rows: pd.DataFrame) -> str:
    """One signal: which way it goes in how many tasks, and by how much on average."""
    change = (rows["last"] - rows["first"]).to_numpy()
    first, last = rows["first"].mean(), rows["last"].mean()
    rising = int(np.sum(change > 0))
    among = f", rising in {rising} of {len(rows)} tasks" if len(rows) > 1 else ""
    return f"{label(signal).text} {first:.3f} to {last:.3f}{among}"
