"""Which words a signal singles out: those of its top tokens against all others, in tidy rows.

A word counts once however many tokens it has: among the top words if one of its tokens is among the
top tokens, among the others if not. Punctuation, tags and white space are no words.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.figures import Finding
from saccade.analysis.labels import label
from saccade.analysis.ranking import check_top, panel_title
from saccade.analysis.words.fonts import font_for
from saccade.analysis.words.joining import words
from saccade.analysis.words.occurrences import Places, occurrences
from saccade.analysis.words.odds import FLOOR, log_odds
from saccade.analysis.words.reading import Among, drawn_words, read_tokens
from saccade.store import Source, column_of

SHOWN = 40
"""Words of one panel that are drawn."""
LISTED = 12
"""Words of one panel that stand in the table beside the cloud."""
NAMED = 5
"""Words of one panel that the sentence names."""

CAUTION = (
    "The intervals take words as independent, which those of one response are not: they are "
    "narrower than they should be."
)

Floats = NDArray[np.float64]
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
    """One row per signal (`panel`) and word: `n` in the top, `n_other`, log-odds, interval.

    `top` is a share of the scored tokens of each response (or of the `run`) as a float, an absolute
    number as an int. `attrs["occurrences"]` says where the words that stand out are said.
    """
    check_top(top)
    columns = [column_of(source, signal) for signal in signals]
    tokens = read_tokens(source, columns, top=top, among=among)
    joined = words(tokens)
    panels: list[pd.DataFrame] = []
    places: list[dict[str, Any]] = []
    not_drawn: dict[str, list[str]] = {}
    for number, column in enumerate(columns):
        value = tokens[f"value_{number}"].fillna(-np.inf).to_numpy(dtype=np.float64)
        said = _said(joined, value, tokens[f"top_{number}"].to_numpy(dtype=bool))
        frame = log_odds(_counts(joined, said), floor=floor)
        frame.insert(0, "panel", column)
        shown = standing_out(frame)["word"].head(SHOWN)
        found = occurrences(tokens, joined, said[said["chosen"]], shown)
        not_drawn[column] = font_for(list(shown))[1]
        anchors = {word: f"word-{number}-{place}" for place, word in enumerate(shown)}
        places += [{"panel": column, "anchor": anchors[at["word"]], **at} for at in found]
        panels.append(frame)
    table = pd.concat(panels, ignore_index=True)
    table.attrs = {
        "signals": columns,
        "top": top,
        "among": among,
        "floor": floor,
        "occurrences": Places(places),
        "not_drawn": not_drawn,
        **tokens.attrs,
    }
    return table


def standing_out(frame: pd.DataFrame) -> pd.DataFrame:
    """The words that are likelier for all of their interval; the surest to be much so first."""
    rows = frame[frame["low"] > 0]
    return rows.sort_values("low", ascending=False, kind="stable")


def _said(joined: pd.DataFrame, value: Floats, chosen: Flags) -> pd.DataFrame:
    """One row per word with the signal: its first row, highest value, and if it is a top word.

    A token without the signal has the value minus infinity.
    """
    row = np.flatnonzero(joined["starts"].to_numpy())
    said = pd.DataFrame(
        {
            "row": row,
            "code": joined["normal"].cat.codes.to_numpy()[row],
            "value": np.maximum.reduceat(value, row),
            "chosen": np.logical_or.reduceat(chosen, row),
        }
    )
    counted = joined["content"].notna().to_numpy()[row]
    kept: pd.DataFrame = said[counted & np.isfinite(said["value"].to_numpy())]
    return kept


def _counts(joined: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """Per word: class, and how often it is among the top words and among the others."""
    size = len(joined["normal"].cat.categories)
    code, chosen = said["code"].to_numpy(), said["chosen"].to_numpy()
    counts = pd.DataFrame(
        {
            "word": joined["normal"].cat.categories.astype(object),
            "n": np.bincount(code[chosen], minlength=size),
            "n_other": np.bincount(code[~chosen], minlength=size),
        }
    )
    first = said.drop_duplicates("code").set_index("code")["row"]
    counts = counts.loc[sorted(first.index)]
    kinds = joined["class"].iloc[first[counts.index]].astype(str).to_numpy()
    counts.insert(1, "class", kinds)
    return counts.sort_values("word", kind="stable")


def describe_clouds(frame: pd.DataFrame) -> Finding:
    """Per panel which words stand out, and the classes that they are of."""
    parts = [_panel_words(frame, column) for column in frame.attrs["signals"]]
    listed = [
        standing_out(frame[frame["panel"] == column]).head(LISTED)
        for column in frame.attrs["signals"]
    ]
    said = [*parts, *drawn_words(frame.attrs), *_not_drawn(frame), CAUTION]
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
    said, others = int(rows["n"].sum()), int(rows["n_other"].sum())
    sentence = (
        f"{panel_line(frame, column)}, {said} words against {others} others "
        f"(words said at least {frame.attrs['floor']} times): "
    )
    out = standing_out(rows)
    if out.empty:
        return f"{sentence}no word stands out."
    named = ", ".join(
        f"“{row.word}” ({row.log_odds:+.2f}, {row.low:.2f} to {row.high:.2f})"
        for row in out.head(NAMED).itertuples()
    )
    return (
        f"{sentence}{len(out)} of {len(rows)} stand out, by log-odds with 95 % interval most "
        f"clearly {named}; {_class_words(rows)}."
    )


def _class_words(rows: pd.DataFrame) -> str:
    """The class whose share of the words grows most, and both shares."""
    sums = rows.groupby("class")[["n", "n_other"]].sum()
    shares = sums / sums.sum().clip(lower=1)
    place = int((shares["n"] - shares["n_other"]).to_numpy().argmax())
    name, (one, other) = shares.index[place], shares.to_numpy()[place]
    return f"of the top words {one:.0%} are of the class {name}, of the others {other:.0%}".replace(
        "%", " %"
    )


def panel_line(frame: pd.DataFrame, column: str) -> str:
    """`Top 20 % of each response's tokens by entropy`."""
    top, name = frame.attrs["top"], label(column).text
    if frame.attrs["among"] == "response":
        return f"{panel_title('top', top)} by {name}"
    share = f"{top} tokens" if isinstance(top, int) else f"{top:.0%} of all tokens"
    return f"Top {share} of the run by {name}".replace("%", " %")
