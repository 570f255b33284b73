"""Tasks: named sequences of `Sample`. `TASKS` lists them, `load_task` loads one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saccade.errors import SaccadeError

if TYPE_CHECKING:
    from saccade.tasks.lab import LabTask

TASKS: Mapping[str, str] = {
    "lab/counting": "how many things of one kind a picture holds",
    "lab/geometry": "area or perimeter of a figure on squared paper",
    "lab/grounding": "the box of the thing that is asked for",
    "lab/fewshot": "made-up names taught by one picture, asked in another",
    "lab/puzzle": "the thing that a rule puts in place of the question mark",
}


def load_task(
    name: str,
    *,
    split: str = "test",
    limit: int | None = None,
    seed: int = 0,
    level: int = 2,
) -> "LabTask":
    """The samples of a task.

    `limit` is how many; a lab task has as many as are asked for, 500 if nothing is said.
    """
    if name not in TASKS:
        raise SaccadeError(f"There is no task {name!r}. Tasks are: {', '.join(TASKS)}.")
    from saccade.tasks.lab import LabTask

    return LabTask(name, split, level, seed, 500 if limit is None else limit)
