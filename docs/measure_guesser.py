"""Write `docs/lab.json`: what a blind guesser reaches on every lab task at every level.

Run from the root of the repository: `python docs/measure_guesser.py`. It takes some minutes;
`docs/lab.md` shows the numbers.
"""

import json
from hashlib import blake2b
from pathlib import Path

from saccade.tasks.lab import LAB_TASKS, LabTask
from saccade.tasks.lab.guessing import READ, blind_accuracy

ITEMS = 500
"""Test questions per task and level."""
LEVELS = (1, 2, 3)


def measured() -> dict[str, dict[str, float]]:
    """Task → level → accuracy."""
    return {
        name: {
            str(level): round(blind_accuracy(LabTask(name, level=level, size=ITEMS)), 4)
            for level in LEVELS
        }
        for name in LAB_TASKS
    }


def digest() -> str:
    """A word that changes when the lab's problems do: then measure, and draw the samples, again."""
    seen = blake2b(digest_size=8)
    for name in LAB_TASKS:
        for level in LEVELS:
            task = LabTask(name, level=level, size=20)
            for problem in map(task.problem, range(len(task))):
                shown = [picture.key for picture in problem.pictures]
                seen.update(repr((shown, problem.question, problem.answer)).encode())
    return seen.hexdigest()


if __name__ == "__main__":
    told = {
        "items": ITEMS,
        "read": READ,
        "split": "test",
        "problems": digest(),
        "blind_accuracy": measured(),
    }
    text = json.dumps(told, indent=1) + "\n"
    Path(__file__).with_name("lab.json").write_text(text, encoding="utf-8")
