"""The main job on the shipped lab models: roll out and probe before and after training, compare."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from saccade.analysis import render
from saccade.comparison import read_each_other
from saccade.models import load_vlm
from saccade.pipeline import trace
from saccade.probes import Probing
from saccade.rollouts import Sampling
from saccade.store import Run
from saccade.tasks import TASKS, load_task

MODELS = {"before": "lab/base", "after": "lab/tuned"}
STEPS = {"before": 0, "after": 300}
"""Steps of training since lab/base, as the cards say."""
TRAINING = "lab/base to lab/tuned"
"""What makes the two models checkpoints of one training."""
ITEMS = 24
"""Questions per task."""
READ = 8
"""Questions per task whose responses both models read; so many make an interval."""
SAMPLING = Sampling(n=4, max_new_tokens=160, batch_size=48)
PROBING = Probing(batch_size=16, maps=("layers",))


Show = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""What shows progress: a name, and then how much of how much is done."""


def demo(out: Path, *, progress: Show) -> Path:
    """Make two runs, let each model read the other's, and report; the path of the page.

    Killed, it goes on.
    """
    runs = {
        f"{when}: {MODELS[when]}": run for when, run in lab_runs(out, progress=progress).items()
    }
    prints = (str(run.manifest.model["fingerprint"])[:8] for run in runs.values())
    questions = [sample.id for name in TASKS for sample in load_task(name, limit=READ)]
    folder = out / f"read-{'-'.join(prints)}"
    forced, left_out = read_each_other(
        runs, folder, progress=progress, questions=questions, device="cpu"
    )
    title = "saccade demo: lab/base and lab/tuned"
    with progress("drawn") as drawn:
        page: Path = render(
            runs,
            out / "report",
            title=title,
            forced=forced,
            notices=left_out,
            on_progress=drawn,
        )
    return page


def lab_runs(out: Path, *, progress: Show, items: int = ITEMS) -> dict[str, Run]:
    """What each of `MODELS` answers to `items` questions of every lab task, probed, under `out`.

    Each run's folder is named after the weights too: another version of the models starts anew.
    """
    samples = [sample for name in TASKS for sample in load_task(name, limit=items)]
    task = {"name": "lab/*", "split": "test", "level": 2, "seed": 0, "limit": items}
    runs = {}
    for when, model in MODELS.items():
        vlm = load_vlm(model, device="cpu", dtype="float32")
        with progress(f"{model} answers") as answered, progress(f"{model} probed") as probed:
            runs[when] = trace(
                vlm,
                samples,
                out / f"{when}-{vlm.fingerprint[:8]}",
                task=task,
                sampling=SAMPLING,
                probing=PROBING,
                notes={"training": {"name": TRAINING, "step": STEPS[when]}},
                on_rollout=answered,
                on_probe=probed,
            )
    return runs
