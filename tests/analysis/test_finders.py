"""Each finder finds what was planted, and gives the numbers why."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from frames import FakeRun, make_run, stored

from saccade.analysis import FINDERS
from saccade.analysis.finders import (
    looked_but_failed,
    lucky_guesses,
    perception_failures,
    turning_points,
)
from saccade.errors import SaccadeError
from saccade.samples import Mention


def responses(tokens: pd.DataFrame) -> pd.DataFrame:
    """One row per response with its mean dependency."""
    rows = tokens.astype({"kl.blind": float}).groupby(["sample_id", "index"])
    return rows.agg(correct=("correct", "first"), value=("kl.blind", "mean"))


def test_guesses_and_failures_are_the_ends_of_the_run() -> None:
    """By NumPy's quantiles of all judged responses."""
    tokens = make_run(questions=10).tokens()
    table = responses(tokens)
    low, high = np.quantile(table["value"], [0.1, 0.8])
    lucky = lucky_guesses(tokens).set_index(["sample_id", "index"])
    assert set(lucky.index) == set(table[(table["value"] <= low) & table["correct"]].index)
    assert lucky["threshold"].tolist() == pytest.approx([low] * len(lucky))
    failed = looked_but_failed(tokens, quantile=0.8)
    wanted = table[(table["value"] >= high) & ~table["correct"]].sort_values("value")[::-1]
    assert list(zip(failed["sample_id"], failed["index"], strict=True)) == list(wanted.index)
    assert len(looked_but_failed(tokens, quantile=0.0, most=2)) == 2


def test_a_spike_is_a_peak_above_the_quantile() -> None:
    """Planted in the middle; a plateau counts once, a first token never."""
    tokens = make_run(questions=4).tokens().assign(entropy=0.1)
    tokens.loc[(tokens["sample_id"] == "q2") & (tokens["position"] == 2), "entropy"] = 3.0
    tokens.loc[(tokens["sample_id"] == "q2") & (tokens["position"] == 3), "entropy"] = 3.0
    tokens.loc[(tokens["sample_id"] == "q1") & (tokens["position"] == 0), "entropy"] = 9.0
    found = turning_points(tokens, quantile=0.95)
    assert set(found["sample_id"]) == {"q2"} and set(found["position"]) == {2}
    assert len(found) == 4
    assert found["before"].tolist() == pytest.approx([0.1] * 4)


def naming_run() -> FakeRun:
    """Ten wrong responses that name a red circle; the one to q3 does so without looking."""
    run = make_run(questions=10, n=1, accuracy=0.0)
    for place, trace in enumerate(run.traces):
        words = ("A", " red", " cir", "cle", ".")
        kl = np.array([9, 2, 2, 2, 0] if place != 3 else [9, 0.1, 0.2, 0.3, 9], dtype=np.float32)
        rollout = replace(trace.rollout, response_ids=(1, 2, 3, 4, 5), text="".join(words))
        told = {"tokens": words, "signals": {"kl.blind": kl}, "layers": {}}
        run.traces[place] = replace(trace, rollout=rollout, **told)
    return run


def test_a_perception_failure_names_without_looking(tmp_path) -> None:
    """The words over several tokens, and their first place."""
    run = stored(tmp_path / "run", naming_run())
    found = perception_failures(run)
    assert found[["sample_id", "position", "phrase"]].to_numpy().tolist() == [
        ["q3", 1, "red circle"]
    ]
    assert found["value"].item() == pytest.approx(0.2)
    with pytest.raises(SaccadeError, match="Give the run itself"):
        perception_failures(run.tokens())


def test_tasks_with_few_verdicts_are_left_out() -> None:
    """Nine of one task, which would have the lowest of all; they are named."""
    tokens = make_run(questions=10).tokens()
    few = tokens[tokens["sample_id"] == "q0"].assign(task="few", sample_id="other")
    few["kl.blind"] = 0.0
    whole = pd.concat([tokens, few[few["index"] < 9]], ignore_index=True)
    for finder in (lucky_guesses, looked_but_failed):
        found = finder(whole)
        pd.testing.assert_frame_equal(found, finder(tokens), check_like=True)
        assert found.attrs == {"signal": "kl.blind", "few": ["few"]}
    assert len(lucky_guesses(whole, quantile=1.0, most=3)) == 3
    unjudged = tokens.assign(correct=pd.array([None] * len(tokens), dtype="boolean"))
    with pytest.raises(SaccadeError, match="here none has more than 0"):
        lucky_guesses(unjudged)


@pytest.mark.parametrize("finder", FINDERS.values(), ids=FINDERS)
def test_every_finder_says_where(finder, tmp_path) -> None:
    """Rows lead to a response; a missing signal and a meaningless quantile are refused."""
    run = stored(tmp_path / "run", naming_run() if "perception" in finder.name else make_run())
    found = finder.function(run)
    assert {"task", "sample_id", "index", "step", "value", "threshold"} <= set(found)
    assert FINDERS[finder.name] is finder and finder.line.endswith(".")
    with pytest.raises(SaccadeError, match="quantile must be from 0 to 1"):
        finder.function(run, quantile=1.5)
    with pytest.raises(SaccadeError, match=r"no signal 'kl\.grey'"):
        finder.function(run, signal="kl.grey")


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (("Considered", " a", " red", " dot"), 2),
        (("Red", " or", " red", "dish"), 0),
        (("Redder", " than", " (", "red", ")."), 3),
        (("Considered", " a", " predator"), None),
        (("一", "red", "圆"), 1),
    ],
)
def test_a_phrase_is_named_only_as_a_whole(said, place, tmp_path) -> None:
    """`red` is not in `considered`; without spaces between words any neighbour may stand."""
    run = make_run(questions=10, n=1, accuracy=0.0)
    told = {"solution": "See red.", "mentions": (Mention(4, 7, ("red circle",)),)}
    for number, trace in enumerate(run.traces):
        kl = np.arange(len(said), dtype=np.float32)
        ids = tuple(range(len(said)))
        run.traces[number] = replace(
            trace,
            sample=replace(trace.sample, **told),
            rollout=replace(trace.rollout, response_ids=ids, text="".join(said)),
            tokens=said,
            signals={"kl.blind": kl},
            layers={},
        )
    found = perception_failures(stored(tmp_path / "run", run), quantile=1.0)
    assert found["position"].tolist() == ([] if place is None else [place] * 10)
