"""Which runs make up a training."""

from pathlib import Path

import pandas as pd
import pytest
from frames import FakeRun, at_step, make_run, make_training, stored

from saccade.analysis.series import TOGETHER, series_of, steps_of, training_settings
from saccade.errors import SaccadeError

LOG = pd.DataFrame({"step": [1, 2], "metric": "reward", "value": [0.1, 0.2]})


def tokens(step: int = 0) -> pd.DataFrame:
    """The tokens of a run of one step."""
    return FakeRun(at_step(make_run(questions=2, n=1), step)).tokens()


def test_a_run_of_several_steps_is_a_line(tmp_path: Path) -> None:
    """So is a log alone; a run of one step beside them is left out."""
    run = stored(tmp_path / "run", make_training((0, 5), questions=2, n=1))
    series = series_of({"run": run, "log": LOG, "last": tokens(5)})
    assert [line.name for line in series.lines] == ["run", "log"]
    assert series.lines[0].steps == steps_of(run) == [0, 5]
    assert series.left_out == ("last",)
    assert series.order == ()
    assert [line.name for line in series_of({"run": run, "log": LOG}, logs=False).lines] == ["run"]


def test_checkpoints_follow_their_steps_whatever_their_order() -> None:
    """Two are enough."""
    series = series_of({"late": tokens(30), "early": tokens(10)})
    (line,) = series.lines
    assert (line.name, line.steps, series.order) == (TOGETHER, [10, 30], ())
    steps = line.ask(lambda _: "SELECT DISTINCT 0 AS step FROM tokens")["step"]
    assert list(steps) == [30, 10]


def test_a_step_may_stand_in_the_manifest(tmp_path: Path) -> None:
    """`notes.training.step`, for responses that were rolled out after training."""
    run = stored(tmp_path / "run", make_run(questions=2, n=1), training={"step": 40, "k": 0.4})
    assert training_settings(run) == {"step": 40, "k": 0.4}
    assert training_settings(tokens()) == {}
    assert series_of({"base": tokens(), "run": run}).lines[0].steps == [0, 40]


def test_three_runs_without_steps_stand_in_the_order_given() -> None:
    """And the series says so; two of them are a before and an after."""
    series = series_of({"a": tokens(), "b": tokens(), "c": tokens()})
    assert series.order == ("a", "b", "c")
    assert series.lines[0].steps == [0, 1, 2]


@pytest.mark.parametrize(
    "sources",
    [
        {"a": tokens(3)},
        {"a": tokens(), "b": tokens()},
        {"a": tokens(7), "b": tokens(7), "c": tokens(7)},
        {"a": tokens(0), "b": tokens(0), "c": tokens(7)},
    ],
    ids=["one", "before and after", "one step each", "two of one step"],
)
def test_what_is_no_training_is_refused(sources: dict[str, pd.DataFrame]) -> None:
    """With what each run has."""
    with pytest.raises(SaccadeError, match=r"needs a run whose .* a has step \d alone") as refused:
        series_of(sources)
    assert "training.jsonl" in str(refused.value)
    with pytest.raises(SaccadeError) as refused:
        series_of(sources, logs=False)
    assert "training.jsonl" not in str(refused.value)
