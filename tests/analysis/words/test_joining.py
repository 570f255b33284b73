"""Words of tokens: subwords, LaTeX, numbers, Chinese, broken characters, and many at once."""

import numpy as np
import pandas as pd
import pytest

from saccade.analysis.words import words
from saccade.analysis.words.pattern import words_of
from saccade.errors import SaccadeError


def table(*responses: list[str]) -> pd.DataFrame:
    """A table of tokens."""
    return pd.DataFrame(
        {
            "token": [token for tokens in responses for token in tokens],
            "position": [place for tokens in responses for place in range(len(tokens))],
        }
    )


def joined(*tokens: str) -> list[str]:
    """The words of one response in order, white space left out."""
    frame = words(table(list(tokens)))
    return [word for word in frame.loc[frame["starts"], "word"] if word]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["The", " tri", "angle", "'s"], ["The", "triangle's"]),
        ([" don", "'", "t"], ["don't"]),
        ([" right", "-", "angled", "."], ["right-angled", "."]),
        (["<think", ">The", " end", ".</", "think", ">"], ["<think>", "The", "end", "</think>"]),
        ([" \\", "frac", "{", "1", "}{", "2", "}"], ["\\frac{1}{2}"]),
        ([" \\", "angle", " ABC"], ["\\angle", "ABC"]),
        ([" ", "4", "5", "^\\", "circ"], ["45^\\circ"]),
        ([" =", " -", "2", ".", "5"], ["=", "-2.5"]),
        ([" 5", "-", "3"], ["5", "-", "3"]),
        ([" 3", "/", "4", " cm"], ["3/4", "cm"]),
        (["1", ",", "000"], ["1,000"]),
        (["[", "123", ",", "456", "]"], ["[", "123", ",", "456", "]"]),
        (["5", "cm", "²", ","], ["5cm²", ","]),
        (["三角", "形", "的", "周长", "，"], ["三角形", "的", "周长", "，"]),
        (["因此", "我们"], ["因此", "我们"]),
        (["x", "1", "=", "2"], ["x1", "=", "2"]),
        ([" na", "\ufffd", "\ufffd", "ve"], ["na\ufffd\ufffdve"]),
        (["AB", "\ufffd", "\ufffd", "CD"], ["AB", "\ufffd\ufffd", "CD"]),
        (["5", "<|im_end|>"], ["5", "<|im_end|>"]),
        (["**", "A", "**"], ["**", "A", "**"]),
        ([], []),
    ],
)
def test_what_a_word_is(tokens: list[str], expected: list[str]) -> None:
    """One case each."""
    assert joined(*tokens) == expected


def test_tokens_inherit_their_word() -> None:
    """Class and number of the word, token by token; a new response begins with word 0."""
    frame = words(table([" tri", "angle", " is"], ["angle", " so"]))
    assert frame["class"].tolist() == ["geometry", "geometry", "function", "geometry", "connective"]
    assert frame["number"].tolist() == [0, 0, 1, 0, 1]
    assert frame["starts"].tolist() == [True, False, True, True, True]
    assert frame["content"].tolist() == [True, True, False, True, False]


def test_one_by_one_and_all_together_are_the_same() -> None:
    """Reading each distinct run once changes nothing: against words_of on whole responses."""
    pieces = ["tri", "angle", " tri", "-", ".", "1", "2", "\\", "frac", "{", "三角", "形", "\ufffd"]
    pieces += [" ", "\n", "<", "think", ">", "'s", "A", " A", "，", "°"]
    rng = np.random.default_rng(0)
    responses = [list(rng.choice(pieces, rng.integers(1, 30))) for _ in range(300)]
    frame = words(table(*responses))
    at = 0
    for tokens in responses:
        alone = [word.text for word in words_of(tokens)]
        assert frame["word"].iloc[at : at + len(tokens)].tolist() == alone
        at += len(tokens)


def test_index_is_kept_and_columns_are_needed() -> None:
    """Rows answer to the table's rows."""
    tokens = table(["a", " b"]).set_axis([7, 3])
    assert words(tokens).index.tolist() == [7, 3]
    with pytest.raises(SaccadeError, match="position"):
        words(tokens[["token"]])
