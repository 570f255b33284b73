"""The strip of one response: every number, hostile text, nothing at all, a part of it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from frames import SIGNALS, make_sample, make_trace
from test_report import HOSTILE, Elements

from saccade.analysis import token_strip
from saccade.samples import Trace


@pytest.fixture
def trace() -> Trace:
    """One trace."""
    return make_trace(1, 0, correct=True, length=13, rng=np.random.default_rng(0))


def test_hostile_text_is_shown(trace: Trace) -> None:
    """Markup, controls and template words in every text a sample or response has."""
    sample = replace(trace.sample, question=HOSTILE, answer=HOSTILE, id="x" + HOSTILE, task=HOSTILE)
    tokens = (HOSTILE, *trace.tokens[1:])
    html = str(token_strip(replace(trace, sample=sample, tokens=tokens), mentions=True))
    assert "script" not in Elements(html).names
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert html.count("⟨U+001B⟩[31m⟨U+202E⟩") == 5
    assert "{{ 7*7 }}" in html


def test_strip_names_every_number(trace: Trace) -> None:
    """Hover text has place, id and all signals; line breaks are shown."""
    html = str(token_strip(trace))
    titles = re.findall(r'class="t"[^>]*title="([^"]*)"', html)
    assert len(titles) == len(trace.tokens)
    assert titles[3].startswith("token 3 of 13, id 3")
    assert all(f"{trace.signals[name][3]:.4f}" in titles[3] for name in SIGNALS)
    assert html.count("⏎</span><br>") == trace.tokens.count("\n")


def test_strip_shows_boxes_and_mentions(trace: Trace) -> None:
    """The regions over their image, and the words of the solution that mean them."""
    html = str(token_strip(trace, mentions=True))
    assert html.count("<rect") == 2
    assert '<mark title="red circle">red circle</mark>' in html
    assert "<mark" not in str(token_strip(trace))
    assert "no image" in str(token_strip(replace(trace, sample=make_sample(1, images=0))))


@pytest.mark.parametrize(("correct", "word"), [(True, "✓"), (False, "✗"), (None, "no verdict")])
def test_verdict_is_not_colour_only(trace: Trace, correct: bool | None, word: str) -> None:
    """A mark and a word."""
    assert word in str(token_strip(replace(trace, rollout=replace(trace.rollout, correct=correct))))


def test_strip_of_nothing(trace: Trace) -> None:
    """An empty response, missing values, constant values, no signal at all."""
    rollout = replace(trace.rollout, response_ids=(), text="")
    assert "the response is empty" in token_strip(
        replace(trace, rollout=rollout, tokens=(), signals={})
    )
    values = np.full(13, 0.5, dtype=np.float32)
    values[2] = np.nan
    html = token_strip(replace(trace, signals={"visual_similarity": values}))
    assert html.count('class="t na"') == 1
    assert "visual similarity: missing" in html
    assert "KL divergence (not measured)" in html


def test_a_long_response_is_shown_around_its_place() -> None:
    """The window and the frame, and what is left out is said."""
    long = make_trace(1, 0, correct=True, length=90, rng=np.random.default_rng(0))
    html = str(token_strip(long, places=[60], most=20, first="entropy"))
    assert re.findall(r"title=\"token (\d+) of 90", html) == [str(n) for n in range(50, 70)]
    assert html.count(' at"') == 1 and "tokens 50 to 69 of 90" in html
    assert re.search(r'class="by-b" checked', html)
    assert "token 19 of 90" in str(token_strip(long, most=20))
