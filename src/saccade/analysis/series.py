"""Which sources make up a training: one line of a figure for each, with the steps it holds.

A run whose responses carry several training steps is one line; so is one with a training log.
Runs of a single step each whose manifests note the same training (`notes.training`, but for the
step) are its checkpoints, and one line together: by their steps where all of these differ; in the
order given where none tells its step and they are three or more. Otherwise nothing tells that one
model came from another, or how they follow one another, and they are left out.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saccade.analysis.sources import clustered, stacked
from saccade.errors import SaccadeError
from saccade.store import Run, Source, ask

Sources = Mapping[str, Source]
"""Runs, tables of tokens, or tables of a training log (`store.training_log`), by name."""

TOGETHER = "checkpoints"
"""What the line of several runs is called; of several trainings, each with its first run's name."""
FEWEST_IN_ORDER = 3
"""Two runs without steps are a before and an after, which is no training."""


@dataclass(frozen=True)
class Line:
    """One training: its name, and its sources, each with the step it stands for."""

    name: str
    parts: tuple[tuple[Source, int | None], ...]
    """A source without a step of its own here carries its steps in its rows."""

    def ask(self, query: Callable[[Source], str]) -> pd.DataFrame:
        """The answers of all parts, with their steps in `step`, and the clusters of questions."""
        tables = [
            _answer(source, at, query(source)) for source, at in self.parts if not is_log(source)
        ]
        return stacked(tables) if tables else pd.DataFrame(columns=["step"])

    @property
    def steps(self) -> list[int]:
        """The steps at which there are responses."""
        told = [steps_of(source) if at is None else [at] for source, at in self.parts]
        return sorted({step for steps in told for step in steps})

    @property
    def log(self) -> pd.DataFrame:
        """The training log: step, metric, value. Checkpoints have none together."""
        source, at = self.parts[0]
        return log_of(source) if at is None else log_of(None)


@dataclass(frozen=True)
class Series:
    """The lines of a figure, and what is to be said of how they were found."""

    lines: tuple[Line, ...]
    order: tuple[str, ...] = ()
    """The names of runs placed in the order given, from 0 on."""
    left_out: tuple[str, ...] = ()
    """Runs of one step of which nothing tells that they belong to a training, or where."""


def series_of(sources: Sources, *, logs: bool = True) -> Series:
    """The trainings among the sources; refused where there is none.

    `logs=False` asks for responses at several steps: a log alone is then no training.
    """
    trainings = {name: source for name, source in sources.items() if _is_training(source, logs)}
    single = {name: source for name, source in sources.items() if name not in trainings}
    lines = [Line(name, ((source, None),)) for name, source in trainings.items()]
    order: tuple[str, ...] = ()
    groups = _of_one_training(single)
    for names in groups:
        title = TOGETHER if len(groups) == 1 else f"{TOGETHER} from {names[0]}"
        of = {name: single[name] for name in names}
        together, placed = _checkpoints(of, title, alone=not trainings and len(groups) == 1)
        if together:
            lines.append(together)
            order += placed
            single = {name: source for name, source in single.items() if name not in of}
    if not lines:
        raise SaccadeError(_nothing(sources, logs=logs))
    return Series(tuple(lines), order, tuple(single))


def remarks(facts: Mapping[Any, Any]) -> Iterator[str]:
    """What a figure's sentence says of the order of its runs, and of those left out."""
    if facts["order"]:
        names = ", ".join(facts["order"])
        yield f"No run tells its step, so they stand in the order given: {names}."
    if facts["left_out"]:
        names = ", ".join(facts["left_out"])
        yield f"Left out, as runs of one step that no noted training places: {names}."


def is_log(source: Source) -> bool:
    """Whether this is the table of a training log."""
    return isinstance(source, pd.DataFrame) and "metric" in source


def log_of(source: Source | None) -> pd.DataFrame:
    """The training log of a source; no rows where it has none."""
    if isinstance(source, Run):
        return source.training()
    if source is not None and is_log(source):
        return source
    return pd.DataFrame({"step": [], "metric": [], "value": []})


def _answer(source: Source, at: int | None, query: str) -> pd.DataFrame:
    """What one part says."""
    table = ask(source, query)
    table = clustered(table, source) if "sample_id" in table else table
    return table if at is None else table.assign(step=at)


def steps_of(source: Source) -> list[int]:
    """The training steps of its responses."""
    if isinstance(source, Run):
        steps = source.sql("SELECT DISTINCT step FROM rollouts")["step"]
    else:
        steps = source["step"].head(0) if is_log(source) else source["step"]
    return sorted(map(int, steps.unique()))


def training_settings(source: Source) -> Mapping[str, Any]:
    """What the manifest notes of the training: `notes.training`; nothing where it says nothing."""
    notes = source.manifest.notes if isinstance(source, Run) else {}
    told = notes.get("training")
    return told if isinstance(told, Mapping) else {}


def _is_training(source: Source, logs: bool) -> bool:
    return len(steps_of(source)) > 1 or (logs and log_of(source)["step"].nunique() > 1)


def _of_one_training(single: Sources) -> list[list[str]]:
    """Names of runs that note the same training; a run that notes none belongs to none."""
    groups: dict[str, list[str]] = {}
    for name, source in single.items():
        told = {key: value for key, value in training_settings(source).items() if key != "step"}
        if told:
            groups.setdefault(json.dumps(told, sort_keys=True), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _checkpoints(
    single: Sources, title: str, *, alone: bool
) -> tuple[Line | None, tuple[str, ...]]:
    """The line of several runs of one step each, and their names where only their order tells."""
    steps = [_told_step(source) for source in single.values()]
    if len(steps) > 1 and None not in steps and len(set(steps)) == len(steps):
        return Line(title, tuple(zip(single.values(), steps, strict=True))), ()
    if alone and len(steps) >= FEWEST_IN_ORDER and set(steps) == {0}:
        return Line(title, tuple((s, i) for i, s in enumerate(single.values()))), tuple(single)
    return None, ()


def _told_step(source: Source) -> int | None:
    """The one step of a checkpoint: that of its responses, or the one its manifest notes."""
    steps = steps_of(source)
    if len(steps) != 1:
        return None
    noted = training_settings(source).get("step")
    return steps[0] or (noted if isinstance(noted, int) else 0)


def _nothing(sources: Sources, *, logs: bool) -> str:
    """Why there is no training among the sources, and what would be one."""
    told = {name: steps_of(source) for name, source in sources.items()}
    have = ", ".join(f"{name} has {_steps(steps)}" for name, steps in told.items())
    log = "a training log (training.jsonl) in its folder, " if logs else ""
    return (
        f"A curve over training needs a run whose responses carry several training steps, {log}"
        "or several runs whose steps differ and whose manifests note the same training "
        f"(notes.training); {have}."
    )


def _steps(steps: list[int]) -> str:
    return f"step {steps[0]} alone" if steps else "no responses"
