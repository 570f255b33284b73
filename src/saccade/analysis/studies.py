"""A case study: one question and how it was answered, token by token (PEPO, figure 5).

Only what is shown is settled here; `plots/studies.py` draws it.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from saccade.analysis.figure import Finding
from saccade.analysis.labels import label
from saccade.analysis.marked import verdict
from saccade.analysis.scales import common_scales
from saccade.analysis.typical import one_question, tokens_of
from saccade.samples import Sample
from saccade.store import Run, Source, signals_of

BY = ("visual_similarity", "kl.blind", "hidden_shift.blind", "entropy")
"""Signals that may colour the tokens: the first that all runs have."""


def case_study(sources: Mapping[str, Source]) -> pd.DataFrame:
    """The tokens of the answers to one question, answer by answer (`answer` counts them).

    Of several runs the first answers to the first question that turned right; of one run a correct
    and an incorrect answer. `attrs` hold the sample, if a run tells it, and the colours' scale.
    """
    why, answers = one_question(sources)
    scales = common_scales(sources.values(), BY)
    column = next((name for name in BY if name in scales and _all_have(sources, name)), None)
    parts = [
        tokens_of(sources[name], int(row["response"]), column).assign(
            run=name,
            answer=number,
            **{key: int(row[key]) for key in ("step", "index", "response")},
        )
        for number, (name, row) in enumerate(answers)
    ]
    task, sample_id = (str(answers[0][1][key]) for key in ("task", "sample_id"))
    frame = pd.concat(parts, ignore_index=True).assign(task=task, sample_id=sample_id)
    frame = frame[[*ANSWER, "correct", "position", "token", "value"]]
    frame.attrs = {
        "why": why,
        "signal": column,
        "scale": scales.get(column or ""),
        "sample": _sample(sources, sample_id),
    }
    return frame


ANSWER = ["answer", "run", "task", "sample_id", "step", "index", "response"]
"""Columns that name an answer and where it is."""


def _all_have(sources: Mapping[str, Source], name: str) -> bool:
    """Whether every run has this signal."""
    return all(name in signals_of(source) for source in sources.values())


def _sample(sources: Mapping[str, Source], sample_id: str) -> Sample | None:
    """The question with its images; a table of tokens does not know them."""
    runs = [source for source in sources.values() if isinstance(source, Run)]
    return runs[0].sample(sample_id) if runs else None


def describe_study(frame: pd.DataFrame) -> Finding:
    """Which question and why it, and of each answer its verdict, length and mean signal."""
    answers = frame.groupby(ANSWER, sort=False).agg(
        correct=("correct", "first"), tokens=("token", "size"), mean=("value", "mean")
    )
    numbers = answers.reset_index().drop(columns=["answer", "response"])
    name = label(frame.attrs["signal"]).text if frame.attrs["signal"] else ""
    said = "; ".join(_told(row, name) for row in numbers.to_dict("records"))
    return Finding(f"{frame.attrs['why']} {numbers['sample_id'].iloc[0]}: {said}.", numbers)


def _told(answer: Mapping[Hashable, Any], name: str) -> str:
    """One answer in words."""
    head = f"{answer['run']}, response {answer['index']}: {told(answer['correct'])}"
    mean = f", mean {name} {answer['mean']:.3f}" if name and pd.notna(answer["mean"]) else ""
    return f"{head}, {answer['tokens']} tokens{mean}"


def told(correct: Any) -> str:
    """A verdict out of a table, where a missing one has several forms."""
    return verdict(None if pd.isna(correct) else bool(correct))
