"""From one row per token to the words they make up, for any number of tokens.

A response is cut where no word can go on (around white space, between Chinese tokens); what lies
between, a run of tokens, is read once however often it occurs. So Python works per distinct run and
distinct token, NumPy per token.
"""

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.words.classes import CLASSES, classify, is_content, normal_form
from saccade.analysis.words.pattern import CJK, PARTS, words_of
from saccade.errors import SaccadeError

if TYPE_CHECKING:
    from collections.abc import Sequence

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
OPENS = re.compile(rf"\s|[{CJK}]|$")
CLOSES = re.compile(rf"(?:^|\s|[{CJK}])\Z")


def words(tokens: pd.DataFrame) -> pd.DataFrame:
    """The word that each token of `run.tokens()` belongs to, row by row.

    Columns: `word` (its text), `normal` (its normal form), `class` (one of `CLASSES`), `content`
    (a content word, a function word, or missing for what is no word), `number` (which word of its
    response), `starts` (whether this is its first token). A response's tokens stand in their order;
    where `position` does not go on by one, another response begins.
    """
    missing = [name for name in ("token", "position") if name not in tokens]
    if missing:
        raise SaccadeError(
            f"Words are joined from a table of tokens with the columns token and position; "
            f"{missing} missing. Take it from run.tokens()."
        )
    codes, texts = _factorized(tokens["token"])
    position = tokens["position"].to_numpy().astype(np.int64)
    fresh = np.ones(len(codes), dtype=bool)
    fresh[1:] = position[1:] != position[:-1] + 1
    starts = np.flatnonzero(fresh | _apart(codes, texts))
    found, owner, local = _read(codes, texts, starts)
    begins = np.ones(len(codes), dtype=bool)
    begins[1:] = local[1:] != local[:-1]
    begins[starts] = True
    return _frame(found, owner, begins, fresh).set_axis(tokens.index)


def _factorized(column: "pd.Series[str]") -> tuple[Ints, list[str]]:
    """Each token's number among the distinct ones, and their texts."""
    codes, texts = pd.factorize(column)
    return codes.astype(np.int64), [str(text) for text in texts]


def _apart(codes: Ints, texts: "Sequence[str]") -> Flags:
    """Before which tokens a word must begin, by the token itself or the one before."""
    part = np.array([text in PARTS for text in texts], dtype=bool)
    opens = np.array([OPENS.match(text) is not None for text in texts], dtype=bool)
    closes = np.array([CLOSES.search(text) is not None for text in texts], dtype=bool)
    apart = opens[codes]
    apart[1:] |= closes[codes[:-1]]
    # Two pieces of a listed Chinese word may be one.
    apart[1:] &= ~(part[codes[1:]] & part[codes[:-1]])
    return apart


def _read(
    codes: Ints, texts: "Sequence[str]", starts: Ints
) -> tuple[list[tuple[str, str]], Ints, Ints]:
    """Distinct words as (form, text); each token's word among them; its word within its run."""
    lengths = np.diff(starts, append=len(codes))
    which, firsts = _distinct(codes, starts, lengths)
    known: dict[tuple[str, str], int] = {}
    owners: list[int] = []
    locals_: list[int] = []
    for first, length in zip(starts[firsts].tolist(), lengths[firsts].tolist(), strict=True):
        for word in words_of([texts[code] for code in codes[first : first + length]]):
            owners.append(known.setdefault((word.form, word.text), len(known)))
            locals_.append(word.start)
    offsets = np.cumsum(lengths[firsts]) - lengths[firsts]
    within = np.arange(len(codes)) - np.repeat(starts, lengths)
    place = np.repeat(offsets[which], lengths) + within
    return list(known), np.array(owners, np.int64)[place], np.array(locals_, np.int64)[place]


def _distinct(codes: Ints, starts: Ints, lengths: Ints) -> tuple[Ints, Ints]:
    """Each run's number among the distinct ones, and where each of those occurs first.

    As down a tree of prefixes: the runs' first tokens are numbered, then the pairs of that number
    and the next token, and so on with the runs that are longer still. Exact, and without a loop
    over runs.
    """
    width = int(codes.max(initial=0)) + 1
    prefix, used = codes[starts], width
    longer = np.flatnonzero(lengths > 1)
    for depth in range(1, int(lengths.max(initial=0))):
        pairs = prefix[longer] * width + codes[starts[longer] + depth]
        numbers, seen = pd.factorize(pairs)
        prefix[longer] = numbers + used
        used += len(seen)
        longer = longer[lengths[longer] > depth + 1]
    which, seen = pd.factorize(prefix)
    firsts = np.empty(len(seen), np.int64)
    firsts[which[::-1]] = np.arange(len(which))[::-1]
    return which.astype(np.int64), firsts


def _frame(
    found: "Sequence[tuple[str, str]]", owner: Ints, begins: Flags, fresh: Flags
) -> pd.DataFrame:
    """The columns, from the few distinct words and each token's place among them."""
    normals = [normal_form(text) for _, text in found]
    kinds = [classify(form, normal) for (form, _), normal in zip(found, normals, strict=True)]
    content = [is_content(kind, normal) for kind, normal in zip(kinds, normals, strict=True)]
    order = np.cumsum(begins)
    before = order[fresh] if len(order) else order
    number: Ints = order - np.repeat(before, np.diff(np.flatnonzero(fresh), append=len(order)))
    return pd.DataFrame(
        {
            "word": _labelled([text for _, text in found], owner),
            "normal": _labelled(normals, owner),
            "class": _labelled(kinds, owner, list(CLASSES)),
            "content": pd.array(content, dtype="boolean")[owner],
            "number": number.astype(np.int32),
            "starts": begins,
        }
    )


def _labelled(
    values: "Sequence[str]", owner: Ints, categories: "Sequence[str] | None" = None
) -> "pd.Categorical[str]":
    """One of a few values for each token."""
    distinct = list(dict.fromkeys(values)) if categories is None else list(categories)
    place = {value: number for number, value in enumerate(distinct)}
    codes: Any = np.array([place[value] for value in values], dtype=np.int32)[owner]
    labelled: pd.Categorical[str] = pd.Categorical.from_codes(codes, categories=pd.Index(distinct))
    return labelled
