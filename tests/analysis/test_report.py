"""The report: complete, self-contained, the same every time, and hostile text stays text."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from frames import FakeRun, make_run, make_training, stored
from markupsafe import escape

from saccade.analysis import FIGURES, FINDERS, analyze, render, similarity_distributions
from saccade.analysis.accuracy import accuracy_by_task
from saccade.analysis.comparing import Pair
from saccade.analysis.report import build, drawn, found, sections
from saccade.analysis.report.files import slug, to_json, write
from saccade.analysis.report.strip import strip_key
from saccade.analysis.report.text import visible
from saccade.analysis.tables import Tables, ten_digits
from saccade.errors import SaccadeError
from saccade.samples import Trace
from saccade.store import open_run

TRAINED = {name for name, it in FIGURES.items() if it.reads == "runs"} - {"pepo_5"}
"""The figures of a training: a run of one step has none of them."""
ALONE = [name for name, it in FIGURES.items() if it.reads == "run" or name == "pepo_5"]
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"'&{{ 7*7 }}$\\frac{1}{$\U0001f600漢"


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
        *(f"tables/{name}.csv" for name in (*ALONE, *FINDERS)),
        "tables/accuracy.csv",
        *("summary.json", "report.html", "files.txt"),
    }
    listed = (out / "files.txt").read_text().splitlines()[1:]
    assert listed == sorted(files - {"files.txt"})
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


def test_numbers_have_ten_digits_wherever_they_stand() -> None:
    """The last digits of a sum in parallel change from run to run: those of `attrs` as well."""
    one, other = 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1
    assert one != other
    for number in (one, other):
        frame = pd.DataFrame({"mean": [number], "n": [3]})
        frame.attrs = {"mean": number, "ends": [(number, 1)], "of": {"gini": number}, "name": "x"}
        found = ten_digits(frame)
        assert found.attrs == {"mean": 0.6, "ends": [(0.6, 1)], "of": {"gini": 0.6}, "name": "x"}
        assert found["mean"].tolist() == [0.6] and frame.attrs["mean"] == number
        said = json.loads(to_json({"numbers": [{"share": number, "n": 3}], "not": math.nan}))
        assert said == {"numbers": [{"share": 0.6, "n": 3}], "not": None}


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Reports with some figures only, for tests of what the others do not touch."""
    few = {name: FIGURES[name] for name in names}
    for module in (build, sections):
        monkeypatch.setattr(module, "FIGURES", few)


@pytest.fixture
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """One figure of one run, one of all, and two of several and of what two models read."""
    only(monkeypatch, "pepo_2", "pepo_5", "changes", "forced_changes")


@pytest.mark.usefixtures("few_figures")
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
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "#lab-tuned-pepo_2" in page.links, "the same figure of the other run"
    assert (tmp_path / "out/lab-tuned/figures/pepo_2.png").exists()
    assert (tmp_path / "out/figures/pepo_5.png").exists()
    assert "whose first response is" in path.read_text()
    assert "together-changes" in page.ids
    assert "together-forced_changes" not in page.ids, "nothing was read by both"


@pytest.mark.usefixtures("few_figures")
def test_the_page_says_at_which_step_a_run_is_judged_and_what_was_left_out(tmp_path: Path) -> None:
    runs = {"base": make_run(questions=6), "training": make_training()}
    notices = [f"Not compared, as {HOSTILE}"]
    page = render(runs, tmp_path, notices=notices).read_text()
    assert "<td>base</td>" in page and "<td>training, step 20</td>" in page
    assert page.count("At step 20, the last of 3.") == 1
    assert f'<p class="refused">{escape(visible(notices[0]))}</p>' in page
    assert json.loads((tmp_path / "summary.json").read_text())["notices"] == notices
    tables = pd.read_csv(tmp_path / "training" / "tables" / "accuracy.csv")
    assert tables[["step", "responses"]].to_numpy().tolist() == [[20, 18]]


def test_models_on_the_same_responses_have_figures_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawn once, in the part of all runs, with their tables."""
    only(monkeypatch, *(name for name, figure in FIGURES.items() if figure.reads == "forced"))
    before, after = make_run(questions=9), make_run(questions=9)
    runs = {"a": before, "b": make_run(questions=9, seed=5)}
    forced = {"a": Pair(before.tokens(), after.tokens())}
    page = Elements(render(runs, tmp_path, forced=forced).read_text())
    said = json.loads((tmp_path / "summary.json").read_text())["together"]
    for name in (name for name, figure in FIGURES.items() if figure.reads == "forced"):
        assert f"together-{name}" in page.ids
        assert said[name]["sentence"]
        assert (tmp_path / "tables" / f"{name}.csv").is_file()


@pytest.mark.usefixtures("few_figures")
def test_runs_without_a_common_question(tmp_path: Path) -> None:
    """The case study says why it is not there; the rest is."""
    other = make_run(questions=3)
    other.traces = [renamed(trace, "other " + trace.sample.id) for trace in other.traces]
    runs = {"a": make_run(questions=3), "b": other}
    page = render(runs, tmp_path).read_text()
    assert "These runs have no question in common" in page
    assert page.count("<figure>") == 2
    assert "#together-missing" in Elements(page).links


@pytest.mark.usefixtures("few_figures")
def test_a_report_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    """Neither figures that the new run cannot have, nor the folders of runs that are gone."""
    render({"a": make_run(questions=3), "b": make_run(questions=3)}, tmp_path)
    assert (tmp_path / "a/figures/pepo_2.svg").is_file()
    (tmp_path / "mine.txt").write_text("kept")
    analyze(without(make_run(questions=3), "visual_similarity"), tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert "figures/pepo_5.svg" in files and "mine.txt" in files
    assert not (tmp_path / "a").exists() and not (tmp_path / "b").exists()
    assert not any("pepo_2" in name for name in files)


@pytest.mark.usefixtures("few_figures")
def test_progress_has_a_step_for_each_figure_and_the_page(tmp_path: Path) -> None:
    """From none of them on."""
    told: list[tuple[int, int]] = []
    runs = {"a": make_run(questions=2), "b": make_run(questions=2)}
    render(runs, tmp_path, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 5) for done in range(6)]


def test_what_is_drawn_for_one_reason_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what only a training has is one line to open; each can be linked to."""
    only(monkeypatch, "vppo_3", "pgpo_2a", *TRAINED)
    run = without(make_run(questions=2), "kl.blind")
    text = analyze(run, tmp_path).read_text()
    page = Elements(text)
    assert {f"x-{name}" for name in ("vppo_3", "pgpo_2a", *TRAINED)} - set(page.ids) == set()
    assert text.count("This run has no signal &#39;kl&#39;") == 1
    assert text.count("a training log (training.jsonl)") == 1
    assert text.count("Figures that only a training has: ") == 1


def renamed(trace: Trace, name: str) -> Trace:
    """The same response to a question of another name."""
    rollout = replace(trace.rollout, sample_id=name)
    return replace(trace, sample=replace(trace.sample, id=name), rollout=rollout)


def test_a_run_without_traces_names_the_command(tmp_path: Path) -> None:
    """And leaves nothing behind."""
    run = stored(tmp_path / "run", make_run(questions=1), probed=False)
    with pytest.raises(SaccadeError, match=f"saccade probe {tmp_path / 'run'}"):
        analyze(run, tmp_path / "out")
    with pytest.raises(SaccadeError, match="saccade trace"):
        analyze(FakeRun([]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


NEEDS = {
    "entropy": {"joint", "pepo_3_words"},
    "visual_similarity": {"pepo_2", "pepo_3", "layers", "groups", "pepo_3_words"},
    "hidden_shift.blind": {"pepo_3"},
    "kl.blind": {name for name, figure in FIGURES.items() if "kl.blind" in figure.signals},
}
"""Signal → the figures that a run without it cannot have."""


@pytest.mark.parametrize("missing", NEEDS)
def test_a_missing_signal_is_said(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By each figure that needs it, with the command; all others are there."""
    svg = '<svg width="1pt" height="1pt"></svg>'
    monkeypatch.setattr(drawn, "drawings", lambda canvas: (svg, b""))
    page = analyze(without(make_run(questions=3), missing), tmp_path).read_text()
    said = json.loads((tmp_path / "summary.json").read_text())
    figures = {**said["together"], **next(iter(said["runs"].values()))["figures"]}
    assert {name for name, told in figures.items() if "refused" in told} >= NEEDS[missing]
    for name, told in figures.items():
        assert (tmp_path / f"figures/{name}.svg").exists() == ("refused" not in told)
        if name in NEEDS[missing] - {"layers"}:
            assert f"no signal '{missing.partition('.')[0]}" in told["refused"]
    assert "(not measured)" in page and "<code>saccade trace MODEL TASK --signals" in page


def without(run: FakeRun, signal: str) -> FakeRun:
    """The run with a signal that was never measured."""
    for place, trace in enumerate(run.traces):
        rest = {name: values for name, values in trace.signals.items() if name != signal}
        maps = {name: values for name, values in trace.layers.items() if name != signal}
        run.traces[place] = replace(trace, signals=rest, layers=maps)
    return run


def changed(run: FakeRun, change: Callable[[Trace], Trace]) -> FakeRun:
    """The run with every trace changed."""
    return replace(run, traces=[change(trace) for trace in run.traces])


def unjudged_and_unseen(trace: Trace) -> Trace:
    """No verdict, and a question without an image."""
    sample = replace(trace.sample, images=(), regions=(), mentions=())
    return replace(trace, sample=sample, rollout=replace(trace.rollout, correct=None))


def hostile(trace: Trace) -> Trace:
    """Every text is one that HTML, matplotlib or a font would stumble over."""
    sample = replace(trace.sample, question=HOSTILE, answer=HOSTILE, task=HOSTILE)
    tokens = tuple(HOSTILE if place % 3 else " $x^{$" for place in range(len(trace.tokens)))
    return renamed(replace(trace, sample=sample, tokens=tokens), trace.sample.id + HOSTILE)


JUDGED = ("pepo_2", "layers", "pepo_5", "groups", "vppo_7")
"""The figures that read or tell verdicts."""
WORDED = ("pepo_3", "layers", "pepo_5", "positions", "agreement", "joint", "vppo_7", "pepo_3_words")
"""The figures that write names, questions or tokens."""
EVERY = (*ALONE, *TRAINED)
THIN = {
    "one response": (make_run(questions=1, n=1), EVERY, {"pepo_5", "groups", "pgpo_5"}),
    "all correct": (make_run(questions=3, n=2, accuracy=1.1), JUDGED, {"pepo_5", "groups"}),
    "all wrong": (make_run(questions=3, n=2, accuracy=-1.0), JUDGED, {"pepo_5", "groups"}),
    "no verdict, no image": (
        changed(make_run(questions=3, n=2), unjudged_and_unseen),
        JUDGED,
        {"pepo_5", "groups", "layers"},
    ),
    "any text": (changed(make_run(questions=3, n=3), hostile), WORDED, set()),
}
"""A run, the figures to draw, and those of them that it cannot have, besides those of training."""


@pytest.mark.parametrize("name", THIN)
def test_what_can_be_drawn_is(
    name: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The rest says why not; nothing is said on the terminal, nothing acts on the page."""
    run, drawing, missing = THIN[name]
    only(monkeypatch, *drawing)
    page = analyze(stored(tmp_path / "run", run), tmp_path / "out", name=HOSTILE).read_text()
    said = json.loads((tmp_path / "out/summary.json").read_text())
    figures = {**said["together"], **said["runs"][HOSTILE]["figures"]}
    refused = {name for name, told in figures.items() if "refused" in told}
    assert refused == missing | TRAINED.intersection(drawing)
    assert page.count("<figure>") == len(drawing) - len(refused)
    assert (f"Not drawn ({len(refused)})" in page) == bool(refused)
    assert "script" not in Elements(page).names
    assert not {"\x1b", "\u202e"}.intersection(page)
    sentences = [told.get("sentence", told.get("refused")) for told in figures.values()]
    assert not {"\x1b", "\u202e", "\n"}.intersection("".join(sentences))
    assert capfd.readouterr() == ("", "")


def test_finds_are_opened_with_their_place(out: Path) -> None:
    """A row for each find; a place is framed once, and linked to; rows tell how to open it."""
    page = (out / "report.html").read_text()
    said = json.loads((out / "summary.json").read_text())["runs"]["lab/base"]["finders"]
    assert list(said) == list(FINDERS)
    spikes = said["turning_points"]["rows"]
    assert len(spikes) == found.FEW == len({row["sample_id"] for row in spikes})
    run = open_run(out.parent / "run")
    for row in spikes:
        rollout = run[row["response"]].rollout
        assert (rollout.sample_id, rollout.index) == (row["sample_id"], row["index"])
        place = f"{strip_key(rollout, 'lab-base')}-{row['position']}"
        assert page.count(f'id="{place}"') == 1 and f'href="#{place}"' in page
    table = pd.read_csv(out / "tables/turning_points.csv")
    assert table["value"].is_monotonic_decreasing
    assert f"{len(table)} by entropy" in said["turning_points"]["sentence"]


@pytest.mark.usefixtures("few_figures")
def test_a_find_among_too_few_is_none(tmp_path: Path) -> None:
    """One response is in the lowest tenth of one by construction; tasks of few are named."""
    analyze(make_run(questions=1, n=1), tmp_path / "one")
    one = json.loads((tmp_path / "one/summary.json").read_text())["runs"]["x"]["finders"]
    assert (
        "a task must have 10 with a verdict, but here none has more than 1"
        in (one["lucky_guesses"]["refused"])
    )
    run = make_run(questions=12)
    run.traces.append(moved(run.traces[0], "few\n"))
    analyze(run, tmp_path / "two")
    two = json.loads((tmp_path / "two/summary.json").read_text())["runs"]["x"]["finders"]
    assert "lowest tenth of this task" in two["lucky_guesses"]["line"]
    assert two["lucky_guesses"]["sentence"].endswith("fewer than 10 judged responses: few⏎.")


def moved(trace: Trace, task: str) -> Trace:
    """The same response in another task."""
    other = renamed(trace, f"{task} {trace.sample.id}")
    return replace(other, sample=replace(other.sample, task=task))


def test_a_page_of_a_thousand_responses_is_small(out: Path) -> None:
    """What grows with the run are tables and ticks of figures: under 10 MB, says a long run."""
    assert len((out / "report.html").read_bytes()) < 2_500_000


def test_questions_that_share_an_image_are_found_in_the_store(tmp_path: Path) -> None:
    """The made-up run shows one picture throughout: one cluster, so no interval."""
    tables = Tables(stored(tmp_path / "run", make_run(questions=9)))
    assert set(tables.rollouts["cluster"]) == {"q0"}
    assert set(similarity_distributions(tables.source)["cluster"]) == {"q0"}
    assert "cluster" not in Tables(make_run(questions=2)).rollouts
    row = accuracy_by_task(tables.rollouts).iloc[0]
    assert row["clusters"] == 1 and np.isnan(row["accuracy_low"])
    assert row["note"] == "no interval: there is 1 cluster, of 8 needed"


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
