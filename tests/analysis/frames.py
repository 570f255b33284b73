"""A small run made of random numbers, with the tables and the traces a stored run has."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from saccade.samples import Mention, Region, Rollout, Sample, Skipped, Trace
from saccade.store import Manifest, Run, RunWriter, open_run

SIGNALS = ("logprob", "entropy", "visual_similarity", "hidden_shift.blind", "kl.blind", "k3.blind")
WORDS = ("The", " red", " circle", " is", " left", " of", " the", " blue", " square", ".", "\n")


def make_sample(number: int, *, images: int = 1, question: str = "How many circles?") -> Sample:
    """A sample with a drawn image, two regions and a solution that mentions them."""
    picture = Image.new("RGB", (48, 32), (240, 240, 240))
    picture.paste((200, 40, 40), (6, 6, 20, 20))
    return Sample(
        id=f"q{number}",
        question=question,
        images=(picture,) * images,
        answer="2",
        task="lab/counting",
        regions=(Region("red circle", (6, 6, 20, 20)), Region("blue square", (28, 10, 44, 26))),
        solution="The red circle and the blue square.",
        mentions=(Mention(4, 14, ("red circle",)), Mention(23, 34, ("blue square",))),
    )


def make_trace(
    number: int, index: int, *, correct: bool | None, length: int, rng: np.random.Generator
) -> Trace:
    """A trace whose similarity is a little higher where the verdict is correct."""
    tokens = tuple(WORDS[i % len(WORDS)] for i in range(length))
    signals = {name: rng.gamma(2.0, 0.4, length).astype(np.float32) for name in SIGNALS}
    shift = 0.03 if correct else 0.0
    signals["visual_similarity"] = rng.normal(0.3 + shift, 0.05, length).astype(np.float32)
    signals["logprob"] = -signals["logprob"]
    rollout = Rollout(
        sample_id=f"q{number}",
        index=index,
        prompt="",
        response_ids=tuple(range(length)),
        text="".join(tokens),
        rewards={"answer": float(bool(correct))},
        correct=correct,
    )
    states = np.linspace(0.5, 1.5, 3, dtype=np.float32)[:, None]
    maps = {"visual_similarity": states * signals["visual_similarity"]}
    return Trace(make_sample(number), rollout, tokens, signals, layers=maps)


@dataclass
class FakeRun:
    """What the analysis needs of a run."""

    traces: list[Trace]
    path: str = "runs/x"
    skips: list[tuple[str, str, int | None, str]] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=lambda: {"model": "lab/base", "seed": 0})

    def __len__(self) -> int:
        """How many traces."""
        return len(self.traces)

    def __getitem__(self, index: int) -> Trace:
        """One trace."""
        return self.traces[index]

    def tokens(self) -> pd.DataFrame:
        """One row per response token."""
        return pd.DataFrame(_token_columns(self.traces))

    def rollouts(self) -> pd.DataFrame:
        """One row per rollout."""
        rows = pd.DataFrame([_rollout_row(trace) for trace in self.traces])
        return rows.astype({"correct": "boolean"})

    def skipped(self) -> pd.DataFrame:
        """What could not be processed."""
        return pd.DataFrame(self.skips, columns=["stage", "sample_id", "index", "reason"])


def _keys(trace: Trace) -> dict[str, Any]:
    return {
        "task": trace.sample.task,
        "sample_id": trace.sample.id,
        "index": trace.rollout.index,
        "step": trace.rollout.step,
        "length": len(trace.tokens),
    }


def _token_columns(traces: list[Trace]) -> dict[str, Any]:
    """The token table's columns; a signal that a trace lacks is missing there."""
    lengths = [len(trace.tokens) for trace in traces]
    keys = pd.DataFrame([_keys(trace) for trace in traces])
    verdicts = pd.array([trace.rollout.correct for trace in traces], dtype="boolean")
    names = [name for name in SIGNALS if any(name in trace.signals for trace in traces)]
    return {
        **{name: keys[name].repeat(lengths).to_numpy() for name in keys},
        "position": np.concatenate([np.arange(length) for length in lengths]),
        "token": [token for trace in traces for token in trace.tokens],
        "token_id": [token for trace in traces for token in trace.token_ids],
        "correct": verdicts.repeat(lengths),
        **{name: np.concatenate([_signal(trace, name) for trace in traces]) for name in names},
    }


def _signal(trace: Trace, name: str) -> np.ndarray:
    missing = np.full(len(trace.tokens), np.nan, dtype=np.float32)
    return trace.signals.get(name, missing)


def _rollout_row(trace: Trace) -> dict[str, Any]:
    rollout = trace.rollout
    rewards = {f"reward.{name}": value for name, value in rollout.rewards.items()}
    return {
        **_keys(trace),
        "text": rollout.text,
        "correct": rollout.correct,
        "finish_reason": rollout.finish_reason,
        **rewards,
    }


def make_run(*, questions: int = 24, n: int = 4, accuracy: float = 0.6, seed: int = 0) -> FakeRun:
    """A run of `questions` times `n` traces."""
    rng = np.random.default_rng(seed)
    return FakeRun(
        [
            make_trace(
                number,
                index,
                correct=bool(rng.random() < accuracy),
                length=int(rng.integers(4, 40)),
                rng=rng,
            )
            for number in range(questions)
            for index in range(n)
        ]
    )


def at_step(run: FakeRun, step: int) -> list[Trace]:
    """The traces of a run as those of a training step."""
    return [replace(each, rollout=replace(each.rollout, step=step)) for each in run]


def make_training(
    steps: tuple[int, ...] = (0, 10, 20), *, questions: int = 6, n: int = 3, seed: int = 0
) -> FakeRun:
    """A run of several training steps, answering better from step to step."""
    accuracies = np.linspace(0.3, 0.8, len(steps))
    return FakeRun(
        [
            trace
            for number, (step, share) in enumerate(zip(steps, accuracies, strict=True))
            for trace in at_step(
                make_run(questions=questions, n=n, accuracy=share, seed=seed + number), step
            )
        ]
    )


def of_task(run: FakeRun, task: str) -> FakeRun:
    """The same traces as those of another task."""
    return FakeRun([replace(each, sample=replace(each.sample, task=task)) for each in run.traces])


def stored(path: Path, run: FakeRun, *, probed: bool = True, **notes: Any) -> Run:
    """The same run written to disk and opened."""
    manifest = Manifest(
        model={"name": "lab/base"}, task={"name": "lab/counting", "split": "test"}, notes=notes
    )
    samples = {trace.sample.id: trace.sample for trace in run.traces}
    with RunWriter.open(path, manifest) as writer:
        writer.write_rollouts(
            "unit-0",
            samples.values(),
            [trace.rollout for trace in run.traces],
            skipped=[Skipped("q999", "rollout", "its image is broken")],
        )
        if probed:
            writer.write_traces("unit-0", run.traces)
    return open_run(path)
