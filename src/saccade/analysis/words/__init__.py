"""Tokens joined to words, the classes of words, and which words a signal singles out.

No model and no download: words come from the tokens' own texts, classes from word lists. Names are
fetched on first use, so that reading the class table loads no pandas.
"""

from saccade.lazy import lazy

_HOMES = {
    "CLASSES": "saccade.analysis.words.classes",
    "WordClass": "saccade.analysis.words.classes",
    "log_odds": "saccade.analysis.words.odds",
    "word_clouds": "saccade.analysis.words.clouds",
    "word_dependency": "saccade.analysis.words.kinds",
    "words": "saccade.analysis.words.joining",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list

__getattr__, __dir__ = lazy(__name__, _HOMES)
