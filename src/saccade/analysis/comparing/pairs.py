"""Two models' numbers on the same responses, token by token."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.accuracy import QUESTION
from saccade.analysis.comparing.items import with_cluster
from saccade.analysis.sources import present_signals
from saccade.errors import SaccadeError
from saccade.store import Run, Source

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

RESPONSE = [*QUESTION, "step", "index"]


@dataclass(frozen=True, eq=False)
class Pair:
    """One set of responses, measured with the model `before` and with the model `after`.

    Only responses that both have count. Each table is read once, however many figures ask for it.
    """

    before: Source
    after: Source

    @cached_property
    def signals(self) -> list[str]:
        """The signals that both have, in the first's order."""
        there = set(present_signals(self.after))
        return [name for name in present_signals(self.before) if name in there]

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

    @cached_property
    def _joined(
        self,
    ) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Floats], dict[str, Floats]]:
        before, after = (_tokens(each, self.signals) for each in (self.before, self.after))
        responses = _common(_responses(before), _responses(after))
        lengths = responses["length"].to_numpy()
        first, second = (
            _rows(responses[f"row{end}"].to_numpy(), lengths) for end in ("", "_after")
        )
        if (before["token_id"].to_numpy()[first] != after["token_id"].to_numpy()[second]).any():
            raise SaccadeError(_OTHERS)
        tokens = pd.DataFrame(
            {
                "token": before["token"].to_numpy()[first],
                "position": before["position"].to_numpy()[first],
                "owner": np.repeat(np.arange(len(lengths)), lengths),
            }
        )
        start, change = {}, {}
        for name in self.signals:
            one, other = (
                table[name].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
                for table, rows in ((before, first), (after, second))
            )
            change[name] = (other - one).astype(np.float32)
            start[name] = np.where(np.isfinite(change[name]), one, np.nan).astype(np.float32)
        return responses.drop(columns=["row", "row_after"]), tokens, start, change


_OTHERS = (
    "Both models must have measured the same responses, token by token, but some differ. Let one of"
    " them read the other's with saccade compare."
)


def _tokens(source: Source, signals: list[str]) -> pd.DataFrame:
    """The tokens of a source in order, responses whole."""
    return source.tokens(signals) if isinstance(source, Run) else source


def _responses(tokens: pd.DataFrame) -> pd.DataFrame:
    """One row per response: its names, its verdict, its first row and how many there are."""
    starts = np.flatnonzero(tokens["position"].to_numpy() == 0)
    table = tokens.iloc[starts][[*RESPONSE, "correct"]].reset_index(drop=True)
    return table.assign(row=starts, length=np.diff(starts, append=len(tokens)))


def _common(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The responses that both have, in the order of the first."""
    joined = before.merge(
        after[[*RESPONSE, "row", "length"]], on=RESPONSE, how="inner", suffixes=("", "_after")
    )
    if joined.empty or (joined["length"] != joined["length_after"]).any():
        raise SaccadeError(_OTHERS)
    number = joined.groupby(QUESTION, sort=False).ngroup()
    return joined.drop(columns="length_after").assign(question=number)


def _rows(starts: Ints, lengths: Ints) -> Ints:
    """The rows of all tokens of these responses, one response after the other."""
    offsets = np.cumsum(lengths) - lengths
    return np.repeat(starts - offsets, lengths) + np.arange(int(lengths.sum()))
