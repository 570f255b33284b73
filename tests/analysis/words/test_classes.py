"""Classes of words: the lists, what decides between them, content and function words."""

import pytest

from saccade.analysis.words.classes import CLASSES, HOME, classify, is_content, normal_form


@pytest.mark.parametrize(
    ("normal", "name"),
    [
        ("therefore", "connective"),
        ("triangles", "geometry"),
        ("vertices", "geometry"),
        ("boxes", "content"),
        ("between", "spatial"),
        ("three", "number"),
        ("blue", "picture"),
        ("is", "function"),
        ("因此", "connective"),
        ("三角形", "geometry"),
        ("left", "spatial"),
        ("question", "content"),
    ],
)
def test_first_list_decides(normal: str, name: str) -> None:
    """A plural counts as its singular; what no list has is content."""
    assert classify("word", normal) == name


@pytest.mark.parametrize(
    ("form", "normal", "name"),
    [
        ("latex", r"\angle", "geometry"),
        ("latex", r"^\circ", "geometry"),
        ("latex", r"\therefore", "connective"),
        ("latex", r"\left", "symbol"),
        ("symbol", "∠", "geometry"),
        ("symbol", ",", "symbol"),
        ("number", "45°", "number"),
        ("markup", "<think>", "markup"),
        ("unreadable", "\ufffd", "unreadable"),
        ("space", "", "space"),
    ],
)
def test_form_decides_where_no_list_does(form: str, normal: str, name: str) -> None:
    """Symbols and LaTeX may be listed; tags, numbers and space have their own class."""
    assert classify(form, normal) == name


def test_content_is_a_matter_of_grammar() -> None:
    """A preposition of place is a spatial term and a function word; punctuation is neither."""
    assert is_content("spatial", "between") is False
    assert is_content("spatial", "left") is True
    assert is_content("number", "5") is True
    assert is_content("symbol", ",") is None


def test_normal_form() -> None:
    """Case, apostrophe, possessive, broken characters."""
    assert normal_form("Triangle’s") == "triangle"
    assert normal_form("It's") == "it's"
    assert normal_form("na\ufffd\ufffdve") == "na\ufffdve"


def test_lists_are_in_normal_form() -> None:
    """Every listed word can be met, and every class says what is in it."""
    assert all(normal_form(word) == word for word in HOME)
    assert all(each.line for each in CLASSES.values())
    assert all(len(set(each.words)) == len(each.words) for each in CLASSES.values())
