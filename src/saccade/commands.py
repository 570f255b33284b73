"""What the commands that fill a run do: load, show progress, and say what came of it."""

from pathlib import Path
from typing import Any

from saccade.errors import SaccadeError
from saccade.models import VLM, load_vlm
from saccade.pipeline import probe_run, roll_out
from saccade.pipeline import trace as trace_run
from saccade.probes import Probing
from saccade.rollouts import Sampling
from saccade.store import Run, open_run
from saccade.tasks import load_task
from saccade.terminal import progress, quiet_libraries

_MODEL = ("device", "dtype", "revision", "trust_remote_code")
_TASK = ("split", "level", "seed", "limit")
_SAMPLING = ("n", "temperature", "top_p", "max_new_tokens", "seed", "batch_size")
_PROBING = ("signals", "ablation", "draws", "layers", "maps", "batch_size")


def trace(model: str, task: str, out: Path, **words: Any) -> dict[str, Any]:
    """`saccade trace`."""
    samples = load_task(task, **_some(words, _TASK))
    settings, probing = _sampling(words), _probing(words)
    vlm = _load(model, words)
    with progress("rolled out") as answered, progress("probed") as probed:
        run = trace_run(
            vlm,
            samples,
            out,
            task={"name": task, **_some(words, _TASK)},
            sampling=settings,
            probing=probing,
            on_rollout=answered,
            on_probe=probed,
        )
    return summary(run)


def rollout(model: str, task: str, out: Path, **words: Any) -> dict[str, Any]:
    """`saccade rollout`."""
    samples = load_task(task, **_some(words, _TASK))
    settings = _sampling(words)
    vlm = _load(model, words)
    told = {"name": task, **_some(words, _TASK)}
    with progress("rolled out") as answered:
        run = roll_out(vlm, samples, out, task=told, sampling=settings, on_progress=answered)
    return summary(run)


def probe(path: Path, *, model: str | None, **words: Any) -> dict[str, Any]:
    """`saccade probe`: with the model that the run's manifest names, in the run's precision."""
    probing, told = _probing(words), open_run(path).manifest.model
    name, dtype = model or told.get("name"), words["dtype"] or told.get("dtype") or "auto"
    if not name:
        raise SaccadeError(f"{path} must say which model gave its responses; pass --model.")
    vlm = _load(name, {**words, "dtype": dtype})
    with progress("probed") as probed:
        return summary(probe_run(path, vlm, probing, on_progress=probed))


def doctor(model: str, **words: Any) -> dict[str, Any]:
    """`saccade doctor`: every check by name."""
    from saccade.probes.doctor import examine

    findings = examine(_load(model, words))
    return {found.name: {"words": found.words, **found.told} for found in findings}


def summary(run: Run) -> dict[str, Any]:
    """What a run holds now: counts, why some was skipped, and which parts cannot be read."""
    skipped = run.skipped()
    probed = run.sql("select count(*) as n from traces")["n"][0]
    return {
        "run": str(run.path),
        "rollouts": len(run),
        "probed": int(probed),
        "skipped": len(skipped),
        "reasons": {str(k): int(v) for k, v in skipped["reason"].value_counts().items()},
        "broken": [{"path": str(part.path), "reason": part.reason} for part in run.broken],
    }


def _load(model: str, words: dict[str, Any]) -> VLM:
    quiet_libraries()
    return load_vlm(model, **_some(words, _MODEL))


def _sampling(words: dict[str, Any]) -> Sampling:
    return Sampling(**_some(words, _SAMPLING))


def _probing(words: dict[str, Any]) -> Probing:
    return Probing(**_some(words, _PROBING))


def _some(words: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: words[name] for name in names}
