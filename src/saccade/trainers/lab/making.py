"""From a recipe to a folder that `from_pretrained` loads, with its card."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, Qwen2Tokenizer

from saccade.models import load_vlm
from saccade.trainers.lab.architecture import ARCHITECTURES, PROCESSORS
from saccade.trainers.lab.card import write_card
from saccade.trainers.lab.demonstrations import Demonstrations
from saccade.trainers.lab.fit import fit
from saccade.trainers.lab.looking import Looking
from saccade.trainers.lab.recipes import RECIPES, Recipe
from saccade.trainers.lab.speaking import Collator, Speaking
from saccade.trainers.lab.tokenizer import learn_tokenizer

LEARNERS = {"looking": Looking, "speaking": Speaking}
READ = 6500
"""Demonstrations the tokenizer is learnt from: some of every task and level."""


def make(
    name: str,
    *,
    out: Path,
    work: Path,
    device: str,
    on_step: Callable[[str, int, int, float], None],
) -> Path:
    """Make one model into `out/<short name>`. A killed making goes on from its last checkpoint.

    `on_step` is told the stage, the step, how many steps the stage has, and the loss.
    """
    recipe = RECIPES[name]
    folder = work / _short(name) / "model"
    if recipe.start_from:
        _begin(folder, out / _short(recipe.start_from))
    else:
        _create(folder, recipe)
    vlm = load_vlm(str(folder), device=device, dtype="float32")
    collate, curves = Collator(vlm.processor), {}
    for stage, of in recipe.stages.items():
        learner = LEARNERS[of.teaches](vlm.model, collate).to(device)
        curves[stage] = fit(
            learner,
            of.data,
            schedule=of.schedule,
            checkpoint=work / _short(name) / f"{stage}.pt",
            on_step=lambda step, loss, s=stage, n=of.schedule.steps: on_step(s, step, n, loss),  # type: ignore[misc]
        )
    _save_half(vlm.model, folder)
    shipped = load_vlm(str(folder), device=device, dtype="float32")
    write_card(folder, name, recipe, vlm=shipped, curves=curves)
    return _publish(folder, out / _short(name))


def _short(name: str) -> str:
    return name.removeprefix("lab/")


def _create(folder: Path, recipe: Recipe) -> None:
    """A random model with its tokenizer and processor files."""
    data: Demonstrations = next(iter(recipe.stages.values())).data
    tokenizer: Qwen2Tokenizer = learn_tokenizer(data.texts(READ), architecture=recipe.architecture)
    torch.manual_seed(recipe.seed)
    model = ARCHITECTURES[recipe.architecture](tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for file, content in PROCESSORS[recipe.architecture].items():
        _write_json(folder / file, content)


def _begin(folder: Path, parent: Path) -> None:
    """A copy of another model's folder, its card left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in parent.iterdir():
        if file.name not in ("README.md", "card.json"):
            (folder / file.name).write_bytes(file.read_bytes())


def _publish(folder: Path, target: Path) -> Path:
    """Move a finished model to where it is used from; the one before it goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.move(folder, target)
    return target


def _save_half(model: PreTrainedModel, folder: Path) -> None:
    """In float16: half the size, and what the card measures."""
    half = {name: value.detach().half().cpu() for name, value in model.state_dict().items()}
    model.config.dtype = torch.float16
    model.save_pretrained(folder, state_dict=half)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
