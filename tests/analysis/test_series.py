"""Which runs make up a training."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from frames import FakeRun, at_step, make_run, make_training, stored

from saccade.analysis.series import TOGETHER, series_of, steps_of, training_settings
from saccade.errors import SaccadeError
from saccade.store import Run

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


def checkpoint(path: Path, *, step: int = 0, **training: Any) -> Run:
    """A run of one step, whose manifest notes its training."""
    run = FakeRun(at_step(make_run(questions=2, n=1), step))
    return stored(path, run, training=training)


def test_checkpoints_follow_their_steps_whatever_their_order(tmp_path: Path) -> None:
    """Two are enough."""
    late, early = (checkpoint(tmp_path / str(s), step=s, rule="pepo") for s in (30, 10))
    series = series_of({"late": late, "early": early})
    (line,) = series.lines
    assert (line.name, line.steps, series.order) == (TOGETHER, [10, 30], ())
    steps = line.ask(lambda _: "SELECT DISTINCT 0 AS step FROM tokens")["step"]
    assert list(steps) == [30, 10]


def test_a_step_may_stand_in_the_manifest(tmp_path: Path) -> None:
    """`notes.training.step`, for responses that were rolled out after training."""
    run = checkpoint(tmp_path / "run", k=0.4, rule="vppo")
    assert training_settings(run) == {"k": 0.4, "rule": "vppo"}
    assert training_settings(tokens()) == {}
    later = stored(
        tmp_path / "later",
        make_run(questions=2, n=1),
        training={"step": 40, "rule": "vppo", "k": 0.4},
    )
    assert series_of({"base": run, "run": later}).lines[0].steps == [0, 40]


def test_other_models_are_no_checkpoints(tmp_path: Path) -> None:
    """Whatever their steps: of another training, of one that is not told, of none."""
    one = checkpoint(tmp_path / "one", step=500, rule="pepo", seed=1)
    other = checkpoint(tmp_path / "other", step=0, rule="pepo", seed=2)
    silent = checkpoint(tmp_path / "silent", step=9)
    for beside in (other, silent, tokens(0)):
        with pytest.raises(SaccadeError, match="note the same training"):
            series_of({"one": one, "beside": beside})
    series = series_of({"log": LOG, "one": one, "other": other})
    assert series.left_out == ("one", "other")


def test_each_training_has_a_line_of_its_own(tmp_path: Path) -> None:
    """Named after its first run."""
    runs = {
        f"{rule} {step}": checkpoint(tmp_path / f"{rule}-{step}", step=step, rule=rule)
        for rule in ("grpo", "pepo")
        for step in (1, 5)
    }
    series = series_of({**runs, "base": tokens()})
    assert [line.name for line in series.lines] == [
        "checkpoints from grpo 1",
        "checkpoints from pepo 1",
    ]
    assert series.left_out == ("base",)


def test_three_runs_without_steps_stand_in_the_order_given(tmp_path: Path) -> None:
    """And the series says so; two of them are a before and an after."""
    runs = {name: checkpoint(tmp_path / name, rule="pepo") for name in "abc"}
    series = series_of(runs)
    assert series.order == ("a", "b", "c")
    assert series.lines[0].steps == [0, 1, 2]
    with pytest.raises(SaccadeError, match="whose steps differ"):
        series_of({name: runs[name] for name in "ab"})


@pytest.mark.parametrize(
    "sources",
    [
        {"a": tokens(3)},
        {"a": tokens(), "b": tokens()},
        {"a": tokens(7), "b": tokens(7), "c": tokens(7)},
        {"a": tokens(0), "b": tokens(3)},
    ],
    ids=["one", "before and after", "one step each", "of no told training"],
)
def test_what_is_no_training_is_refused(sources: dict[str, pd.DataFrame]) -> None:
    """With what each run has."""
    with pytest.raises(SaccadeError, match=r"needs a run whose .* a has step \d alone") as refused:
        series_of(sources)
    assert "training.jsonl" in str(refused.value)
    with pytest.raises(SaccadeError) as refused:
        series_of(sources, logs=False)
    assert "training.jsonl" not in str(refused.value)
