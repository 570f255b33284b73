"""Signals that mean the same in several runs: those of swap only among the same samples."""

import pytest
from frames import make_run

from saccade.analysis.comparing import Pair, change_and_accuracy, free_changes
from saccade.analysis.comparing.changes import describe_changes
from saccade.analysis.comparing.shared import (
    remarks,
    shared_signals,
    some_signals,
    swapped_apart,
)
from saccade.errors import SaccadeError


def tokens(questions: int):
    return make_run(questions=questions).tokens().rename(columns={"kl.blind": "kl.swap"})


def test_swap_is_compared_among_the_same_samples_alone() -> None:
    """A question of other samples has another partner, whose share is not the model's."""
    one, other = tokens(12), tokens(9)
    assert swapped_apart(one, one) == [] and "kl.swap" in shared_signals(one, one)
    assert swapped_apart(one, other) == ["kl.swap"]
    assert shared_signals(one, other) == [n for n in shared_signals(one, one) if n != "kl.swap"]
    frame = free_changes({"a": one, "b": other})
    assert "kl.swap" not in set(frame["measure"]) and "entropy" in set(frame["measure"])
    assert "hold other samples to swap with: kl.swap." in describe_changes(frame).sentence
    assert "kl.swap" not in set(change_and_accuracy({"a": one, "b": other})["measure"])
    assert "kl.swap" not in Pair(one, other).signals


def test_no_signal_that_means_the_same_is_refused() -> None:
    keys = tokens(3).columns[:9].tolist()
    one, other = (tokens(n)[[*keys, "kl.swap"]] for n in (12, 9))
    with pytest.raises(SaccadeError, match="signals of swap are left out"):
        some_signals(one, other)
    assert set(free_changes({"a": one, "b": other})["measure"]) == {"accuracy", "length"}


def test_a_table_that_tells_no_step_has_one() -> None:
    one = tokens(9).drop(columns="step")
    assert remarks({"a": one, "b": one}) == ""
