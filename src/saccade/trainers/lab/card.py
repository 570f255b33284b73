"""The model card of a micro model: how it was made and what it can do, measured."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from saccade.models import VLM
from saccade.models.names import RECIPE_LINES
from saccade.probes.ablations import grey
from saccade.rollouts import rollout
from saccade.samples import Sample
from saccade.tasks import TASKS, load_task
from saccade.tasks.lab.guessing import blind_accuracy
from saccade.trainers.lab.recipes import Recipe

ITEMS = 200
"""Test samples per task; one response each, at temperature 1."""
LONGEST = 160


def accuracies(vlm: VLM, *, tasks: list[str], items: int = ITEMS) -> dict[str, dict[str, float]]:
    """Accuracy at T=1, test split, default level: seeing, with a grey image, guessing blindly."""
    table = {}
    for name in tasks:
        task = load_task(name, split="test", limit=items)
        samples = [task[i] for i in range(items)]
        table[name] = {
            "seeing": _accuracy(vlm, samples),
            "grey image": _accuracy(vlm, [_without_image(s) for s in samples]),
            "blind guesser": round(blind_accuracy(task), 4),
        }
    return table


def _accuracy(vlm: VLM, samples: list[Sample]) -> float:
    said = rollout(vlm, samples, n=1, max_new_tokens=LONGEST, batch_size=50, seed=0)
    return round(sum(bool(r.correct) for r in said) / len(samples), 4)


def _without_image(sample: Sample) -> Sample:
    return replace(sample, images=tuple(grey(image) for image in sample.images))


def write_card(
    folder: Path, name: str, recipe: Recipe, *, vlm: VLM, curves: Mapping[str, Any]
) -> None:
    """Measure the model and write `card.json` and the `README.md` made from it."""
    card = {
        "name": name,
        "line": RECIPE_LINES[name],
        "architecture": type(vlm.model).__name__,
        "parameters": sum(p.numel() for p in vlm.model.parameters()),
        "seed": recipe.seed,
        "start_from": recipe.start_from,
        "stages": {stage: _stage(of) for stage, of in recipe.stages.items()},
        "items": ITEMS,
        "accuracy": accuracies(vlm, tasks=list(TASKS)),
        "curves": curves,
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(render(card), encoding="utf-8")


def _stage(stage: Any) -> dict[str, Any]:
    data = stage.data
    told = {"demonstrations": data.size, "seed": data.seed, "misread": dict(data.misread)}
    return {"teaches": stage.teaches} | asdict(stage.schedule) | told


def render(card: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    rows = [
        f"| {task} | {a['seeing']:.1%} | {a['grey image']:.1%} | {a['blind guesser']:.1%} |"
        for task, a in card["accuracy"].items()
    ]
    stages = [_told(name, stage) for name, stage in card["stages"].items()]
    curves = [
        f"| {name} | {' · '.join(f'{step}: {loss:.3f}' for step, loss in _sparse(curve))} |"
        for name, curve in card["curves"].items()
    ]
    start = f" It starts from `{card['start_from']}`." if card["start_from"] else ""
    return "\n".join(
        [
            "---\nlicense: apache-2.0\npipeline_tag: image-text-to-text\n---",
            f"# {card['name']}\n",
            f"{card['line']}. A {card['architecture']} of {card['parameters']:,} parameters,"
            f" trained from seed {card['seed']} on the procedural tasks of saccade's lab and good"
            f" for nothing else.{start} Weights are stored in float16.\n",
            f"Accuracy at temperature 1 on the test split, default level, {card['items']} items"
            " with one response each. The blind guesser gives the best answer that the question"
            " alone allows.\n",
            "| task | seeing | grey image | blind guesser |\n|---|---|---|---|",
            *rows,
            "\nMade by `python -m saccade.trainers.lab`:\n",
            *stages,
            "\nTraining loss by step:\n",
            "| stage | curve |\n|---|---|",
            *curves,
            "",
        ]
    )


def _told(name: str, stage: Mapping[str, Any]) -> str:
    misread = ", ".join(f"{share:.0%} in {task}" for task, share in stage["misread"].items())
    return (
        f"- `{name}` ({stage['teaches']}): {stage['steps']} steps of {stage['batch']}"
        f" at a rate of {stage['rate']:g}, on {stage['demonstrations']:,} demonstrations"
        + (f" told by narrators that misread ({misread})" if misread else "")
    )


def _sparse(curve: list[list[float]]) -> list[list[float]]:
    """About a dozen points, the last among them."""
    return curve[:: max(1, len(curve) // 12)][:-1] + curve[-1:]
