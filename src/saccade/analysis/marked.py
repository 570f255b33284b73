"""One typical response and its tokens of largest dependency: those VPPO keeps (VPPO, figure 7)."""

import math

import pandas as pd

from saccade.analysis.dependency import percent
from saccade.analysis.figure import Finding
from saccade.analysis.labels import label
from saccade.analysis.measured import measured
from saccade.analysis.typical import tokens_of, typical
from saccade.errors import SaccadeError
from saccade.store import Source


def marked_response(source: Source, *, signal: str = "kl", top: float = 0.4) -> pd.DataFrame:
    """The tokens of one response in order, each with its value, its rank and whether it is kept.

    The response is the one whose mean is nearest the median of all responses' means, the first
    of the run among equals. Of its n tokens with a number the ceil(top n)
    largest are kept; of equal ones the earlier.
    """
    if not 0 < top <= 1:
        raise SaccadeError(f"top must be a share of the tokens above 0, up to 1; got {top!r}.")
    column = measured(source, signal).signal
    chosen = typical(source, column).iloc[0]
    frame = tokens_of(source, int(chosen["response"]), column)
    _check_differ(frame, column)
    keep = math.ceil(round(top * int(frame["value"].notna().sum()), 9))
    frame["rank"] = frame["value"].rank(ascending=False, method="first").astype("Int64")
    frame["kept"] = (frame["rank"] <= keep).fillna(value=False).astype(bool)
    correct = frame.pop("correct").iloc[0]
    frame.attrs = {
        "signal": column,
        "top": top,
        "sample_id": str(chosen["sample_id"]),
        "index": int(chosen["index"]),
        "correct": None if pd.isna(correct) else bool(correct),
        "responses": int(chosen["responses"]),
    }
    return frame


def _check_differ(frame: pd.DataFrame, column: str) -> None:
    """Refused where no token is larger than another."""
    if frame["value"].nunique() == 1 < frame["value"].count():
        raise SaccadeError(
            f"All tokens of the typical response have the same {column}, "
            f"{frame['value'].max():.3g}, so none is larger and there is nothing to mark."
        )


def describe_marked(frame: pd.DataFrame) -> Finding:
    """Which response, what the kept tokens hold, and the largest of them."""
    facts, name = frame.attrs, label(frame.attrs["signal"]).text
    kept, total = frame[frame["kept"]], frame["value"].sum()
    largest = kept.nsmallest(5, "rank")
    hold = (
        f" They hold {percent(kept['value'].sum() / total)} of its {name}."
        if total > 0 and frame["value"].min() >= 0
        else ""
    )
    words = ", ".join(
        f"“{str(token).strip() or '␣'}” ({value:.3g})"
        for token, value in zip(largest["token"], largest["value"], strict=True)
    )
    sentence = (
        f"Response {facts['index']} to {facts['sample_id']} ({verdict(facts['correct'])}), whose "
        f"mean is nearest the median of {facts['responses']:,}: {len(kept)} of its {len(frame)} "
        f"tokens are marked, the top {percent(facts['top'], 0)}"
    )
    return Finding(f"{sentence} by {name}.{hold} Largest: {words}.", largest)


def verdict(correct: bool | None) -> str:
    """In a word."""
    return {True: "correct", False: "incorrect", None: "no verdict"}[correct]
