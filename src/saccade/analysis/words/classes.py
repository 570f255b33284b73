"""CLASSES: what kinds of words there are. To add one: its line here, its words in `lists/`.

The lists are English, and the Chinese in which Qwen models also reason; each word in its normal
form, in the singular.

A word belongs to the first class that lists it, in the order of the table; a plural counts as its
singular. A word in no list is `content` if it has letters, and a `symbol` if not. Beside the class
stands whether a word is a content word in the sense of grammar: `between` is a spatial term, and a
function word all the same.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WordClass:
    """One class of words."""

    name: str
    line: str
    """What is in it, in one line."""
    words: tuple[str, ...] = ()
    """Its list; empty where the form of a word decides."""
    counted: bool = True
    """Whether its words are words to a word count: punctuation and tags are not."""


def _listed(name: str) -> tuple[str, ...]:
    """The words of a list."""
    file = Path(__file__).with_name("lists") / f"{name}.txt"
    return tuple(file.read_text(encoding="utf-8").split())


CLASSES: dict[str, WordClass] = {
    each.name: each
    for each in (
        WordClass("number", "numbers with sign, unit or fraction, number words", _listed("number")),
        WordClass("geometry", "figures, their parts and their measures", _listed("geometry")),
        WordClass("spatial", "where things are: left, above, between", _listed("spatial")),
        WordClass("picture", "colours, sizes and words about the picture", _listed("picture")),
        WordClass("connective", "steps of reasoning: so, because, however", _listed("connective")),
        WordClass("function", "articles, pronouns, auxiliaries, prepositions", _listed("function")),
        WordClass("content", "every other word with letters"),
        WordClass("symbol", "punctuation, operators, LaTeX in no list", counted=False),
        WordClass("markup", "tags as <think> and special tokens", counted=False),
        WordClass("unreadable", "characters in pieces that cannot be read alone", counted=False),
        WordClass("space", "tokens of nothing but white space", counted=False),
    )
}

HOME = {word: each.name for each in reversed(CLASSES.values()) for word in each.words}
"""Listed word → its class."""
GRAMMAR = frozenset(CLASSES["function"].words) | frozenset(CLASSES["connective"].words)
"""Function words in the sense of grammar, whatever their class."""
FORMS = {
    "space": "space",
    "markup": "markup",
    "number": "number",
    "unreadable": "unreadable",
    "latex": "symbol",
    "symbol": "symbol",
}
"""Form of a word → its class where no list has it; the others are content."""
BROKEN = "\ufffd"


def classify(form: str, normal: str) -> str:
    """The class of a word of this form (see `pattern.py`) and normal form."""
    if form in ("space", "markup", "number", "unreadable"):
        return FORMS[form]
    for candidate in (normal, normal.lstrip("^"), *_singulars(normal)):
        if candidate in HOME:
            return HOME[candidate]
    return FORMS.get(form, "content")


def is_content(name: str, normal: str) -> bool | None:
    """Whether a word of class `name` is a content word; None for what is no word."""
    if not CLASSES[name].counted:
        return None
    return normal not in GRAMMAR


def normal_form(text: str) -> str:
    """Lower case, straight apostrophe and hyphen, no possessive; broken characters as one."""
    normal = text.casefold().translate({0x2019: "'", 0x2010: "-", 0x2011: "-", 0x2212: "-"})
    while BROKEN * 2 in normal:
        normal = normal.replace(BROKEN * 2, BROKEN)
    possessive = normal.endswith("'s") and normal not in HOME
    return normal[:-2] if possessive and len(normal) > 2 else normal


def _singulars(normal: str) -> tuple[str, ...]:
    """What a plural may be the plural of."""
    if len(normal) < 4 or not normal.endswith("s"):
        return ()
    return (normal[:-1], normal[:-2]) if normal.endswith("es") else (normal[:-1],)
