"""Text that fits: lines no wider than they may be, figures no wider than a page, no letter tiny."""

import pandas as pd
import pytest
from frames import make_run, of_task
from matplotlib.text import Text

from saccade.analysis import FIGURES, style
from saccade.analysis.plots.fitting import across, fitted
from saccade.analysis.plots.panels import FREE
from saccade.analysis.plots.style import PAGE

LONG = "my/benchmark-with-a-very-long-name-that-goes-on-and-on/and-then-some-more"
DRAWN = [name for name, each in FIGURES.items() if each.reads == "run" and name != "layers"]


def test_lines_fit_and_no_letter_is_lost() -> None:
    with style():
        for text in (LONG, "Bottom 20 % of each response's tokens", "a\nb c"):
            lines = fitted(text, 1.2, size=8).split("\n")
            assert max(across(line, 8) for line in lines) <= 1.2
            assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
        assert fitted("a b", 9, size=8) == "a b" and fitted("a\nb", 9, size=8) == "a\nb"
        assert fitted("one, two", 0.4, size=8, between=", ") == "one\ntwo"


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_fits_on_a_page_with_its_titles_and_legends(name: str) -> None:
    """At the size it is printed: seven points or more, and nothing beyond the edges."""
    tokens = of_task(make_run(questions=9), LONG).tokens()
    canvas = FIGURES[name].draw(FIGURES[name].frame(tokens))
    canvas.draw_without_rendering()
    assert canvas.get_size_inches()[0] <= PAGE + 1e-9
    texts = [text for text in canvas.findobj(Text) if text.get_text() and text.get_visible()]
    assert min(text.get_fontsize() for text in texts) >= 7
    titles = [ax._left_title for ax in canvas.axes]
    legends = [each.get_legend() for each in canvas.axes if each.get_legend()]
    for part in (*titles, *legends, *canvas.legends):
        assert part.get_window_extent().x1 <= canvas.bbox.x1 + 1


def test_the_legend_of_five_panels_stands_in_the_sixth_cell() -> None:
    """Below them where there is no such cell."""
    tokens = make_run(questions=2).tokens()
    figure = FIGURES["positions"]
    whole = figure.draw(figure.frame(tokens))
    five = figure.draw(figure.frame(tokens.drop(columns="k3.blind")))
    assert [ax.get_label() for ax in five.axes].count(FREE) == 1
    assert five.axes[5].get_legend() is not None and not five.legends
    assert len(whole.axes) == 6 and len(whole.legends) == 1


def test_one_response_and_many_are_counted() -> None:
    tokens = make_run(questions=1, n=1).tokens()
    frame = FIGURES["pepo_2"].frame(tokens)
    title = FIGURES["pepo_2"].draw(frame).get_suptitle()
    assert "(1 question, 1 response)" in title
    more = pd.concat([tokens, tokens.assign(index=1)])
    assert "(1 question, 2 responses)" in (
        FIGURES["pepo_2"].draw(FIGURES["pepo_2"].frame(more)).get_suptitle()
    )
