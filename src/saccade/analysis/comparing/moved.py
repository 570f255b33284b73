"""Which words and classes of words moved most from one model to the other, on the same responses.

A question's value for a word is the mean change of the tokens that make it up; the mean over
questions is tested. Words are chosen by how often they are said, never by how far they moved.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.comparing.pairs import Floats, Ints, Pair
from saccade.analysis.figure import Finding
from saccade.analysis.labels import label
from saccade.analysis.stats.corrections import corrected
from saccade.analysis.stats.differences import MIN_CLUSTERS
from saccade.analysis.stats.many import compare_columns
from saccade.analysis.words.classes import CLASSES
from saccade.analysis.words.joining import words
from saccade.errors import SaccadeError
from saccade.samples import signal_column

SIGNALS = ("logprob", "kl")
"""What the model holds of a word, and how much of that it owes to the image."""
MOST = 200
"""Words of one set of responses that are tested: those said in most questions."""
NAMED = 5
"""Words that the sentence names."""
LISTED = 12
"""Words of each panel that are drawn and stand in the report's table."""


def moved_words(
    forced: Mapping[str, Pair],
    *,
    signals: Sequence[str] = SIGNALS,
    floor: int = MIN_CLUSTERS,
    most: int = MOST,
) -> pd.DataFrame:
    """One row per set of responses (`series`), signal, and class of word or word (`kind`).

    `difference` is the mean change over the questions that say it, with interval and effect size;
    p is corrected over all rows. A word is tested if at least `floor` questions say it, of these
    the `most` that are said in most questions.
    """
    parts = [
        part for name, pair in forced.items() for part in _parts(name, pair, signals, floor, most)
    ]
    if not parts:
        raise SaccadeError(
            f"The words that moved need one of the signals {', '.join(signals)} from both models,"
            f" and words that {floor} questions say."
        )
    table = corrected(pd.concat(parts, ignore_index=True))
    table.attrs = {"floor": floor, "most": most}
    return table


def _parts(
    series: str, pair: Pair, signals: Sequence[str], floor: int, most: int
) -> Iterator[pd.DataFrame]:
    """The rows of one set of responses."""
    columns = [each for name in signals if (each := signal_column(name, pair.signals))]
    if not columns:
        return
    joined = words(pair.tokens)
    of = pair.responses["question"].to_numpy()[pair.tokens["owner"].to_numpy()]
    said = joined["class"].to_numpy() != "space"
    classes = _numbered(_codes(joined["class"]), of, said, floor=1, most=len(CLASSES))
    chosen = _numbered(_codes(joined["normal"]), of, said, floor=floor, most=most)
    class_of = joined.drop_duplicates("normal").set_index("normal")["class"].astype(str)
    for column in columns:
        for kind, (places, codes) in (("class", classes), ("word", chosen)):
            part = "normal" if kind == "word" else "class"
            names = [str(joined[part].cat.categories[code]) for code in codes]
            head = {
                "series": series,
                "signal": column,
                "kind": kind,
                "word": names,
                "class": [class_of[name] for name in names] if kind == "word" else names,
            }
            found = _compared(pair, pair.change[column], of, places, len(codes))
            table = pd.concat([pd.DataFrame(head, index=found.index), found], axis=1)
            yield table[table["items"] > 0]


def _codes(column: pd.Series) -> Ints:
    """The numbers of a column's categories, row by row."""
    return column.cat.codes.to_numpy().astype(np.int64)


def _numbered(
    codes: Ints, of: Ints, said: NDArray[np.bool_], *, floor: int, most: int
) -> tuple[Ints, Ints]:
    """Each token's place among the codes that are tested (-1: none), and these codes in order.

    Those that most questions say come first; at least `floor` must.
    """
    width = int(codes.max(initial=0)) + 1
    pairs = np.unique(of[said] * width + codes[said])
    questions = np.bincount(pairs % width, minlength=width)
    ranked = np.argsort(-questions, kind="stable")[:most]
    kept = ranked[questions[ranked] >= floor]
    places = np.full(width, -1)
    places[kept] = np.arange(len(kept))
    return np.where(said, places[codes], -1), kept


def _compared(pair: Pair, values: Floats, of: Ints, places: Ints, width: int) -> pd.DataFrame:
    """The mean change of each word over the questions that say it, tested."""
    kept = (places >= 0) & np.isfinite(values)
    n = len(pair.questions)
    cell = of[kept] * width + places[kept]
    sums = np.bincount(cell, values[kept], n * width).reshape(n, width)
    counts = np.bincount(cell, minlength=n * width).reshape(n, width)
    with np.errstate(invalid="ignore"):
        table = compare_columns(sums / counts, cluster=pair.questions["cluster"])
    return table.assign(tokens=counts.sum(axis=0))


def standing_out(rows: pd.DataFrame) -> pd.DataFrame:
    """The words that moved, the furthest first: those with p_bh below 0.05, else none."""
    return _moved(rows, "word")


def _moved(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The rows of a kind that moved, the furthest first."""
    held = rows[(rows["kind"] == kind) & (rows["p_bh"] < 0.05)]
    return held.sort_values("difference", key=np.abs, ascending=False, kind="stable")


def describe_moved(frame: pd.DataFrame) -> Finding:
    """Per signal and set of responses: how many words moved, which furthest, and which class."""
    groups = frame.groupby(["signal", "series"], sort=False)
    parts = [_group_words(str(signal), str(series), rows) for (signal, series), rows in groups]
    listed = [
        pd.concat([rows[rows["kind"] == "class"], standing_out(rows).head(LISTED)])
        for _, rows in groups
    ]
    said = (
        f"Words in at least {frame.attrs['floor']} questions, the {frame.attrs['most']} most"
        f" frequent, after less before: {'; '.join(parts)}. Intervals of 95 % over questions; p"
        " corrected over all words and classes (Benjamini-Hochberg)."
    )
    return Finding(said, pd.concat(listed, ignore_index=True))


def _group_words(signal: str, series: str, rows: pd.DataFrame) -> str:
    """One signal on one set of responses."""
    out, tested = standing_out(rows), int((rows["kind"] == "word").sum())
    named = ", ".join(
        f"“{row['word']}” ({row['difference']:+.3g}, {row['low']:+.3g} to {row['high']:+.3g})"
        for row in out.head(NAMED).to_dict("records")
    )
    most = f", furthest {named}" if named else ""
    return (
        f"{label(signal).text} on the responses of {series}: {len(out)} of {tested} words"
        f" moved{most}; {_class_words(rows)}"
    )


def _class_words(rows: pd.DataFrame) -> str:
    """The class that moved furthest of those that did and have an interval, and its questions."""
    moved = _moved(rows, "class").dropna(subset="low")
    if moved.empty:
        return "no class moved"
    row = moved.iloc[0]
    return (
        f"of the classes {row['class']} moved most ({row['difference']:+.3g}, {row['low']:+.3g} to"
        f" {row['high']:+.3g}, n = {row['items']} questions)"
    )
