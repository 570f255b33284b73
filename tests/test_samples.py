"""The nouns: frozen, and a sequence of rollouts that keeps its samples."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from saccade import Rollout, Rollouts, Sample, Trace
from saccade.samples import Skipped


def said(index: int) -> Rollout:
    return Rollout("s", index, "prompt", (5, 6, index), f"text {index}")


SAMPLE = Sample("s", "What?", (), "red", "colours")
SKIPPED = (Skipped("t", "rollout", "no image"),)
ROLLS = Rollouts([said(0), said(1), said(2)], {"s": SAMPLE}, SKIPPED)


def test_nouns_are_frozen_and_start_plain():
    with pytest.raises(FrozenInstanceError):
        SAMPLE.answer = "blue"
    assert (SAMPLE.scorer, SAMPLE.regions, SAMPLE.mentions, dict(SAMPLE.metadata)) == (
        "answer",
        (),
        (),
        {},
    )
    assert (said(0).correct, said(0).finish_reason, said(0).step) == (None, "stop", 0)


def test_samples_do_not_share_their_metadata():
    other = Sample("u", "What?", (), "red", "colours")
    assert other.metadata is not SAMPLE.metadata


def test_a_trace_knows_the_ids_of_its_tokens():
    trace = Trace(SAMPLE, said(1), ("a", "b", "c"), {"entropy": np.zeros(3, np.float32)})
    assert trace.token_ids == (5, 6, 1)


def test_a_signal_named_without_its_ablation_is_the_blind_one():
    blind, grey = np.zeros(3, np.float32), np.ones(3, np.float32)
    columns = {"entropy": grey, "kl.blind": blind, "kl.grey": grey, "k3.grey": grey}
    trace = Trace(SAMPLE, said(1), ("a", "b", "c"), columns, layers={"kl.blind": grey[None]})
    assert trace.signals["kl"] is trace.signals["kl.blind"] is blind
    assert trace.layers["kl"].shape == (1, 3)
    assert list(trace.signals) == list(columns) and len(trace.signals) == 4
    assert trace.signals.get("k3") is None and "kl" in trace.signals
    with pytest.raises(KeyError, match="'k3'"):
        trace.signals["k3"]


def test_rollouts_are_a_sequence_that_keeps_samples_and_skips():
    assert len(ROLLS) == 3
    assert [rollout.index for rollout in ROLLS] == [0, 1, 2]
    assert ROLLS[-1] is ROLLS.items[2]
    tail = ROLLS[1:]
    assert isinstance(tail, Rollouts)
    assert [rollout.index for rollout in tail] == [1, 2]
    assert tail.samples is ROLLS.samples and tail.skipped == SKIPPED
    with pytest.raises(IndexError):
        ROLLS[3]
