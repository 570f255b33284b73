"""What is drawn: the one that is named, or so many; what is left out is told."""

import pandas as pd
import pytest
from frames import make_run

from saccade.analysis import plot_agreement, plot_position_profile, position_profiles
from saccade.analysis.agreement import signal_agreement
from saccade.analysis.plots.agreement import plot_agreements
from saccade.analysis.plots.choosing import MOST, chosen, left_out, tasks_drawn
from saccade.analysis.plots.profiles import plot_positions
from saccade.errors import SaccadeError


def tasks(n: int) -> pd.DataFrame:
    """The tokens of a run of `n` tasks; the first has fewest questions."""
    tokens = make_run(questions=3 * n - 1, n=1).tokens()
    number = (tokens["sample_id"].str[1:].astype(int) + 1) // 3
    return tokens.assign(task=number.clip(upper=n - 1).map("t{}".format))


def test_six_of_nine_tasks_are_drawn_and_that_is_told() -> None:
    """By every figure that draws a line or a panel per task; all of six need no words."""
    tokens = tasks(9)
    profiles, agreement = position_profiles(tokens), signal_agreement(tokens)
    assert len(tasks_drawn(profiles)) == 6 and "t0" not in tasks_drawn(profiles)
    for figure in (plot_positions(profiles), plot_agreements(agreement)):
        assert "6 of 9 tasks drawn" in figure.get_suptitle()
    assert len(plot_positions(profiles).axes[0].get_lines()) == 6
    assert len(plot_agreements(agreement).axes) == 6
    assert left_out("tasks", MOST["tasks"]) == ""


def test_what_is_not_there_is_refused() -> None:
    """With what is; the first where none is named."""
    tokens = tasks(2)
    frame = position_profiles(tokens)
    assert chosen(frame, "task", None) == "t0" and chosen(frame, "task", "t1") == "t1"
    with pytest.raises(SaccadeError, match=r"signal must be one of logprob, .*; got 'nope'\."):
        plot_position_profile(frame, signal="nope")
    with pytest.raises(SaccadeError, match=r"task must be one of t0, t1; got 'nope'\."):
        plot_agreement(signal_agreement(tokens), task="nope")
