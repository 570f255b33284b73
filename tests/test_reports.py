"""What lies in `reports/`: notebooks run on a real run, studies are of the models as they are."""

import ast
import json
import re
import runpy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from saccade import Run
from saccade.analysis import FIGURES
from saccade.demo import lab_runs

REPORTS = Path(__file__).parents[1] / "reports"
NOTEBOOKS = sorted(REPORTS.glob("*.ipynb"))
STUDIES = sorted(REPORTS.glob("*/"))
CELLS = 15
LINES = 160
DRAWN = re.compile(r'FIGURES\["(\w+)"\]')


@contextmanager
def quiet(_: str) -> Iterator[Any]:
    """No progress."""
    yield lambda *_: None


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Both shipped models on some questions of every lab task, `before` and `after`."""
    return lab_runs(tmp_path_factory.mktemp("reports"), progress=quiet, items=2)


def codes(notebook: Path) -> list[str]:
    """The code of a notebook, cell by cell."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def private(code: str) -> Iterator[str]:
    """What of saccade the code imports that is not public, and what it takes by a private name."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = (alias.name for alias in node.names)
            yield from (name for name in names if name.startswith("saccade."))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("saccade"):
            public = getattr(import_module(str(node.module)), "__all__", ())
            yield from (alias.name for alias in node.names if alias.name not in public)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            yield node.attr


def outputs(notebook: nbformat.NotebookNode) -> Iterator[tuple[str, Any]]:
    """Each output with the code that made it."""
    for cell in notebook.cells:
        yield from ((cell.source, output) for output in cell.get("outputs", ()))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebooks:
    def test_is_stored_short_and_without_outputs(self, notebook):
        stored = nbformat.read(notebook, as_version=4)
        nbformat.validate(stored)
        assert len(stored.cells) < CELLS
        assert set(stored.metadata) == {"kernelspec", "language_info"}
        for cell in stored.cells:
            assert not cell.metadata
            assert not cell.get("outputs") and cell.get("execution_count") is None

    def test_names_its_runs_in_the_first_cell_and_uses_public_names(self, notebook):
        first, *others = codes(notebook)
        assert re.search(r'^[A-Z]+ = os\.environ\.get\("SACCADE_', first, re.M)
        assert not any("open_run" in code for code in others)
        assert not list(private("\n".join([first, *others])))

    def test_runs_and_shows_every_figure(self, notebook, runs, tmp_path, monkeypatch):
        monkeypatch.setenv("SACCADE_RUN", str(runs["before"].path))
        monkeypatch.setenv("SACCADE_BEFORE", str(runs["before"].path))
        monkeypatch.setenv("SACCADE_AFTER", str(runs["after"].path))
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
        done = nbformat.read(notebook, as_version=4)
        NotebookClient(done, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
        shown: dict[str, list[str]] = {}
        for code, output in outputs(done):
            assert output.get("name") != "stderr", output.text
            shown.setdefault(code, []).extend(output.get("data", ()))
        for code in codes(notebook):
            if DRAWN.search(code) or ("plot_" in code and "import" not in code):
                assert "image/png" in shown[code], code
            if DRAWN.search(code) or "token_strip(" in code:
                assert "text/html" in shown[code], code


@pytest.mark.parametrize(
    ("paper", "name"),
    [("PEPO", "pepo_figures"), ("VPPO", "vppo_pgpo_figures"), ("PGPO", "vppo_pgpo_figures")],
)
def test_every_figure_of_a_paper_that_reads_one_run_is_in_its_notebook(paper, name):
    drawn = set(DRAWN.findall("\n".join(codes(REPORTS / f"{name}.ipynb"))))
    of_paper = {f.id for f in FIGURES.values() if f.paper.startswith(paper) and f.reads != "runs"}
    assert of_paper <= drawn


def shape(told: Any) -> Any:
    """The keys of results, of all rows of a table together."""
    if isinstance(told, list):
        return [sorted({key for row in told for key in row})]
    return {key: shape(part) for key, part in told.items()} if isinstance(told, dict) else ...


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
class TestStudies:
    def test_holds_three_files_and_its_program_is_short_and_on_public_names(self, study):
        assert {path.name for path in study.iterdir() if path.is_file()} == {
            "README.md",
            "run.py",
            "results.json",
        }
        code = (study / "run.py").read_text(encoding="utf-8")
        assert len(code.splitlines()) <= LINES
        assert not list(private(code))

    def test_results_are_what_the_program_writes_of_the_models_as_they_are(self, study, runs):
        program = runpy.run_path(str(study / "run.py"))
        studies = program["studies"]
        recorded = json.loads((study / "results.json").read_text(encoding="utf-8"))
        again = studies.results(studies.by_model(runs), program["measure"])
        assert shape(recorded) == shape(again)
        for model, made in again["made_with"].items():
            then = recorded["made_with"][model]
            for part in ("model", "rollout", "probe"):
                assert json.loads(json.dumps(made[part])) == then[part], "make studies docs"
            assert then["task"] == made["task"] | {"limit": studies.ITEMS}
