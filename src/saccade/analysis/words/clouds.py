"""Which words a signal singles out: those of its top tokens against all others, in tidy rows.

Tokens are counted, each as its word, as in `kinds.py`: were a word counted as soon as one of its
tokens is among the top ones, words of several tokens would stand out whatever the signal.
Punctuation, tags and white space are no words.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.dependency import percent
from saccade.analysis.figure import Finding
from saccade.analysis.labels import label
from saccade.analysis.ranking import check_top, panel_title
from saccade.analysis.stats.corrections import corrected
from saccade.analysis.words.fonts import font_for
from saccade.analysis.words.joining import words
from saccade.analysis.words.occurrences import Places, occurrences
from saccade.analysis.words.odds import FLOOR, log_odds, score_errors
from saccade.analysis.words.reading import Among, drawn_words, read_tokens, units_of
from saccade.store import Source, column_of

SHOWN = 40
"""Words of one panel that are drawn."""
LISTED = 12
"""Words of one panel that stand in the table beside the cloud."""
NAMED = 5
"""Words of one panel that the sentence names."""

LEVEL = 0.05
"""A word stands out whose corrected p is below."""
HOW = (
    "Each token counts as its word; intervals of 95 % and p take questions as the unit, and p is "
    "corrected over all words (Benjamini-Hochberg)."
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def top_words(source: Source) -> pd.DataFrame:
    """Words of the tokens with most entropy, and with most visual similarity (PEPO, figure 3)."""
    return word_clouds(source, signals=("entropy", "visual_similarity"))


def dependent_words(source: Source) -> pd.DataFrame:
    """Words of the 200 tokens of the run that depend most on the image (PGPO, figure 5)."""
    return word_clouds(source, signals=("kl",), top=200, among="run")


def word_clouds(
    source: Source,
    *,
    signals: Sequence[str],
    top: float = 0.2,
    among: Among = "response",
    floor: int = FLOOR,
) -> pd.DataFrame:
    """One row per signal (`panel`) and word: its tokens in the top and others, log-odds, p.

    `n` and `n_other` count tokens, `said` words; p is corrected over all rows. `top` is a share of
    the scored tokens of each response (or of the `run`) as a float, an absolute number as an int.
    `attrs["occurrences"]` says where the words that stand out are said.
    """
    top = check_top(top)
    columns = [column_of(source, signal) for signal in signals]
    tokens = read_tokens(source, columns, top=top, among=among)
    joined, units = words(tokens), units_of(tokens, source)
    panels = []
    for number, column in enumerate(columns):
        value, chosen = _panel(tokens, number)
        counts = _counts(joined, units, np.isfinite(value), chosen)
        panels.append(log_odds(counts, floor=floor).assign(panel=column))
    table = corrected(pd.concat(panels, ignore_index=True))
    table.insert(0, "panel", table.pop("panel"))
    table.attrs = {
        "signals": columns,
        "top": top,
        "among": among,
        "floor": floor,
        **_drawn(table, tokens, joined, columns),
        **tokens.attrs,
    }
    return table


def standing_out(frame: pd.DataFrame) -> pd.DataFrame:
    """The words that are likelier, with p_bh below 0.05; the surest to be much so first."""
    rows = frame[(frame["log_odds"] > 0) & (frame["p_bh"] < LEVEL)]
    return rows.sort_values("low", ascending=False, kind="stable")


def pictured(frame: pd.DataFrame) -> pd.DataFrame:
    """The words that are drawn: those that stand out, or else those that do before correction."""
    out = standing_out(frame)
    return out if len(out) else frame[frame["low"] > 0].sort_values("low", ascending=False)


def _panel(tokens: pd.DataFrame, number: int) -> tuple[Floats, Flags]:
    """Each token's value, minus infinity without the signal, and if it is among the top ones."""
    value = tokens[f"value_{number}"].fillna(-np.inf).to_numpy(dtype=np.float64)
    return value, tokens[f"top_{number}"].to_numpy(dtype=bool)


def _counts(joined: pd.DataFrame, units: Ints, scored: Flags, chosen: Flags) -> pd.DataFrame:
    """Per word: class, how often it is said, its tokens among the top ones, the others, error."""
    names = joined["normal"].cat.categories
    kept = joined["content"].notna().to_numpy() & scored
    codes, top = joined["normal"].cat.codes.to_numpy()[kept].astype(np.int64), chosen[kept]
    # A word is said where the first of its tokens with the signal stands.
    spoken = np.cumsum(joined["starts"].to_numpy())[kept]
    begins = np.diff(spoken, prepend=-1) != 0
    counts = pd.DataFrame(
        {
            "word": names.astype(object),
            "said": np.bincount(codes[begins], minlength=len(names)),
            "n": np.bincount(codes[top], minlength=len(names)),
            "n_other": np.bincount(codes[~top], minlength=len(names)),
            "error": score_errors(codes, units[kept], top, len(names)),
        }
    )
    first = joined[kept].drop_duplicates("normal").set_index("normal")["class"].astype(str)
    counts.insert(1, "class", counts["word"].map(first))
    return counts[counts["said"] > 0].sort_values("word", kind="stable")


def _drawn(
    table: pd.DataFrame, tokens: pd.DataFrame, joined: pd.DataFrame, columns: Sequence[str]
) -> dict[Any, Any]:
    """Where the words that stand out are said, and those of them that no font can draw."""
    places: list[dict[str, Any]] = []
    not_drawn: dict[str, list[str]] = {}
    for number, column in enumerate(columns):
        shown = pictured(table[table["panel"] == column])["word"].head(SHOWN)
        found = occurrences(tokens, joined, _said(joined, *_panel(tokens, number)), shown)
        anchors = {word: f"word-{number}-{place}" for place, word in enumerate(shown)}
        places += [{"panel": column, "anchor": anchors[at["word"]], **at} for at in found]
        not_drawn[column] = font_for(list(shown))[1]
    return {"occurrences": Places(places), "not_drawn": not_drawn}


def _said(joined: pd.DataFrame, value: Floats, chosen: Flags) -> pd.DataFrame:
    """One row per word said with a token among the top ones: first row, code, highest value."""
    row = np.flatnonzero(joined["starts"].to_numpy())
    code = joined["normal"].cat.codes.to_numpy()[row]
    said = pd.DataFrame({"row": row, "code": code, "value": np.maximum.reduceat(value, row)})
    counted = joined["content"].notna().to_numpy()[row]
    kept: pd.DataFrame = said[counted & np.logical_or.reduceat(chosen, row)]
    return kept


def describe_clouds(frame: pd.DataFrame) -> Finding:
    """Per panel which words stand out, and the classes that they are of."""
    parts = [_panel_words(frame, column) for column in frame.attrs["signals"]]
    listed = [
        pictured(frame[frame["panel"] == column]).head(LISTED) for column in frame.attrs["signals"]
    ]
    said = [*parts, *drawn_words(frame.attrs), *_not_drawn(frame), HOW]
    return Finding(" ".join(said), pd.concat(listed, ignore_index=True))


def _not_drawn(frame: pd.DataFrame) -> list[str]:
    """Which words are in the table and not in the drawing, where there are any."""
    missing = sorted({word for words in frame.attrs["not_drawn"].values() for word in words})
    if not missing:
        return []
    return [
        f"Not drawn, since no installed font has their characters: {', '.join(missing)}; "
        "install one that has, for instance Noto Sans CJK."
    ]


def _panel_words(frame: pd.DataFrame, column: str) -> str:
    """One panel in a sentence."""
    rows = frame[frame["panel"] == column]
    top, others = int(rows["n"].sum()), int(rows["n_other"].sum())
    sentence = (
        f"{panel_line(frame, column)}, {top} tokens of words against {others} others "
        f"(words said at least {frame.attrs['floor']} times): "
    )
    out = standing_out(rows)
    if out.empty:
        return f"{sentence}no word stands out{_nearest(rows)}."
    named = ", ".join(
        f"“{row.word}” ({row.log_odds:+.2f}, {row.low:.2f} to {row.high:.2f})"
        for row in out.head(NAMED).itertuples()
    )
    return (
        f"{sentence}{len(out)} of {len(rows)} stand out (p < {LEVEL}), by log-odds with 95 % "
        f"interval most clearly {named}; {_class_words(rows)}."
    )


def _nearest(rows: pd.DataFrame) -> str:
    """The word with the least p of the likelier ones, where none stands out."""
    likelier = rows[(rows["log_odds"] > 0) & rows["p_bh"].notna()]
    if likelier.empty:
        return ""
    row = likelier.nsmallest(1, "p").iloc[0]
    return f"; nearest to it is “{row['word']}” (p = {row['p_bh']:.2g})"


def _class_words(rows: pd.DataFrame) -> str:
    """The class whose share of the tokens grows most, and both shares."""
    sums = rows.groupby("class")[["n", "n_other"]].sum()
    shares = sums / sums.sum().clip(lower=1)
    place = int((shares["n"] - shares["n_other"]).to_numpy().argmax())
    name, (one, other) = shares.index[place], shares.to_numpy()[place]
    here, there = percent(one, 0), percent(other, 0)
    return f"of the top tokens {here} are of the class {name}, of the others {there}"


def panel_line(frame: pd.DataFrame, column: str) -> str:
    """`Top 20 % of each response's tokens by entropy`."""
    top, name = frame.attrs["top"], label(column).text
    if frame.attrs["among"] == "response":
        return f"{panel_title('top', top)} by {name}"
    share = f"{top} tokens" if isinstance(top, int) else f"{percent(top, 0)} of all tokens"
    return f"Top {share} of the run by {name}"
