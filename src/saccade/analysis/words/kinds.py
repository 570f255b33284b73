"""How much words depend on the image: content words against function words (PGPO, figure 2b).

A token has the class of its word, so that the pieces of a word count as what the word is. The mean
is taken over tokens.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.figure import Finding
from saccade.analysis.intervals import has_intervals
from saccade.analysis.labels import counted, label
from saccade.analysis.measured import measured
from saccade.analysis.stats.columns import column_intervals
from saccade.analysis.stats.resampling import DRAWS
from saccade.analysis.words.classes import CLASSES
from saccade.analysis.words.joining import words
from saccade.analysis.words.reading import drawn_words, read_tokens, units_of
from saccade.store import Source

Floats = NDArray[np.float64]

KINDS = ("content words", "function words")
DIFFERENCE = "difference"
COUNTED = tuple(name for name, each in CLASSES.items() if each.counted)
COUNTS = ("n_tokens", "n_words", "n_questions")


def word_dependency(source: Source, *, signal: str = "kl") -> pd.DataFrame:
    """Mean dependency of content and function words, their difference, and of each class.

    One row each: `mean` over tokens, `low` and `high` of its 95 % interval (questions drawn again
    with replacement, those of one image together), `n_tokens`, `n_words`, `n_questions`: of the
    difference those of either kind. Punctuation and tags are left out.
    """
    column = measured(source, signal).signal
    tokens = read_tokens(source, [column])
    joined = words(tokens)
    value = tokens["value_0"].to_numpy(dtype=np.float64, na_value=np.nan)
    kept = joined["content"].notna().to_numpy() & np.isfinite(value)
    content = joined["content"].to_numpy(dtype=bool, na_value=False)[kept]
    names = joined["class"].cat.categories.get_indexer(pd.Index(COUNTED))
    place = np.full(len(CLASSES), -1)
    place[names] = len(KINDS) + np.arange(len(COUNTED))
    units, questions = units_of(tokens, source)[kept], _questions(tokens)[kept]
    groups = (np.where(content, 0, 1), place[joined["class"].cat.codes.to_numpy()[kept]])
    sums, sizes = (_per_unit(units, groups, weight) for weight in (value[kept], None))
    asked, begun = (
        _per_unit(questions, groups, weight) for weight in (None, joined["starts"].to_numpy()[kept])
    )
    frame = _rows(sums, sizes, _counts(asked, begun))
    frame.attrs = {"signal": column, **tokens.attrs}
    return frame


def _questions(tokens: pd.DataFrame) -> NDArray[np.int64]:
    """Of each token the number of its question, whether others share its image or not."""
    groups = tokens.groupby(["task", "sample_id"], sort=False, dropna=False)
    return groups.ngroup().to_numpy().astype(np.int64)


def _per_unit(
    units: NDArray[np.int64],
    groups: Sequence[NDArray[np.int64]],
    weight: NDArray[Any] | None,
) -> Floats:
    """Of each unit and group how many tokens there are, or what their weights add up to."""
    width, n = len(KINDS) + len(COUNTED), int(units.max(initial=-1)) + 1
    table = np.zeros((n, width))
    for group in groups:
        table += np.bincount(units * width + group, weight, n * width).reshape(n, width)
    return table[np.bincount(units, minlength=n) > 0]


def _counts(asked: Floats, begun: Floats) -> NDArray[np.int64]:
    """Tokens, words and questions of each group; after the kinds those of either."""
    counts = np.stack([asked.sum(axis=0), begun.sum(axis=0), (asked > 0).sum(axis=0)])
    either = counts[:, : len(KINDS)].sum(axis=1)
    either[-1] = (asked[:, : len(KINDS)] > 0).any(axis=1).sum()
    return np.insert(counts, len(KINDS), either, axis=1).astype(np.int64)


def _rows(sums: Floats, sizes: Floats, counts: NDArray[np.int64]) -> pd.DataFrame:
    """A row per kind of word, for their difference, and per class that is there."""
    means = _means(np.ones((1, len(sums))), sums, sizes)[0]
    low, high = _intervals(sums, sizes)
    shows = ["kind"] * len(KINDS) + ["difference"] + ["class"] * len(COUNTED)
    frame = pd.DataFrame(
        {
            "words": [*KINDS, DIFFERENCE, *COUNTED],
            "shows": shows,
            "mean": means,
            "low": low,
            "high": high,
            **dict(zip(COUNTS, counts, strict=True)),
        }
    )
    there = (frame["shows"] != "class") | (frame["n_tokens"] > 0)
    return frame[there].reset_index(drop=True)


def _means(counts: Floats, sums: Floats, sizes: Floats) -> Floats:
    """Per draw the mean of each group over all tokens, and after the kinds their difference."""
    with np.errstate(invalid="ignore"):
        means: Floats = (counts @ sums) / (counts @ sizes)
    return np.insert(means, len(KINDS), means[:, 0] - means[:, 1], axis=1)


def _intervals(sums: Floats, sizes: Floats) -> Floats:
    """Low and high of each mean; the difference needs questions that have both kinds."""
    there = sizes > 0
    there = np.insert(there, len(KINDS), there[:, : len(KINDS)].all(axis=1), axis=1)
    return column_intervals(lambda counts: _means(counts, sums, sizes), there)


def describe_dependency(frame: pd.DataFrame) -> Finding:
    """The two means, their difference, and the class that depends most."""
    rows = {str(row["words"]): row for row in frame.to_dict("records")}
    name = label(frame.attrs["signal"]).text
    content, function, difference = (rows[each] for each in (*KINDS, DIFFERENCE))
    if not math.isfinite(difference["mean"]):
        there = f"{content['n_words']} content words and {function['n_words']} function words"
        return Finding(f"The run has {there} with {name}, so there is nothing to compare.", frame)
    intervals = f"; 95 % intervals from {DRAWS} draws of questions" if has_intervals(frame) else ""
    sentence = (
        f"Mean {name} of content words {_number(content)} and of function words "
        f"{_number(function)}: a difference of {_number(difference)} "
        f"({content['n_tokens']:,} and {function['n_tokens']:,} tokens of "
        f"{counted(int(frame['n_questions'].max()), 'question')}{intervals}). {_most(frame)}"
    )
    return Finding(" ".join([sentence, *drawn_words(frame.attrs)]), frame)


def _most(frame: pd.DataFrame) -> str:
    """The class that depends most, if one does."""
    classes = frame[frame["shows"] == "class"]
    if len(classes) > 1 and classes["mean"].nunique() == 1:
        return "No class depends more than another."
    most: Any = classes.nlargest(1, "mean").iloc[0]
    return f"Of the classes, {class_name(most['words'])} depends most, {_number(most)}."


def class_name(words: str) -> str:
    """What a row is called: a class of content words is not all of the content words."""
    return f"other {words}" if words in ("content", "function") else words


def _number(row: Mapping[Any, Any]) -> str:
    """A mean with its interval."""
    low, high = row["low"], row["high"]
    ends = f"{low:.3f} to {high:.3f}" if math.isfinite(low) else "no interval"
    return f"{row['mean']:.3f} ({ends})"
