"""What a notebook shows: HTML in which the run's text does nothing."""

import pandas as pd
from frames import make_run, make_sample

from saccade.analysis import Finding, token_strip
from saccade.samples import Rollout, Trace

NASTY = "<img src=x onerror=alert(1)> $x^2$ \x1b[31m"


def test_a_finding_shows_its_sentence_and_its_numbers():
    html = Finding(
        "It moved.", pd.DataFrame({"task": ["lab/counting"], "p": [1 / 3]})
    )._repr_html_()
    assert "<p>It moved.</p>" in html
    assert "lab/counting" in html and "0.3333" in html


def test_long_tables_are_cut_and_say_so():
    html = Finding("Many.", pd.DataFrame({"n": range(100)}))._repr_html_()
    assert (
        "the first 20 of 100 rows" in html and "<td>19</td>" in html and "<td>20</td>" not in html
    )


def test_text_is_neither_run_nor_typeset_nor_hidden():
    finding = Finding(NASTY, pd.DataFrame({"token": [NASTY]}))
    rollout = Rollout("q0", 0, "", (1,), NASTY)
    strip = token_strip(Trace(make_sample(0, question=NASTY), rollout, (NASTY,)))
    for html in (finding._repr_html_(), strip._repr_html_()):
        assert "<img src=x" not in html and html.count("&lt;img src=x") >= 2
        assert "\x1b" not in html and "⟨U+001B⟩" in html
        assert html.startswith('<div class="saccade-notebook tex2jax_ignore mathjax_ignore">')


def test_a_strip_shows_itself_and_is_html_to_a_template():
    strip = token_strip(make_run(questions=1, n=1)[0])
    assert str(strip) in strip._repr_html_()
    assert strip.__html__() == str(strip)
