"""Two models' numbers on the same responses, token by token."""

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.accuracy import QUESTION, last_step
from saccade.analysis.comparing.items import with_cluster
from saccade.analysis.comparing.shared import some_signals
from saccade.errors import SaccadeError
from saccade.store import Source, ask
from saccade.store.views import quoted

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

RESPONSE = [*QUESTION, "step", "index"]
Joined = tuple[pd.DataFrame, pd.DataFrame, dict[str, Floats], dict[str, Floats]]
"""Responses, tokens, and per signal the numbers before and their change."""


@dataclass(frozen=True, eq=False)
class Pair:
    """One set of responses, measured with the model `before` and with the model `after`.

    Only responses that both have count, of several steps those of the last. Each table is read
    once, however many figures ask for it.
    """

    before: Source
    after: Source
    _reading: Lock = field(default_factory=Lock, init=False, repr=False)
    """Held while the tables are read: figures are computed two at a time."""

    @cached_property
    def signals(self) -> list[str]:
        """The signals that both have and that mean the same in both, in the first's order."""
        return some_signals(self.before, self.after)

    @property
    def responses(self) -> pd.DataFrame:
        """One row per response: names, `correct`, `length`, and `question`, its number."""
        return self._joined[0]

    @property
    def tokens(self) -> pd.DataFrame:
        """One row per token, `token` and `position`; `owner` is the number of its response."""
        return self._joined[1]

    @property
    def start(self) -> dict[str, Floats]:
        """Per signal the number before, token by token; NaN where either model has none."""
        return self._joined[2]

    @property
    def change(self) -> dict[str, Floats]:
        """Per signal how much more it is after than before, token by token."""
        return self._joined[3]

    @cached_property
    def questions(self) -> pd.DataFrame:
        """One row per question, by the number that `responses` give it; with its cluster."""
        table = self.responses.drop_duplicates("question")[QUESTION].reset_index(drop=True)
        return with_cluster(table, self.before)

    def per_question(self, values: Floats) -> NDArray[np.float64]:
        """The mean of one number per token over each question's tokens; NaN where it has none."""
        of = self.responses["question"].to_numpy()[self.tokens["owner"].to_numpy()]
        known = np.isfinite(values)
        n = len(self.questions)
        sums = np.bincount(of[known], values[known], n)
        counts = np.bincount(of[known], minlength=n)
        with np.errstate(invalid="ignore"):
            means: NDArray[np.float64] = sums / counts
        return means

    @property
    def _joined(self) -> Joined:
        with self._reading:
            return self._read

    @cached_property
    def _read(self) -> Joined:
        sources = (self.before, self.after)
        responses = _common(*map(_responses, sources))
        lengths = responses["length"].to_numpy()
        first, second = (
            _rows(responses[f"row{end}"].to_numpy(), lengths) for end in ("", "_after")
        )
        said, heard = (ask(each, _SAID)["token_id"].to_numpy() for each in sources)
        if (said[first] != heard[second]).any():
            raise SaccadeError(_OTHERS)
        tokens = pd.DataFrame(
            {
                "token": pd.Categorical(ask(self.before, _TEXTS)["token"])[first],
                "position": _rows(np.zeros_like(lengths), lengths).astype(np.int32),
                "owner": np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
            }
        )
        start, change = {}, {}
        for name in self.signals:
            one, other = (_numbers(each, name) for each in sources)
            change[name] = other[second] - one[first]
            start[name] = np.where(np.isfinite(change[name]), one[first], np.float32(np.nan))
        return responses.drop(columns=["row", "row_after"]), tokens, start, change


_OTHERS = (
    "Both models must have measured the same responses, token by token, but some differ. Let one of"
    " them read the other's with saccade compare."
)


_RESPONSES = """
SELECT any_value(task) AS task, any_value(sample_id) AS sample_id, any_value(step) AS step,
       any_value(index) AS index, any_value(correct) AS correct, count(*) AS length
FROM tokens GROUP BY response ORDER BY response
"""
_IN_ORDER = "FROM tokens ORDER BY response, position"
_SAID = f"SELECT token_id {_IN_ORDER}"
_TEXTS = f"SELECT token {_IN_ORDER}"


def _numbers(source: Source, signal: str) -> Floats:
    """One signal of every token in order; NaN where there is none. A column at a time fits."""
    column = ask(source, f"SELECT {quoted(signal)} AS value {_IN_ORDER}")["value"]
    return column.to_numpy(dtype=np.float32, na_value=np.nan)


def _responses(source: Source) -> pd.DataFrame:
    """One row per response: its names, its verdict, its first row and how many there are."""
    table = ask(source, _RESPONSES)
    ends = table["length"].cumsum()
    return table.assign(row=(ends - table["length"]).astype(np.int64))


def _common(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The responses that both have, in the order of the first."""
    theirs = after[[*RESPONSE, "row", "length"]]
    joined = last_step(before.merge(theirs, on=RESPONSE, how="inner", suffixes=("", "_after")))
    if joined.empty or (joined["length"] != joined["length_after"]).any():
        raise SaccadeError(_OTHERS)
    number = joined.groupby(QUESTION, sort=False, dropna=False).ngroup()
    return joined.drop(columns="length_after").assign(question=number)


def _rows(starts: Ints, lengths: Ints) -> Ints:
    """The rows of all tokens of these responses, one response after the other."""
    offsets = np.cumsum(lengths) - lengths
    return np.repeat(starts - offsets, lengths) + np.arange(int(lengths.sum()))
