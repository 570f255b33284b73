"""Drawings in a page: ids of their own, letters in common."""

from saccade.analysis.report.svg import inline, letters_once


def test_letters_are_drawn_once() -> None:
    """Ids of a figure are its own, those of letters are shared; coordinates are short."""
    letter = '<path id="DejaVuSans-13" d="M 1 2" transform="scale(0.015625)"/>'
    svg = f'<svg width="100pt" height="9pt"><g id="a"/>{letter}<use href="#DejaVuSans-13"/>'
    svg += '<path d="M 1.234567 -0.001 \nL 3 4.5 " style="fill: #1b1f24"/></svg>'
    parts = [inline(svg, prefix=prefix, label='"<') for prefix in "xy"]
    page = letters_once("".join(parts))
    assert page.count('<path id="glyph-DejaVuSans-13"') == 1
    assert page.count('href="#glyph-DejaVuSans-13"') == 2
    assert 'id="x-a"' in page and 'id="y-a"' in page and "var(--ink)" in page
    assert 'd="M 1.23 -0L 3 4.5 "' in page and "max-width:10.0rem" in page
    assert 'aria-label="&quot;&lt;"' in page
