"""Curves over training, one line per run.

Reward, length, similarity and entropy (PEPO 6), dependency (PGPO 4), signs of a collapse (PAPO).
Only numbers here; `plots/curves.py` draws them. `series.py` says which runs make up a training,
`progress.py` where each number is found.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from saccade.analysis.accuracy import ALL
from saccade.analysis.figure import Finding
from saccade.analysis.progress import METRICS, at_every_step, measured_on_responses, taken_from_log
from saccade.analysis.series import Line, Series, Sources, remarks, series_of
from saccade.errors import SaccadeError

TRAINING = ("reward", "length", "visual_similarity", "entropy")
DEPENDENCY = ("accuracy", "entropy", "log_dependency")
COLLAPSE = ("accuracy", "kl_prcp", "clip_high", "entropy", "entropy_ablated")
ALONE = ("kl_prcp", "clip_high", "entropy_ablated")
"""What the panel of a collapse shows beyond the other curves."""
PEAKS = ("reward", "accuracy")
"""Metrics of which the sentence tells a peak."""
COLUMNS = ["metric", "step", "mean", "low", "high", "n_questions", "source"]
BESIDE = ("accuracy", "truncated", "kl")
"""What the table of training curves holds besides what is drawn."""
ENDS = 10
"""The share of steps, one in so many, that stands for the beginning and for the end."""


def training_curves(sources: Sources, *, smooth: float | None = None) -> pd.DataFrame:
    """Reward, length, mean similarity and entropy at each step, per run and task.

    Rewards by name, accuracy, truncated share and mean KL are in the table too. `smooth` adds a
    column with the exponential moving average of that weight on the past, such as .9, of lines
    from a training log.
    """
    return _curves(sources, TRAINING, smooth, beside=BESIDE)


def dependency_curves(sources: Sources, *, smooth: float | None = None) -> pd.DataFrame:
    """Accuracy, mean entropy and mean S̃ = log(1 + KL) at each step, per run and task."""
    return _curves(sources, DEPENDENCY, smooth)


def collapse_curves(sources: Sources, *, smooth: float | None = None) -> pd.DataFrame:
    """Accuracy, KL_prcp, clip-high share, and entropy with and without image at each step."""
    frame = _curves(sources, COLLAPSE, smooth)
    if not frame["metric"].isin(ALONE).any():
        raise SaccadeError(
            "The panel of a collapse needs KL_prcp, the clip-high share or the entropy without "
            "image, of which the trainings here have none. Put the training's log as "
            "training.jsonl into the run's folder."
        )
    return frame


def _curves(
    sources: Sources, panels: Sequence[str], smooth: float | None, *, beside: Sequence[str] = ()
) -> pd.DataFrame:
    """The metrics of every line, in the order of the panels."""
    if smooth is not None and not 0 <= smooth < 1:
        raise SaccadeError(f"smooth must be at least 0 and below 1; got {smooth!r}.")
    series, metrics = series_of(sources), [*panels, *beside]
    frame = pd.concat([_line(line, metrics) for line in series.lines], ignore_index=True)
    if not frame["metric"].isin(panels).any():
        names = ", ".join(METRICS[name].text for name in panels)
        raise SaccadeError(f"The trainings here tell none of {names}, so there is no curve.")
    if not any(len(overall(frame, name)) for name in panels):
        raise SaccadeError(
            "No task of these trainings has responses at every step, so a line over all of them "
            "would move with the tasks. Roll out the same tasks at each step."
        )
    frame = _sorted(frame, metrics)
    if smooth is not None:
        frame["smoothed"] = _smoothed(frame, smooth)
    frame.attrs = _facts(frame, series, panels) | {"smooth": smooth}
    return frame


def _smoothed(frame: pd.DataFrame, weight: float) -> "pd.Series[float]":
    """Moving averages of the lines from a log. What was measured has intervals and stays."""
    lines = frame[frame["source"] == "log"].groupby(["run", "metric"], sort=False)["mean"]
    return lines.transform(lambda of: of.ewm(alpha=1 - weight, adjust=False).mean())


def _line(line: Line, metrics: Sequence[str]) -> pd.DataFrame:
    """One training: what its responses tell, and from its log what they do not."""
    measured = measured_on_responses(line, metrics)
    measured = measured[measured.groupby("metric")["step"].transform("nunique") > 1]
    there = set(measured["metric"])
    logged = taken_from_log(line, [name for name in metrics if name not in there])
    parts = [part for part in (measured, logged) if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else measured
    return frame.assign(run=line.name)


def _sorted(frame: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Metrics in the order of the panels, rewards by name at the end, runs in their own order."""
    ranks = {name: place for place, name in enumerate(metrics)}
    runs = {name: place for place, name in enumerate(dict.fromkeys(frame["run"]))}
    places = {"place": frame["metric"].map(ranks).fillna(len(ranks)), "of": frame["run"].map(runs)}
    kinds = {"step": int, "mean": float, "low": float, "high": float, "n_questions": int}
    ordered = frame.astype(kinds).assign(**places)
    ordered = ordered.sort_values(["place", "metric", "of", "task", "step"], ignore_index=True)
    return ordered[["run", "task", *COLUMNS]]


def _facts(frame: pd.DataFrame, series: Series, panels: Sequence[str]) -> dict[Any, Any]:
    """What the drawing and the sentence need besides the rows."""
    there = {(row.run, row.metric) for row in frame[["run", "metric"]].itertuples()}
    runs = [line.name for line in series.lines]
    return {
        "panels": [name for name in panels if name in set(frame["metric"])],
        "missing": {
            name: [run for run in runs if (run, name) not in there]
            for name in panels
            if any((run, name) not in there for run in runs)
        },
        "runs": runs,
        "order": list(series.order),
        "left_out": list(series.left_out),
    }


def overall(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One metric of every run: over all tasks together, or over the only one there is.

    Of a run with several tasks, none of them at every step, there is no row.
    """
    rows = frame[frame["metric"] == metric]
    several = rows.groupby("run")["task"].transform("nunique") > 1
    return rows[(rows["task"] == ALL) | ~several]


def describe_curves(frame: pd.DataFrame) -> Finding:
    """How each metric begins and ends in each run, where it peaks, and what is missing."""
    facts = frame.attrs
    numbers = pd.DataFrame(
        [
            {"metric": name, "run": run, **_ends(rows)}
            for name in facts["panels"]
            for run, rows in overall(frame, name).groupby("run", sort=False)
        ]
    )
    said = [_metric_words(str(name), of) for name, of in numbers.groupby("metric", sort=False)]
    how = f"Means of the first and the last tenth of the steps, {_steps(numbers)}"
    ends = [f"{'; '.join(said)}.", f"{how}; no test is given.", *_remarks(frame, numbers)]
    sentence = " ".join(ends)
    return Finding(sentence[0].upper() + sentence[1:], numbers)


def _ends(rows: pd.DataFrame) -> dict[str, Any]:
    """Beginning, end and extremes of one line."""
    share = -(-len(rows) // ENDS)
    highest, lowest = rows.nlargest(1, "mean").iloc[0], rows.nsmallest(1, "mean").iloc[0]
    return {
        "first": float(rows["mean"].head(share).mean()),
        "last": float(rows["mean"].tail(share).mean()),
        "highest": float(highest["mean"]),
        "highest_at": int(highest["step"]),
        "lowest": float(lowest["mean"]),
        "lowest_at": int(lowest["step"]),
        "steps": len(rows),
        "first_step": int(rows["step"].iloc[0]),
        "last_step": int(rows["step"].iloc[-1]),
        "n_questions": int(rows["n_questions"].max()),
        "source": rows["source"].iloc[0],
    }


def _metric_words(name: str, rows: pd.DataFrame) -> str:
    """One metric: from where to where in each run; the peak where it lies well above both."""
    runs = [
        f"{row.run} {row.first:.3g} to {row.last:.3g}{_peak(row) if name in PEAKS else ''}"
        for row in rows.itertuples()
    ]
    return f"{METRICS[name].text}: {', '.join(runs)}"


def _peak(row: Any) -> str:
    """The highest value, where the line rises to it and falls again by half of what it rose."""
    rose, fell = row.highest - row.first, row.highest - row.last
    if rose > 0 and fell > rose / 2 and row.first_step < row.highest_at < row.last_step:
        return f" (highest {row.highest:.3g} at step {row.highest_at})"
    return ""


def _steps(numbers: pd.DataFrame) -> str:
    first, last = numbers["first_step"].min(), numbers["last_step"].max()
    return f"which are {first} to {last}"


def _remarks(frame: pd.DataFrame, numbers: pd.DataFrame) -> Iterator[str]:
    """Where numbers come from, what is missing and what was left out."""
    facts = frame.attrs
    logged = numbers[numbers["source"] == "log"]
    if len(logged):
        names = ", ".join(METRICS[name].text for name in dict.fromkeys(logged["metric"]))
        yield f"From the training log, without intervals: {names}."
    for name, runs in facts["missing"].items():
        everywhere = len(runs) == len(facts["runs"])
        yield f"Missing{'' if everywhere else ' in ' + ', '.join(runs)}: {METRICS[name].text}."
    yield from _tasks_words(frame)
    yield from remarks(facts)


def _tasks_words(frame: pd.DataFrame) -> Iterator[str]:
    """What a line over several tasks is the mean of, and which tasks are not in it."""
    shown = frame[frame["metric"].isin(frame.attrs["panels"]) & (frame["source"] == "responses")]
    shown = shown[shown["task"] != ALL]
    if shown.groupby("run")["task"].nunique().max() > 1:
        yield "Over all tasks: the mean of the tasks' means, each weighing the same at every step."
    for run, rows in shown.groupby("run", sort=False):
        there = at_every_step(rows)
        out = [str(task) for task in there if not there[task].any()]
        if out:
            yield f"Not in it, as {run} has no responses to them at some step: {', '.join(out)}."


def span(frame: pd.DataFrame) -> str:
    """`n = 24 questions at 12 steps; log of 100`: how much a figure of curves rests on."""
    shown = frame[frame["metric"].isin(frame.attrs["panels"])]
    steps = shown.groupby("source")["step"].nunique()
    words = []
    if "responses" in steps:
        words.append(f"n = {shown['n_questions'].max()} questions at {steps['responses']} steps")
    if "log" in steps:
        words.append(f"log of {steps['log']} steps")
    return "; ".join(words)
