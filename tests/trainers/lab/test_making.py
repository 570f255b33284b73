"""The whole making on recipes of a few steps, for each architecture."""

import json
from dataclasses import replace

import pytest
import torch

from saccade import load_task, load_vlm, rollout
from saccade.models.names import RECIPE_LINES
from saccade.trainers.lab import card, making
from saccade.trainers.lab.demonstrations import Demonstrations
from saccade.trainers.lab.fit import Schedule
from saccade.trainers.lab.recipes import RECIPES, Stage

SHORT = Schedule(2, rate=1e-3, batch=2, warmup=1)
DATA = Demonstrations(40, seed=0)


@pytest.fixture(autouse=True)
def short_recipes(monkeypatch):
    for name, recipe in RECIPES.items():
        stages = {s: Stage(of.teaches, DATA, SHORT) for s, of in recipe.stages.items()}
        monkeypatch.setitem(making.RECIPES, name, replace(recipe, stages=stages))
    monkeypatch.setattr(making, "READ", 40)
    monkeypatch.setattr(card, "TASKS", {"lab/fewshot": ""})
    monkeypatch.setattr(card, "ITEMS", 2)
    monkeypatch.setattr(card, "LONGEST", 4)
    monkeypatch.setattr(card, "accuracies", lambda vlm, tasks: MEASURED)


MEASURED = {"lab/fewshot": {"seeing": 0.5, "grey image": 0.25, "blind guesser": 0.125}}


def made(name, tmp_path, seen=None):
    told = [] if seen is None else seen
    return making.make(
        name,
        out=tmp_path / "out",
        work=tmp_path / "work",
        device="cpu",
        on_step=lambda *step: told.append(step),
    )


@pytest.mark.parametrize("name", ["lab/base", "lab/base-internvl"])
def test_a_made_folder_loads_speaks_and_bears_its_card(name, tmp_path):
    seen = []
    folder = made(name, tmp_path, seen)
    vlm = load_vlm(str(folder), device="cpu")
    assert vlm.model.dtype == torch.float32
    (said, _) = rollout(vlm, load_task("lab/fewshot", limit=1), n=2, max_new_tokens=4)
    assert len(said.response_ids) <= 4
    told = json.loads((folder / "card.json").read_text())
    assert told["accuracy"] == MEASURED
    assert told["line"] == RECIPE_LINES[name]
    assert list(told["curves"]) == list(told["stages"]) == list(RECIPES[name].stages)
    assert [stage for stage, *_ in seen] == [s for s in told["stages"] for _ in range(2)]
    page = (folder / "README.md").read_text()
    assert "| lab/fewshot | 50.0% | 25.0% | 12.5% |" in page
    assert page == card.render(told)


def test_the_same_seed_makes_the_same_weights_and_a_child_starts_from_its_parent(tmp_path):
    one = load_vlm(str(made("lab/base", tmp_path / "one")), device="cpu")
    two = load_vlm(str(made("lab/base", tmp_path / "two")), device="cpu")
    child = load_vlm(str(made("lab/tuned", tmp_path / "one")), device="cpu")
    assert one.fingerprint == two.fingerprint != child.fingerprint
    pairs = zip(one.model.parameters(), child.model.parameters(), strict=True)
    assert max(float((a - b).detach().abs().max()) for a, b in pairs) < 0.02


def test_weights_are_stored_in_half_precision(tmp_path):
    from safetensors import safe_open

    with safe_open(made("lab/base", tmp_path) / "model.safetensors", "pt") as weights:
        kinds = {weights.get_tensor(name).dtype for name in weights.keys()}  # noqa: SIM118
    assert kinds == {torch.float16}
