"""The documents are true: examples run, everything is named, links lead on, nothing drifts."""

import json
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from saccade.analysis import FIGURES
from saccade.cli import main
from saccade.models.names import RECIPE_LINES
from saccade.probes import ABLATIONS, SIGNALS
from saccade.scoring import REWARDS
from saccade.tasks import TASKS

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(page.name for page in (ROOT / "reports").glob("*.ipynb"))
STUDIES = sorted(page.parent.name for page in (ROOT / "reports").glob("*/README.md"))
PAGES = sorted(
    page
    for folder in (".", "docs", "docs/design", "reports", "reports/*", "benchmarks")
    for page in ROOT.glob(f"{folder}/*.md")
)
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
LATER = ("app", "train", "eval", "doctor", "import")
"""Commands that the README names as not in this version."""


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its code and comments."""
    blocks = re.compile(r"^```.*?^```$|<!--.*?-->", re.M | re.S)
    bare = blocks.sub("", page.read_text(encoding="utf-8"))
    return re.sub(r"`[^`\n]*`", lambda code: "x" if "](" in code[0] else code[0], bare)


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


class TestExamples:
    def test_commands_of_the_readme_and_python_of_all_pages_run(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for line in self._commands(text("README.md")):
            result = CliRunner().invoke(main, shlex.split(line)[1:])
            assert result.exit_code == 0, result.output
        for page in PAGES:
            names: dict[str, object] = {}
            for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")):
                if kind == "python":
                    exec(compile(block, name_of(page), "exec"), names)

    @staticmethod
    def _commands(page):
        blocks = [block for kind, block in BLOCK.findall(page) if kind == "sh"]
        return re.findall(r"^saccade .*$", "".join(blocks), re.M)

    def test_the_readme_shows_both_steps_of_the_way(self):
        assert [line.split()[1] for line in self._commands(text("README.md"))] == [
            "trace",
            "analyze",
        ]
        assert len(BLOCK.findall(text("README.md"))) == 4

    def test_commands_in_pages_exist(self):
        for page in PAGES:
            for word in re.findall(r"`saccade ([a-z]+)", page.read_text(encoding="utf-8")):
                assert word in main.commands or word in LATER, f"{page}: saccade {word}"


class TestEverythingIsNamed:
    @pytest.mark.parametrize(
        ("page", "names"),
        [
            ("docs/cli.md", [f"## saccade {name}" for name in main.commands]),
            ("docs/signals.md", [f"| `{name}` |" for name in (*SIGNALS, *ABLATIONS)]),
            ("docs/report.md", [f"| `{name}` |" for name in FIGURES]),
            ("docs/lab.md", [f"### {name}" for name in TASKS]),
            ("docs/lab.md", [f"images/{name.replace('/', '-')}.png" for name in TASKS]),
            ("docs/lab.md", [f"| `{name}` |" for name in (*REWARDS, *RECIPE_LINES)]),
            ("docs/notebooks.md", [f"../reports/{name}" for name in (*NOTEBOOKS, *STUDIES)]),
            ("README.md", ["make demo", "make test"]),
            ("README.md", [f"(docs/{page.name})" for page in (ROOT / "docs").glob("*.md")]),
        ],
    )
    def test_on_its_page(self, page, names):
        for name in names:
            assert name in text(page), f"{page} does not say {name}"

    def test_what_is_not_there_yet_is_not_promised(self):
        later = text("README.md").split("## Not in this version")[1]
        for name in LATER:
            assert (name in main.commands) != (name in later), name


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=name_of)
    def test_links_and_pictures_lead_somewhere(self, page):
        for target in LINK.findall(prose(page)):
            if target.startswith("https://"):
                continue
            path, _, anchor = target.partition("#")
            there = (page.parent / path).resolve() if path else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target

    def test_every_picture_is_shown_somewhere(self):
        shown = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
        for picture in (ROOT / "docs" / "images").iterdir():
            assert f"images/{picture.name}" in shown, picture.name


def test_generated_parts_have_not_drifted():
    written = [sorted(ROOT.glob(each)) for each in ("README.md", "docs/*.md", "reports/*/*.md")]
    pages = [name_of(page) for group in written for page in group]
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", *pages],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr + "\nmake docs writes them again"


def test_the_labs_numbers_and_pictures_are_of_the_problems_as_they_are():
    measured = json.loads(text("docs/lab.json"))
    digest = runpy.run_path(str(ROOT / "docs" / "measure_guesser.py"))["digest"]()
    again = "run docs/measure_guesser.py, docs/draw_samples.py and make docs"
    assert measured["problems"] == digest, again


def test_no_file_names_a_machine():
    found = subprocess.run(
        ["git", "ls-files", "-z"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if found.returncode:
        pytest.skip("not a git checkout")
    folders = "|".join(("work", "root", "Users", r"home/\w+"))
    machine = re.compile(r"(?<![\w.\-$})/])/(?:" + folders + ")/")
    for name in found.stdout.split("\0"):
        file = ROOT / name
        if name and file.is_file() and b"\0" not in (data := file.read_bytes()):
            seen = machine.search(data.decode("utf-8"))
            assert seen is None, f"{name}: …{seen.string[seen.start() - 20 : seen.end() + 20]}…"


class TestChangelog:
    def test_each_entry_is_one_sentence_under_a_known_heading(self):
        lines = text("CHANGELOG.md").splitlines()
        known = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
        for line in lines:
            if line.startswith("### "):
                assert line[4:] in known, line
            if line.startswith("- "):
                assert line.endswith(".") and len(line) < 200, line
        assert "## Unreleased" in lines
