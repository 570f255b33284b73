"""The report: complete, self-contained, the same every time, and hostile text stays text."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from frames import SIGNALS, FakeRun, make_run, make_sample, make_trace, stored

from saccade.analysis import (
    FIGURES,
    Scale,
    analyze,
    pinned_scales,
    render,
    similarity_distributions,
    token_strip,
)
from saccade.analysis.accuracy import accuracy_by_task
from saccade.analysis.comparing import Pair
from saccade.analysis.report.cases import paired_case, typical_cases
from saccade.analysis.report.files import slug, write
from saccade.analysis.report.text import visible
from saccade.analysis.tables import Tables
from saccade.errors import SaccadeError
from saccade.samples import Trace

ALONE = [name for name, figure in FIGURES.items() if figure.reads == "run"]
"""The figures of one run of one step, in which there is no training to draw."""
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"'&{{ 7*7 }}"


class Elements(HTMLParser):
    """Names of the elements, ids, and everything an attribute points to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        found = dict(attrs)
        self.names.append(tag)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found[name] or "" for name in ("src", "href", "xlink:href") if name in found]


@pytest.fixture
def trace() -> Trace:
    """One trace."""
    return make_trace(1, 0, correct=True, length=13, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one analysed run, read from disk."""
    folder = tmp_path_factory.mktemp("report")
    run = make_run(questions=12)
    analyze(stored(folder / "run", run), folder / "out", name="lab/base")
    return folder / "out"


def test_all_files_are_written(out: Path) -> None:
    """Figures, tables, summary, page, and nothing half-written."""
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert files == {
        *(f"figures/{name}.{kind}" for name in ALONE for kind in ("svg", "png")),
        *(f"tables/{name}.csv" for name in ALONE),
        "tables/accuracy.csv",
        "summary.json",
        "report.html",
    }
    assert (out / "figures/pepo_2.svg").read_text().count("<text") == 0
    assert set(pd.read_csv(out / "tables/pepo_2.csv")["panel"]) == {"all", "top", "bottom"}


def test_the_page_asks_for_nothing(out: Path) -> None:
    """No script, no address outside the page, every link within it finds its place."""
    page = Elements((out / "report.html").read_text())
    assert "script" not in page.names
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    text = (out / "report.html").read_text()
    assert "url(http" not in text
    assert "@import" not in text


def test_the_page_says_what_the_summary_says(out: Path) -> None:
    """The sentence, the accuracy and what was skipped."""
    said = json.loads((out / "summary.json").read_text())["runs"]["lab/base"]
    page = (out / "report.html").read_text()
    sentence = said["figures"]["pepo_2"]["sentence"]
    assert sentence.replace("'", "&#39;") in page
    assert said["skipped"] == {"rollout: its image is broken": 1}
    assert f"{100 * said['accuracy'][0]['accuracy']:.1f} %" in page
    assert said["facts"]["model.name"] == "lab/base"
    assert "light-dark(" in page


def test_the_same_bytes_again(out: Path, tmp_path: Path) -> None:
    """Nothing knows the time or the place."""
    analyze(out.parent / "run", tmp_path, name="lab/base")
    for path in (path for path in out.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / path.relative_to(out)).read_bytes()


def test_several_runs_in_one_report(tmp_path: Path) -> None:
    """A section each, one table of all, one question as each answered it, no id twice."""
    runs = {
        "lab/base": make_run(questions=9, accuracy=0.3),
        "lab/tuned": make_run(questions=9, seed=5),
    }
    path = render(runs, tmp_path / "out")
    page = Elements(path.read_text())
    assert {"together", "lab-base", "lab-tuned"} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert (tmp_path / "out/lab-tuned/figures/pepo_2.png").exists()
    assert "whose first response is" in path.read_text()
    assert {"together-changes", "together-calibration"} <= set(page.ids)
    assert "together-forced_changes" not in page.ids, "nothing was read by both"


def test_models_on_the_same_responses_have_figures_of_their_own(tmp_path: Path) -> None:
    """Drawn once, in the part of all runs, with their tables."""
    before, after = make_run(questions=9), make_run(questions=9)
    runs = {"a": before, "b": make_run(questions=9, seed=5)}
    forced = {"a": Pair(before.tokens(), after.tokens())}
    page = Elements(render(runs, tmp_path, forced=forced).read_text())
    said = json.loads((tmp_path / "summary.json").read_text())["together"]
    for name in (name for name, figure in FIGURES.items() if figure.reads == "forced"):
        assert f"together-{name}" in page.ids
        assert said[name]["sentence"]
        assert (tmp_path / "together" / "tables" / f"{name}.csv").is_file()


def test_a_run_without_traces_names_the_command(tmp_path: Path) -> None:
    """And leaves nothing behind."""
    run = stored(tmp_path / "run", make_run(questions=1), probed=False)
    with pytest.raises(SaccadeError, match=f"saccade probe {tmp_path / 'run'}"):
        analyze(run, tmp_path / "out")
    with pytest.raises(SaccadeError, match="saccade trace"):
        analyze(FakeRun([]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_signal_is_said_in_the_page(tmp_path: Path) -> None:
    """The other parts are there."""
    run = make_run(questions=3)
    for place, trace in enumerate(run.traces):
        rest = {name: trace.signals[name] for name in SIGNALS if name != "visual_similarity"}
        run.traces[place] = replace(trace, signals=rest)
    page = analyze(run, tmp_path).read_text()
    assert "Not drawn. This run has no signal" in page
    assert "visual similarity (not measured)" in page
    assert not (tmp_path / "figures" / "pepo_2.svg").exists()
    assert (tmp_path / "figures" / "positions.svg").exists()
    assert (tmp_path / "figures/vppo_3.svg").exists()


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


def test_scale_is_pinned_by_the_run() -> None:
    """Zero has no colour for a divergence; a cosine starts at the run's low percentile."""
    tokens = pd.DataFrame({"kl.blind": np.arange(101.0), "visual_similarity": np.arange(101.0)})
    scales = pinned_scales(tokens, ["kl.blind", "visual_similarity", "entropy"])
    assert scales == {"kl.blind": Scale(0.0, 98.0), "visual_similarity": Scale(2.0, 98.0)}
    np.testing.assert_allclose(Scale(2.0, 10.0).intensity([0, 2, 4, 99]), [0, 0, 0.25, 1])
    falling = pinned_scales(pd.DataFrame({"logprob": -np.arange(101.0)}), ["logprob"])["logprob"]
    np.testing.assert_allclose(falling.intensity([0, -49, -98]), [0, 0.5, 1])
    assert np.isnan(Scale(0, 1).intensity([np.nan, np.inf])).all()
    assert Scale(3, 3).intensity([3.0]) == 0


def test_questions_that_share_an_image_are_found_in_the_store(tmp_path: Path) -> None:
    """The made-up run shows one picture throughout: one cluster, so no interval."""
    tables = Tables(stored(tmp_path / "run", make_run(questions=9)))
    assert set(tables.rollouts["cluster"]) == {"q0"}
    assert set(similarity_distributions(tables.source)["cluster"]) == {"q0"}
    assert "cluster" not in Tables(make_run(questions=2)).rollouts
    row = accuracy_by_task(tables.rollouts).iloc[0]
    assert row["clusters"] == 1 and np.isnan(row["accuracy_low"])
    assert row["note"] == "no interval: there is 1 cluster, of 8 needed"


def test_typical_case_is_nearest_the_median() -> None:
    """The same rule by a loop."""
    tables = Tables(make_run(questions=9))
    for verdict, (why, chosen) in zip((True, False), typical_cases(tables), strict=True):
        means = [
            t.signals["visual_similarity"].astype(float).mean()
            for t in tables.run
            if t.rollout.correct is verdict
        ]
        mean = chosen.signals["visual_similarity"].astype(float).mean()
        assert chosen.rollout.correct is verdict
        assert abs(mean - np.median(means)) == min(abs(m - np.median(means)) for m in means)
        assert f"median of {len(means)}" in why


def test_paired_case_turned_right() -> None:
    """The first question whose first response went from wrong to right."""
    runs = {"a": make_run(questions=9, accuracy=0.3), "b": make_run(questions=9, seed=5)}
    found = paired_case({name: Tables(run) for name, run in runs.items()})
    assert found is not None
    before, after = found[1]
    assert (before.rollout.correct, after.rollout.correct) == (False, True)
    assert before.sample.id == after.sample.id
    first = [t.sample.id for t in runs["a"] if t.rollout.index == 0 and not t.rollout.correct]
    right = {t.sample.id for t in runs["b"] if t.rollout.index == 0 and t.rollout.correct}
    assert before.sample.id == next(name for name in first if name in right)


def test_visible_and_slug() -> None:
    """What draws nothing is named; line breaks stay where lines are wanted."""
    assert visible("a\nb\x00\ufeff") == "a\nb⟨U+0000⟩⟨U+FEFF⟩"
    assert visible("a\n\tb", lines=False) == "a⏎⇥b"
    assert visible("\ud800é漢") == "⟨U+D800⟩é漢"
    assert slug("../lab/Base 2") == "lab-base-2"
    assert slug("漢") == "run"


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no temporary one."""
    path = write(tmp_path / "x.txt", "old")

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(SaccadeError, match=r"No space is left on the disk to write .*x\.txt"):
        write(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]
    assert path.read_text() == "old"
