"""The house rules of docs/design/001-layout.md: who may import whom, how long things are, tests."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "saccade"
MODULES = sorted(SRC.rglob("*.py"))
TREES = {module: ast.parse(module.read_text(encoding="utf-8")) for module in MODULES}

ANYONE = {"errors", "files", "lazy"}
"""Rooms that all may import."""
MAY: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "errors": set(),
    "files": set(),
    "lazy": set(),
    "samples": set(),
    "serving": set(),
    "team": set(),
    "terminal": {"team"},
    "scoring": {"samples"},
    "tasks": {"samples", "scoring"},
    "models": {"samples", "team"},
    "store": {"samples"},
    "batches": {"models", "samples"},
    "rollouts": {"batches", "models", "samples", "scoring"},
    "probes": {"batches", "models", "rollouts", "samples"},
    "analysis": {"samples", "store"},
    "app": {"analysis", "samples", "store"},
    "trainers": {"models", "probes", "rollouts", "samples", "scoring", "tasks"},
    "pipeline": {"batches", "models", "probes", "rollouts", "samples", "store", "team"},
    "forcing": {"batches", "models", "pipeline", "probes", "samples", "store", "team"},
    "comparison": {
        *("analysis", "batches", "commands", "forcing", "models", "store", "team", "terminal"),
    },
    "demo": {
        *("analysis", "comparison", "models", "pipeline", "probes", "rollouts", "store", "tasks"),
    },
    "listing": {"analysis", "models", "probes", "scoring", "tasks", "trainers"},
    "commands": {"models", "pipeline", "probes", "rollouts", "store", "tasks", "terminal"},
    "options": {"probes"},
    "cli": {
        *(
            "__init__",
            "analysis",
            "commands",
            "comparison",
            "demo",
            "listing",
            "options",
            "serving",
            "tasks",
        ),
        *("team", "terminal"),
    },
}
"""Room → the rooms it may import, besides those that all may."""

ONLY_IN = {
    "streamlit": {"app"},
    "click": {"cli", "options", "trainers"},
    "rich": {"terminal", "trainers"},
    "torch": {"models", "probes", "rollouts", "team", "trainers"},
    "transformers": {"models", "probes", "rollouts", "terminal", "trainers"},
    "trl": {"trainers"},
    "pandas": {"analysis", "app", "store"},
    "matplotlib": {"analysis"},
    "scipy": {"analysis"},
    "wordcloud": {"analysis"},
    "duckdb": {"store"},
    "pyarrow": {"store"},
}
"""Library → the rooms that may import it."""

HEAVY = (
    *("torch", "transformers", "trl", "streamlit"),
    *("pandas", "scipy", "matplotlib", "duckdb", "pyarrow"),
)

TESTED_BY = {
    "analysis/bins.py": "analysis/test_joint.py",  # and test_ridges.py, against loops
    "analysis/comparing/common.py": "test_comparison.py",
    "analysis/comparing/table.py": "analysis/test_figures.py",
    "analysis/comparing/items.py": "analysis/comparing/test_changes.py",
    "analysis/density.py": "analysis/test_distributions.py",
    "analysis/figure.py": "analysis/test_figures.py",
    "analysis/labels.py": "analysis/test_figures.py",
    "analysis/plots/agreement.py": "analysis/test_agreement.py",
    "analysis/plots/curves.py": "analysis/test_curves.py",
    "analysis/plots/bars.py": "analysis/words/test_kinds.py",  # and test_shift.py
    "analysis/plots/calibration.py": "analysis/comparing/test_calibration.py",
    "analysis/plots/changes.py": "analysis/comparing/test_changes.py",
    "analysis/plots/moved.py": "analysis/comparing/test_moved.py",
    "analysis/plots/histograms.py": "analysis/comparing/test_tokens.py",
    "analysis/plots/groups.py": "analysis/test_groups.py",
    "analysis/plots/kept.py": "analysis/test_kept.py",
    "analysis/plots/panels.py": "analysis/test_figures.py",
    "analysis/plots/profiles.py": "analysis/test_positions.py",  # and test_layers.py
    "analysis/plots/published.py": "analysis/test_published.py",
    "analysis/plots/ridges.py": "analysis/test_ridges.py",
    "analysis/plots/shift.py": "analysis/test_shift.py",
    "analysis/plots/dependency.py": "analysis/test_dependency.py",
    "analysis/plots/glyphs.py": "analysis/test_marked.py",
    "analysis/plots/joint.py": "analysis/test_joint.py",
    "analysis/plots/marked.py": "analysis/test_marked.py",
    "analysis/plots/sparsity.py": "analysis/test_sparsity.py",
    "analysis/plots/similarity.py": "analysis/test_figures.py",
    "analysis/plots/style.py": "analysis/test_figures.py",
    "analysis/ranking.py": "analysis/test_shift.py",  # and test_agreement.py, against loops
    "analysis/plots/powers.py": "analysis/test_dependency.py",
    "analysis/plots/studies.py": "analysis/test_studies.py",
    "analysis/plots/tokens.py": "analysis/test_marked.py",
    "analysis/plots/cloud.py": "analysis/words/test_clouds.py",
    "analysis/plots/content.py": "analysis/words/test_kinds.py",
    "analysis/plots/words.py": "analysis/words/test_clouds.py",
    "analysis/words/occurrences.py": "analysis/words/test_clouds.py",
    "analysis/words/pattern.py": "analysis/words/test_joining.py",
    "analysis/report/build.py": "analysis/test_report.py",
    "analysis/report/cases.py": "analysis/test_typical.py",
    "analysis/report/drawn.py": "analysis/test_report.py",
    "analysis/report/files.py": "analysis/test_report.py",
    "analysis/report/found.py": "analysis/test_report.py",
    "analysis/report/making.py": "analysis/test_report.py",
    "analysis/report/pages.py": "analysis/test_report.py",
    "analysis/report/sections.py": "analysis/test_report.py",
    "analysis/report/strips.py": "analysis/test_report.py",
    "analysis/report/text.py": "analysis/test_report.py",
    "analysis/stats/groups.py": "analysis/stats/test_differences.py",
    "analysis/stats/rows.py": "analysis/stats/test_differences.py",
    "analysis/tables.py": "analysis/test_report.py",
    "batches.py": "test_rollouts.py",  # and probes/test_traces.py, alone and in any batch
    "files.py": "store/test_writer.py",  # a disk that is full, a process that is killed
    "models/anyres.py": "models/test_layout.py",
    "models/grids.py": "models/test_layout.py",
    "models/loading.py": "models/test_vlm.py",
    "models/names.py": "models/test_vlm.py",
    "models/onetoken.py": "models/test_vlm.py",
    "models/plans.py": "models/test_layout.py",
    "options.py": "test_cli.py",
    "probes/ablation_table.py": "probes/test_ablations.py",
    "probes/capture.py": "probes/test_engine.py",  # and test_halves.py
    "probes/checks.py": "probes/test_doctor.py",
    "probes/comparing.py": "probes/test_engine.py",
    "probes/measuring.py": "probes/test_engine.py",
    "probes/patient.py": "probes/test_doctor.py",
    "probes/plain.py": "probes/test_engine.py",  # and that against an oracle, in test_traces.py
    "probes/prefix.py": "probes/test_engine.py",
    "store/files.py": "store/test_reader.py",
    "store/images.py": "store/test_writer.py",
    "store/lock.py": "store/test_writer.py",
    "store/manifest.py": "store/test_writer.py",
    "store/rows.py": "store/test_reader.py",
    "store/snapshot.py": "store/test_reader.py",
    "store/views.py": "store/test_reader.py",
    "tasks/lab/counting.py": "tasks/lab/test_lab.py",  # all tasks keep one contract
    "tasks/lab/drawing.py": "tasks/lab/test_lab.py",
    "tasks/lab/fewshot.py": "tasks/lab/test_lab.py",
    "tasks/lab/geometry.py": "tasks/lab/test_lab.py",
    "tasks/lab/grounding.py": "tasks/lab/test_lab.py",
    "tasks/lab/puzzle.py": "tasks/lab/test_lab.py",
    "tasks/lab/scene.py": "tasks/lab/test_lab.py",
    "trainers/credit/rows.py": "trainers/credit/test_table.py",  # all rules keep one contract
    "trainers/credit/statistics.py": "trainers/credit/test_rules.py",
    "trainers/lab/architecture.py": "trainers/lab/test_making.py",
    "trainers/lab/card.py": "trainers/lab/test_making.py",
    "trainers/lab/recipes.py": "trainers/lab/test_making.py",
    "trainers/lab/speaking.py": "trainers/lab/test_making.py",
}
"""Modules tested through what they are part of, and where."""


def room(module: Path) -> str:
    """The package or module right below `saccade` that this is part of."""
    return module.relative_to(SRC).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[str]:
    """Full names of what a module imports, wherever in it."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def loaded_by(code: str) -> set[str]:
    """Those of HEAVY that a fresh interpreter has loaded after `code`."""
    asked = f"{code}\nimport sys, json\nprint(json.dumps([n for n in {HEAVY} if n in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


class TestImports:
    def test_every_room_has_a_rule_and_a_line_in_the_design(self):
        assert {room(module) for module in MODULES} == set(MAY)
        told = (ROOT / "docs" / "design" / "001-layout.md").read_text(encoding="utf-8")
        for name in set(MAY) - {"__init__", "__main__"}:
            assert f"| `{name}.py` |" in told or f"| `{name}/` |" in told, name

    @pytest.mark.parametrize("name", MAY)
    def test_a_room_imports_only_what_it_may(self, name):
        rooms = {r if r != "__version__" else "__init__" for r in self._rooms(name)}
        assert rooms - {name} - ANYONE <= MAY[name]

    @staticmethod
    def _rooms(name):
        names = (i for module in MODULES if room(module) == name for i in imported(module))
        return {i.split(".")[1] for i in names if i.startswith("saccade.")}

    def test_rules_name_no_room_that_is_above(self):
        assert not any({"app", "cli"} & MAY[room] for room in set(MAY) - {"__main__"})
        assert "trainers" not in MAY["analysis"] and "analysis" not in MAY["trainers"]

    @pytest.mark.parametrize("library", ONLY_IN)
    def test_a_library_is_known_to_its_rooms_only(self, library):
        knowing = {
            room(module)
            for module in MODULES
            if any(name.split(".")[0] == library for name in imported(module))
        }
        assert knowing <= ONLY_IN[library]

    def test_nothing_is_unpickled(self):
        names = {name.split(".")[0] for module in MODULES for name in imported(module)}
        assert not names & {"pickle", "dill", "joblib", "shelve", "marshal"}


class TestLoading:
    def test_importing_saccade_loads_nothing_heavy(self):
        assert loaded_by("import saccade, saccade.cli, saccade.listing\ndir(saccade)") == set()

    def test_all_of_analysis_store_and_tasks_loads_no_torch(self):
        code = (
            "import pkgutil, importlib, saccade.analysis as a, saccade.store as s\n"
            "import saccade.tasks as t\n"
            "for p in (a, s, t):\n"
            "    for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.'):\n"
            "        importlib.import_module(m.name)\n"
        )
        assert not loaded_by(code) & {"torch", "transformers", "trl", "streamlit"}

    def test_listing_anything_loads_nothing_heavy(self):
        code = "from saccade.listing import KINDS, listed\nfor kind in KINDS: listed(kind)"
        assert loaded_by(code) == set()


class TestSizes:
    @pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(SRC)))
    def test_modules_and_functions_are_short(self, module):
        assert len(module.read_text(encoding="utf-8").splitlines()) < 300
        for node in ast.walk(TREES[module]):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert self._length(node) <= 40, node.name

    @staticmethod
    def _length(node):
        """Lines of a function without its decorators and its docstring."""
        said = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
        docstring = said.end_lineno - said.lineno + 1 if said else 0
        return node.end_lineno - node.lineno + 1 - docstring


class TestTests:
    def test_every_module_has_a_test(self):
        plain = ("__init__.py", "__main__.py")
        names = {str(m.relative_to(SRC)) for m in MODULES if m.name not in plain}
        assert set(TESTED_BY) <= names, "no longer there"
        for name in names:
            own = Path(name).with_name(f"test_{Path(name).name}")
            mirrored = (ROOT / "tests" / own).is_file()
            assert mirrored != (name in TESTED_BY), f"{name} needs {own}, or a line in TESTED_BY"
        for test in TESTED_BY.values():
            assert (ROOT / "tests" / test).is_file(), test

    def test_every_test_of_a_module_still_has_its_module(self):
        house = {"test_docs.py", "test_rooms.py", "test_reports.py"}
        parts = {"test_lab.py", "test_report.py", "test_reader.py", "test_lab_models.py"}
        parts |= {"test_every_family.py", "test_halves.py"}  # every module of probes
        parts |= {"test_simulations.py"}  # what docs/statistics.md shows
        for test in (ROOT / "tests").rglob("test_*.py"):
            own = test.relative_to(ROOT / "tests").with_name(test.name.removeprefix("test_"))
            assert (SRC / own).is_file() or test.name in house | parts, test
