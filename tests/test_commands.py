"""What commands do besides parsing and printing; test_cli.py runs them for real."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from saccade import commands
from saccade.cli import main
from saccade.errors import SaccadeError
from saccade.store import RunWriter, open_run
from store.runs import manifest, written

WORDS = {"signals": ("kl",), "ablation": "blind", "draws": 1, "batch_size": 2, "device": None}
WORDS |= {"layers": None, "maps": (), "dtype": None, "revision": None, "trust_remote_code": False}


@pytest.fixture
def loaded(monkeypatch):
    """What `saccade probe` would load, and nothing is loaded or probed."""
    asked = {}
    monkeypatch.setattr(commands, "load_vlm", lambda name, **words: asked.update(words, name=name))
    monkeypatch.setattr(commands, "probe_run", lambda path, *_, **__: open_run(path))
    return asked


def spoken_by(path, **model):
    """A run whose manifest says this of its model."""
    told = manifest()
    RunWriter.open(path, replace(told, model={**told.model, **model})).close()
    return path


@pytest.mark.parametrize(
    ("run", "asked", "loads"),
    [("bfloat16", None, "bfloat16"), ("bfloat16", "float32", "float32"), (None, None, "auto")],
)
def test_probing_loads_the_model_as_it_was_when_it_spoke(tmp_path, loaded, run, asked, loads):
    path = spoken_by(tmp_path / "run", dtype=run)
    commands.probe(path, model=None, **{**WORDS, "dtype": asked})
    assert (loaded["name"], loaded["dtype"]) == ("lab/base", loads)


def test_probing_a_run_of_no_known_model_asks_for_one(tmp_path, loaded):
    path = spoken_by(tmp_path / "run", name=None, fingerprint=None)
    with pytest.raises(SaccadeError, match="must say which model .*pass --model"):
        commands.probe(path, model=None, **WORDS)
    commands.probe(path, model="lab/tuned", **WORDS)
    assert loaded["name"] == "lab/tuned"


def test_parts_that_cannot_be_read_are_named(tmp_path, loaded):
    path = written(tmp_path / "run")
    part = path / "traces" / "000001.parquet"
    part.write_bytes(part.read_bytes()[:100])
    (broken,) = commands.summary(open_run(path))["broken"]
    assert broken["path"].endswith("traces/000001.parquet") and broken["reason"]
    shown = CliRunner().invoke(main, ["probe", str(path)])
    assert f"cannot be read: {broken['path']}: " in shown.output
    asked = CliRunner().invoke(main, ["probe", str(path), "--json"])
    assert json.loads(asked.stdout)["broken"] == [broken]
