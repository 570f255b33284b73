"""The table of figures, and what is drawn: asserted on artists, never on pixels."""

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from frames import make_run, make_training, of_task, stored
from matplotlib.colors import to_hex
from matplotlib.text import Text

from saccade.analysis import (
    FIGURES,
    plot_similarity_distributions,
    plot_similarity_panels,
    similarity_distributions,
)
from saccade.analysis.comparing import Pair
from saccade.analysis.plots.style import CORRECT, INCORRECT
from saccade.analysis.report.files import drawings
from saccade.analysis.tables import Tables
from saccade.errors import SaccadeError
from saccade.store import Run


def legend(ax: plt.Axes) -> list[str]:
    """The legend's lines."""
    box = ax.get_legend()
    return [text.get_text() for text in box.get_texts()] if box else []


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Enough questions for curves."""
    return similarity_distributions(make_run(questions=40).tokens())


def test_draws_both_verdicts_with_n_and_median(frame: pd.DataFrame) -> None:
    """Two curves in two colours and two dashes, and a legend that counts."""
    ax = plot_similarity_distributions(frame, panel="top")
    curves = [line for line in ax.get_lines() if len(line.get_xdata()) > 50]
    assert [to_hex(line.get_color()) for line in curves] == [CORRECT, INCORRECT]
    assert curves[0].get_linestyle() != curves[1].get_linestyle()
    values = frame[(frame["panel"] == "top") & frame["correct"]]["value"]
    assert legend(ax)[0] == f"correct, n = {len(values)}, median {values.median():.3f}"
    assert ax.get_title(loc="left") == "Top 20 % of each response's tokens"
    plt.close("all")


def test_ticks_are_the_questions(frame: pd.DataFrame) -> None:
    """One tick per question and verdict."""
    _, ax = plt.subplots()
    assert plot_similarity_distributions(frame, ax=ax) is ax
    ticks = [
        len(group.get_segments()) for group in ax.collections if hasattr(group, "get_segments")
    ]
    assert ticks == frame[frame["panel"] == "all"].groupby("correct").size().tolist()[::-1]
    plt.close("all")


def test_three_panels_with_the_n_in_the_title(frame: pd.DataFrame) -> None:
    """Letters, and the number of questions and responses."""
    figure = plot_similarity_panels(frame)
    assert [ax.get_title(loc="left")[0] for ax in figure.axes] == ["a", "b", "c"]
    assert "(40 questions, 160 responses)" in figure.get_suptitle()
    assert not plt.get_fignums()


def test_thin_data_is_drawn_and_said() -> None:
    """No verdict, one verdict, one point, equal values: a message, no crash."""
    tokens = make_run(questions=3, accuracy=1.0).tokens()
    one_sided = legend(plot_similarity_distributions(similarity_distributions(tokens)))
    assert one_sided[0].endswith("(no curve: n < 5)")
    assert one_sided[1] == "no incorrect responses: nothing to compare"
    tokens = make_run(questions=9).tokens().assign(visual_similarity=0.25)
    equal = legend(plot_similarity_distributions(similarity_distributions(tokens)))
    assert all(line.endswith("median 0.250 (all equal)") for line in equal)
    tokens["correct"] = pd.NA
    ax = plot_similarity_distributions(similarity_distributions(tokens))
    assert "no response has a verdict" in ax.texts[0].get_text()
    plot_similarity_panels(similarity_distributions(tokens)).draw_without_rendering()
    plt.close("all")


def test_unknown_panel(frame: pd.DataFrame) -> None:
    """The choices are named."""
    with pytest.raises(SaccadeError, match="all, top, bottom"):
        plot_similarity_distributions(frame, panel="middle")


def test_leaves_rcparams_alone(frame: pd.DataFrame) -> None:
    """The style ends with the drawing."""
    before = dict(mpl.rcParams)
    plot_similarity_panels(frame)
    assert dict(mpl.rcParams) == before


def trainings(folder: Path) -> dict[str, Run]:
    """Two trainings with their k, on a benchmark of the papers, and with logs."""
    runs = {}
    for name, k in (("vppo", 0.4), ("dapo", 1)):
        run = of_task(make_training(questions=3, n=2), "geometry3k")
        runs[name] = stored(folder / name, run, training={"k": k})
        rows = (f'{{"step": {step}, "kl_prcp": {0.1 * step}}}\n' for step in range(5))
        (folder / name / "training.jsonl").write_text("".join(rows))
    return runs


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_every_listed_figure_works(figure: object, tmp_path: Path) -> None:
    """From a run to a drawing with a sentence; ids are the keys."""
    entry = FIGURES[figure.id]  # type: ignore[attr-defined]
    run = stored(tmp_path / "run", make_run(questions=10))
    tables = Tables(run)
    sources = {
        "run": tables.source,
        "runs": trainings(tmp_path),
        "compared": {"a": run, "b": make_run(questions=10, seed=1).tokens()},
        "forced": {"a": Pair(run, make_run(questions=10).tokens())},
    }
    frame = entry.frame(sources[entry.reads])
    assert set(entry.signals) <= set(run.tokens().columns)
    assert entry.draw(frame).axes
    assert entry.find(frame).sentence.endswith(".")


def run_python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_listing_figures_loads_nothing_heavy() -> None:
    """`saccade list figures` must answer at once."""
    heavy = "{'pandas', 'matplotlib', 'numpy', 'torch', 'jinja2'}"
    code = f"import sys; from saccade.analysis import FIGURES; print({heavy} & set(sys.modules))"
    assert run_python(code) == "set()"


def test_analysis_never_loads_torch() -> None:
    """Nor transformers, streamlit or the trainers, with everything fetched."""
    code = (
        "import sys, saccade.analysis as a; [getattr(a, n) for n in a.__all__]; "
        "print({'torch', 'transformers', 'trl', 'streamlit'} & set(sys.modules))"
    )
    assert run_python(code) == "set()"


@pytest.mark.parametrize(
    "name", [name for name, it in FIGURES.items() if it.reads in ("compared", "forced")]
)
def test_names_of_runs_and_tasks_are_text(name: str) -> None:
    """Whatever they hold, and however long: no mathematics, no missing glyph, no lost room."""
    odd = "$x^{$ \U0001f600漢\x1b_" * 3
    tables = [make_run(questions=9, seed=seed).tokens().assign(task=odd) for seed in (0, 1)]
    entry = FIGURES[name]
    forced = {odd: Pair(tables[0], make_run(questions=9).tokens().assign(task=odd))}
    compared = {odd: tables[0], f"{odd} after": tables[1]}
    canvas = entry.draw(entry.frame(compared if entry.reads == "compared" else forced))
    svg, _ = drawings(canvas)
    assert "</svg>" in svg
    written = [text for text in canvas.findobj(Text) if text.get_text()]
    assert written and not any(text.get_parse_math() for text in written)
    assert not any("\x1b" in text.get_text() for text in written)


def test_a_table_read_from_a_file_is_refused_rather_than_guessed_at(frame, tmp_path) -> None:
    frame.to_csv(tmp_path / "pepo_2.csv", index=False)
    bare = pd.read_csv(tmp_path / "pepo_2.csv")
    for make in (FIGURES["pepo_2"].draw, FIGURES["pepo_2"].find):
        with pytest.raises(SaccadeError, match=r"lost|has none, as a table read from a CSV"):
            make(bare)
