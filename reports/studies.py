"""What the studies share: the runs they read, and the results they write.

A study is a folder here. Its `run.py` measures, `results.json` has what it found, and `README.md`
says so, with numbers that `make docs` takes from the JSON. The runs are made on first use, in
`runs/lab`, and a study that was interrupted goes on when it is started again.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from saccade import Run
from saccade.demo import MODELS, lab_runs
from saccade.terminal import progress, quiet_libraries

ITEMS = 40
"""Questions per task."""
DIGITS = 4

Measure = Callable[[Mapping[str, Run]], dict[str, Any]]


def record(run_py: str, measure: Measure) -> None:
    """Measure the shipped models, and write the results beside `run_py`."""
    quiet_libraries()
    runs = by_model(lab_runs(Path("runs/lab"), progress=progress, items=ITEMS))
    told = results(runs, measure)
    parts = (f"{json.dumps(name)}: {_text(part)}" for name, part in told.items())
    Path(run_py).with_name("results.json").write_text(
        "{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8"
    )


def by_model(runs: Mapping[str, Run]) -> dict[str, Run]:
    """The runs of `lab_runs` by the name of their model."""
    return {MODELS[when]: run for when, run in runs.items()}


def results(runs: Mapping[str, Run], measure: Measure) -> dict[str, Any]:
    """What was measured, and with what."""
    made = {name: _made_with(run) for name, run in runs.items()}
    return {"made_with": made, **measure(runs)}


def recorded(run_py: str) -> dict[str, Any]:
    """The results beside `run_py`."""
    told: dict[str, Any] = json.loads(
        Path(run_py).with_name("results.json").read_text(encoding="utf-8")
    )
    return told


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, to four digits; what is not a number is null."""
    return [{str(k): _plain(v) for k, v in row.items()} for row in frame.to_dict("records")]


def conditions(told: Mapping[str, Any]) -> str:
    """One sentence: which questions and settings, and in which versions."""
    made = next(iter(told["made_with"].values()))
    task, sampling, libraries = made["task"], made["rollout"], made["libraries"]
    return (
        f"{task['limit']} test questions of level {task['level']} per task (seed {task['seed']}), "
        f"{sampling['n']} responses each at temperature {sampling['temperature']:g}; saccade "
        f"{made['saccade']}, torch {libraries['torch']}, transformers {libraries['transformers']}."
    )


def _made_with(run: Run) -> dict[str, Any]:
    """The words of a run, and the versions that it was made with."""
    names = ("model", "task", "rollout", "probe", "saccade", "libraries")
    return {name: getattr(run.manifest, name) for name in names}


def _text(part: Any) -> str:
    """A part of the results as JSON, each row of a table on a line of its own."""
    if not isinstance(part, list):
        return json.dumps(part, indent=1, allow_nan=False)
    return "[\n" + ",\n".join(json.dumps(row, allow_nan=False) for row in part) + "\n]"


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
