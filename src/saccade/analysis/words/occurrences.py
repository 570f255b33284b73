"""Where the words of a cloud are said: a few places each, with the words around them."""

from typing import Any

import numpy as np
import pandas as pd

PLACES = 3
"""Occurrences of a word that are shown: those with the highest signal."""
AROUND = 8
"""Tokens shown on either side."""


class Places(tuple[dict[str, Any], ...]):
    """Occurrences in a frame's `attrs`, which pandas copies with every part of the frame.

    Nobody changes them, so all copies are this one: there may be hundreds.
    """

    __slots__ = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Places":
        """Itself."""
        return self


def occurrences(
    tokens: pd.DataFrame, joined: pd.DataFrame, said: pd.DataFrame, shown: "pd.Series[str]"
) -> list[dict[str, Any]]:
    """Of each word in `shown` up to three places, as plain values: where, and the text there.

    `said` has one row per spoken word: its first `row` in `tokens`, the `code` of its normal form
    and its `value`.
    """
    names = joined["normal"].cat.categories
    codes = names.get_indexer(pd.Index(shown))
    rows = said[said["code"].isin(codes)]
    rank = {code: number for number, code in enumerate(codes)}
    found = rows.sort_values("value", ascending=False, kind="stable").groupby("code").head(PLACES)
    found = found.sort_values("code", key=lambda column: column.map(rank), kind="stable")
    columns = ("row", "code", "value")
    return [
        {"word": str(names[code]), "value": value, **_place(tokens, joined, row)}
        for row, code, value in zip(*(found[name].tolist() for name in columns), strict=True)
    ]


def _place(tokens: pd.DataFrame, joined: pd.DataFrame, row: int) -> dict[str, Any]:
    """Which response, and its text before, in and after the word that starts in this row."""
    begin = max(0, row - AROUND)
    near = tokens.iloc[begin : row + 2 * AROUND]
    # Within a response, rows and positions go up together.
    offset = near["position"].to_numpy() - np.arange(len(near))
    same = offset == offset[row - begin]
    number = joined["number"].iloc[begin : row + 2 * AROUND].to_numpy()
    own = number[row - begin]
    text = near["token"].to_numpy(dtype=object)
    parts = {"before": number < own, "text": number == own, "after": number > own}
    said = {name: "".join(text[same & part]) for name, part in parts.items()}
    return {
        "sample_id": str(near["sample_id"].iloc[row - begin]),
        **_response(near, row - begin),
    } | said


def _response(near: pd.DataFrame, place: int) -> dict[str, int]:
    """The response's number within its question, and its step."""
    names = [name for name in ("index", "step") if name in near]
    return {name: int(near[name].iloc[place]) for name in names}
