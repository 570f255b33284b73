r"""What a word is: one pattern, and which of the words that it finds a token belongs to.

`right-angled`, `don't`, `x1`, `-2.5`, `45°`, `3/4`, `\frac{1}{2}`, `\angle` and `</think>` are one
word each. Chinese and Japanese have no spaces and there is no segmenter here, so a word is there
what the tokenizer made a token: its pieces are words (`三角形`) more often than characters are.
Only a word of the lists that lies in several whole tokens is put together.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from saccade.analysis.words.classes import BROKEN, HOME

CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
# Signs that belong to letters but are none to Python: accents, vowel signs from Hebrew to Lao.
MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0970-\u0e4e\u0eb0-\u0ecd"
)
# Half a character is a letter's only between small letters: `AB�CD` is more often `AB∥CD`.
SMALL = rf"[^\W\d_A-Z{CJK}]"
L = rf"(?:[^\W\d_{CJK}]|[{MARKS}]|(?<={SMALL}){BROKEN}+(?={SMALL}))"
UNIT = (
    r"(?:°|º|%|‰|\^\\circ|\^\{\\circ\}|(?:st|nd|rd|th)(?![A-Za-z])"
    r"|(?:[mckd]?m|k?g|ml|ft|in|px)(?:[²³]|\^[23])?(?![A-Za-z]))"
)
NUMBER = (
    r"\\[dt]?frac\{-?\d+\}\{-?\d+\}"
    # A sign belongs to a number unless something that can be subtracted from stands before it.
    rf"|(?:(?<![^\W{CJK}])(?<![)\]}}°])[-+−±])?"
    # Commas part thousands, except in the lists that coordinates are.
    rf"(?:(?<![\[(,])\d{{1,3}}(?:,\d{{3}})+(?![\d,])|\d+(?:\.\d+)?|\.\d+)(?:/\d+(?:\.\d+)?)?{UNIT}?"
)
WORD = re.compile(
    rf"(?P<markup></?[A-Za-z][\w-]*>|<\|[^<>|\s]{{1,40}}\|>)"
    rf"|(?P<number>{NUMBER})"
    rf"|(?P<latex>\^?\\[A-Za-z]+|\\[^\w\s])"
    rf"|(?P<cjk>[{CJK}]+)"
    rf"|(?P<unreadable>{BROKEN}+)"
    rf"|(?P<word>{L}(?:{L}|\d)*(?:['’‐‑-]{L}+)*|['’](?:s|re|ve|ll|d|m|t)(?![A-Za-z]))"
    r"|(?P<symbol>(?P<char>\S)(?P=char)*)"
)

PARTS = frozenset(
    word[start:end]
    for word in HOME
    if re.match(f"[{CJK}]", word)
    for start in range(len(word))
    for end in range(start + 1, len(word) + 1)
    if end - start < len(word)
)
"""Pieces of the lists' Chinese words, which may go on in the next token."""


class Word(NamedTuple):
    """A stretch of text, and the form of what it is."""

    start: int
    end: int
    form: str
    text: str


BLANK = Word(0, 0, "space", "")


def words_of(pieces: Sequence[str]) -> list[Word]:
    """For each piece of a text the word that it belongs to, pieces of one word next to another.

    A piece that touches several words belongs to the one that it holds most characters of, and to
    punctuation only where it holds nothing else: `>The` is `The`.
    """
    ends = [0]
    for piece in pieces:
        ends.append(ends[-1] + len(piece))
    found = [part for word in _found("".join(pieces)) for part in _cut(word, pieces, ends)]
    owners, at = [], 0
    for start, end in pairwise(ends):
        while at < len(found) and found[at].end <= start:
            at += 1
        owners.append(_owner(found, at, (start, end)))
    return owners


def _found(text: str) -> list[Word]:
    """Every word of a text."""
    return [
        Word(match.start(), match.end(), str(match.lastgroup), match[0])
        for match in WORD.finditer(text)
    ]


def _owner(found: Sequence[Word], at: int, span: tuple[int, int]) -> Word:
    """Of the words from the `at`th on the one that has most of this span."""
    best, most = BLANK, (False, 0)
    for word in found[at:]:
        if word.start >= span[1]:
            break
        share = min(span[1], word.end) - max(span[0], word.start)
        claim = (word.form != "symbol", share)
        if claim > most:
            best, most = word, claim
    return best


def _cut(word: Word, pieces: Sequence[str], ends: Sequence[int]) -> list[Word]:
    """Chinese and Japanese at the borders of tokens, except within a listed word."""
    if word.form != "cjk":
        return [word]
    cuts = [word.start, *(end for end in ends if word.start < end < word.end), word.end]
    parts, at = [], 0
    while at < len(cuts) - 1:
        last = next(
            (
                k
                for k in range(len(cuts) - 1, at + 1, -1)
                if _between(word, cuts[at], cuts[k]) in HOME
            ),
            at + 1,
        )
        parts.append(Word(cuts[at], cuts[last], "cjk", _between(word, cuts[at], cuts[last])))
        at = last
    return parts


def _between(word: Word, start: int, end: int) -> str:
    """The part of a word from one place of the text to another."""
    return word.text[start - word.start : end - word.start]
