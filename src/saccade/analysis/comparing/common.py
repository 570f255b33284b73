"""Whether runs can be compared: they must hold the same questions; and how else they differ."""

from collections.abc import Mapping

import pandas as pd

from saccade.errors import SaccadeError
from saccade.store import Run

SAMPLED = ("n", "temperature", "top_p", "max_new_tokens")
"""The settings that shape responses."""

_QUESTIONS = """
SELECT id, question, answer, images::VARCHAR AS images FROM samples
WHERE id IN (SELECT sample_id FROM rollouts) ORDER BY id
"""


def check_common(runs: Mapping[str, Run]) -> None:
    """Refuse runs that share no question with the first, or whose numbers mean other things.

    That is, where one id names two questions, or where signals were measured in another way.
    """
    _check_probed_alike(runs)
    (name, first), *others = ((name, run.sql(_QUESTIONS)) for name, run in runs.items())
    for other, questions in others:
        both = first.merge(questions, on="id", suffixes=("", "_other"))
        if both.empty:
            raise SaccadeError(
                f"Runs must share questions to be compared, but of {_some(name, first)} and"
                f" {_some(other, questions)} none is in both. Make both with the same task, split,"
                " level and seed."
            )
        if changed := _changed(both):
            more = f", as are {len(changed) - 1} more" if len(changed) > 1 else ""
            raise SaccadeError(
                f"A question must have one id in all runs, but {changed[0]!r} is another question"
                f" in {name} than in {other}{more}. Make both runs of the same samples."
            )


def _check_probed_alike(runs: Mapping[str, Run]) -> None:
    """The same signal must be the same measure; which signals there are may differ."""
    (name, first), *others = runs.items()
    was = first.manifest.probe or {}
    for other, run in others:
        now = run.manifest.probe or {}
        for setting in sorted({*was, *now} - {"signals", "maps"} if was and now else ()):
            if was.get(setting) != now.get(setting):
                raise SaccadeError(
                    f"Runs must be probed alike to be compared, but {setting} is"
                    f" {was.get(setting)} in {name} and {now.get(setting)} in {other}. Probe one of"
                    " them as the other was, in a folder of its own."
                )


def sampled_otherwise(runs: Mapping[str, Run]) -> list[str]:
    """A sentence for each run whose responses were sampled in another way than the first's.

    Only what both manifests tell is compared, and neither seed nor step.
    """
    (name, first), *others = ((name, run.manifest.rollout) for name, run in runs.items())
    said = []
    for other, now in others:
        differ = ", ".join(
            f"{setting} {first[setting]} and {now[setting]}"
            for setting in first
            if setting in SAMPLED and setting in now and first[setting] != now[setting]
        )
        if differ:
            said.append(
                f"{name} and {other} were sampled in different ways ({differ}), so a difference"
                " between their responses need not be one of the models."
            )
    return said


def _some(name: str, questions: pd.DataFrame) -> str:
    """How many questions a run has, and one of them."""
    such = f" such as {questions['id'].iloc[0]!r}" if len(questions) else ""
    return f"the {len(questions)} of {name}{such}"


def _changed(both: pd.DataFrame) -> list[str]:
    """The ids under which the runs ask different things."""
    asked = ["question", "answer", "images"]
    same = both[asked].eq(both[[f"{name}_other" for name in asked]].set_axis(asked, axis=1))
    return [str(id_) for id_ in both.loc[~same.all(axis=1), "id"]]
