"""Fonts: the one that comes along wherever it will do, and words that none can write."""

import pytest

from saccade.analysis.words import fonts


def test_own_font_if_it_will_do() -> None:
    """No machine changes a cloud of Latin, Greek or Cyrillic words."""
    assert fonts.font_for(["angle", "∠", "π", "угол"]) == (fonts._own(), [])


def test_words_that_no_font_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are named; the others are written."""
    monkeypatch.setattr(fonts, "_installed", tuple)
    assert fonts.font_for(["angle", "三角形"]) == (fonts._own(), ["三角形"])


def test_a_font_of_last_resort_is_none() -> None:
    """It has a box for everything."""
    assert not any("lastresort" in str(file).lower() for file in fonts._installed())
