"""Which responses are shown: the same rules by loops, in a table and in a stored run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from frames import FakeRun, make_run, stored

from saccade.analysis import paired_case, typical_cases
from saccade.analysis.report.cases import typical_rows
from saccade.analysis.tables import Tables
from saccade.analysis.typical import one_question, tokens_of, typical
from saccade.errors import SaccadeError


def test_typical_case_is_nearest_the_median() -> None:
    """The same rule by a loop."""
    tables = Tables(make_run(questions=9))
    for verdict, (why, chosen) in zip((True, False), typical_cases(tables), strict=True):
        means = [
            t.signals["visual_similarity"].astype(float).mean()
            for t in tables.run
            if t.rollout.correct is verdict
        ]
        mean = chosen.signals["visual_similarity"].astype(float).mean()
        assert chosen.rollout.correct is verdict
        assert abs(mean - np.median(means)) == min(abs(m - np.median(means)) for m in means)
        assert f"median of {len(means)}" in why


def test_without_the_signal_the_length_counts() -> None:
    """And without a verdict there is no typical response."""
    run = make_run(questions=5)
    tokens = run.tokens().drop(columns=["visual_similarity"])
    for why, row in typical_rows(tokens):
        lengths = [
            len(trace.tokens)
            for trace in run.traces
            if trace.rollout.correct is bool(row["correct"])
        ]
        mine = len(run.traces[row["response"]].tokens)
        assert abs(mine - np.median(lengths)) == min(abs(n - np.median(lengths)) for n in lengths)
        assert "length nearest" in why
    assert typical_rows(tokens.assign(correct=None)) == []
    assert len(typical(tokens.assign(correct=None), None)) == 1


def test_the_first_question_that_turned_right() -> None:
    """Its first response went from wrong to right."""
    runs = {"a": make_run(questions=9, accuracy=0.3), "b": make_run(questions=9, seed=5)}
    why, answers = one_question({name: run.tokens() for name, run in runs.items()})
    (_, before), (_, after) = answers
    assert (before["correct"], after["correct"]) == (False, True)
    first = [t.sample.id for t in runs["a"] if t.rollout.index == 0 and not t.rollout.correct]
    right = {t.sample.id for t in runs["b"] if t.rollout.index == 0 and t.rollout.correct}
    chosen = next(name for name in first if name in right)
    assert before["sample_id"] == after["sample_id"] == chosen
    assert why.startswith(f"The first of {len(right.intersection(first))} questions, out of 9")
    traces = paired_case({name: Tables(run) for name, run in runs.items()})[1]
    assert [trace.rollout.index for trace in traces] == [0, 0]
    assert {trace.sample.id for trace in traces} == {chosen}
    same = {name: make_run(questions=2, accuracy=1.1).tokens() for name in "ab"}
    assert one_question(same)[0] == "The first of 2 questions answered by all; none turned right."


def test_one_run_answered_both_ways(tmp_path: Path) -> None:
    """Its first question with both verdicts: the first correct and the first incorrect response."""
    run = judged([[True, True], [None, False], [False, True]])
    for source in (run.tokens(), stored(tmp_path, run), stored(tmp_path, run).hold()):
        why, answers = one_question({"a": source})
        assert why.startswith("The first of 1 questions")
        assert [(row["sample_id"], row["index"], row["correct"]) for _, row in answers] == [
            ("q2", 1, True),
            ("q2", 0, False),
        ]
        tokens = tokens_of(source, answers[0][1]["response"], "entropy")
        assert tokens["token"].tolist() == list(run.traces[5].tokens)
        np.testing.assert_allclose(tokens["value"], run.traces[5].signals["entropy"])
    with pytest.raises(SaccadeError, match="both a correct and an incorrect"):
        one_question({"a": judged([[True, None], [False]]).tokens()})


def judged(verdicts: list[list[bool | None]]) -> FakeRun:
    """A run with these verdicts, question by question."""
    run = make_run(questions=len(verdicts), n=max(map(len, verdicts)))
    traces = [
        replace(trace, rollout=replace(trace.rollout, correct=verdict))
        for trace in run.traces
        for verdict in verdicts[int(trace.sample.id[1:])][
            trace.rollout.index : trace.rollout.index + 1
        ]
    ]
    return replace(run, traces=traces)
