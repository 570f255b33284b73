"""The log of a training: what only the trainer knew, one number per step and metric.

A run folder may hold one beside its parts, see `docs/run-folder.md`. Metrics keep the names that
the trainer gave them; what is no number is left out.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from saccade.errors import SaccadeError

LOG_NAMES = ("training.jsonl", "trainer_state.json")
"""What a log is called in a run folder; the first that is there is read."""

COLUMNS = ["step", "metric", "value"]
STEPS = ("step", "global_step", "global_step/max_steps")
"""What frameworks call the step; ms-swift writes the last one, as `"3/100"`."""


def training_log(path: str | Path) -> pd.DataFrame:
    """One row per step and metric (step, metric, value), from JSON lines or `trainer_state.json`.

    Of a step logged twice, as by a training that went on from a checkpoint, the last word holds.
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SaccadeError(
            f"Cannot read a training log at {path}: {error.strerror}. Name a file of JSON lines, "
            "or a trainer_state.json."
        ) from error
    rows = _history(text, path) if Path(path).suffix == ".json" else _lines(text, path)
    found = [(step, *number) for step, row in _with_steps(rows) for number in _numbers(row)]
    frame = pd.DataFrame(found, columns=COLUMNS).astype({"step": "int64", "value": "float64"})
    last = frame.drop_duplicates(["step", "metric"], keep="last")
    return last.sort_values(["step", "metric"], kind="stable", ignore_index=True)


def log_in(folder: Path) -> pd.DataFrame:
    """The log of a run folder; no rows where it has none."""
    found = next((folder / name for name in LOG_NAMES if (folder / name).is_file()), None)
    empty = pd.DataFrame(columns=COLUMNS).astype({"step": "int64", "value": "float64"})
    return empty if found is None else training_log(found)


def _lines(text: str, path: str | Path) -> list[Any]:
    """Every line that is JSON: a killed trainer leaves one that is not, here or there.

    A file of which most lines are none is no log.
    """
    rows = []
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    if len(rows) < len(lines) / 2:
        raise SaccadeError(
            f"{path} is no training log: {len(lines) - len(rows)} of its {len(lines)} lines are "
            'not JSON. A log has one object per line, such as {"step": 1, "reward": 0.5}.'
        )
    return rows


def _history(text: str, path: str | Path) -> list[Any]:
    """The `log_history` of what transformers' Trainer saves."""
    try:
        state = json.loads(text)
    except ValueError as error:
        raise SaccadeError(f"{path} is damaged: {error}.") from error
    history = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list):
        raise SaccadeError(
            f"{path} is no training log: it has no list log_history. Name a trainer_state.json, "
            "or a file of JSON lines called .jsonl."
        )
    return history


def _with_steps(rows: Iterable[Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows that tell their step, with it."""
    for row in rows:
        told = next((row[n] for n in STEPS if n in row), None) if isinstance(row, dict) else None
        digits = str(told).partition("/")[0].removesuffix(".0")
        if digits.isdecimal():
            yield int(digits), {name: row[name] for name in row if name not in STEPS}


def _numbers(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Names and numbers; names within names are joined by `/`, without verl's outer `data`."""
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, "" if prefix + name == "data" else f"{prefix}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + name, float(value)
