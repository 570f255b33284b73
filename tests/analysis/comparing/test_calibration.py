"""Change of accuracy against change of signals: a planted correlation is found, tasks are apart."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from saccade.analysis.accuracy import ALL
from saccade.analysis.comparing import change_and_accuracy
from saccade.analysis.comparing.calibration import _places, describe_calibration
from saccade.analysis.plots.calibration import plot_calibrations
from saccade.errors import SaccadeError


def tables(*, tasks: int = 1, apart: float = 0.0) -> dict[str, pd.DataFrame]:
    """Per question ten responses; the more kl rises, the more of them become correct."""
    rng = np.random.default_rng(0)
    rows: dict[str, list[dict]] = {"before": [], "after": []}
    for number in range(50 * tasks):
        task = number % tasks
        gain = rng.uniform()
        for when in rows:
            kl = 1 + (when == "after") * (gain + apart * task)
            share = 0.2 + (when == "after") * (0.6 * gain + 0.2 * apart * task)
            rows[when] += [
                {"task": f"t{task}", "sample_id": f"q{number}", "index": k, "step": 0}
                | {"position": 0, "length": 1, "token": "a", "token_id": 1}
                | {"correct": bool(k < 10 * share), "kl.blind": kl, "entropy": rng.normal()}
                for k in range(10)
            ]
    return {name: pd.DataFrame(part) for name, part in rows.items()}


def changed(runs: dict[str, pd.DataFrame], column: str, half: int) -> np.ndarray:
    """What changed in the responses of an even (0) or odd (1) index, question by question."""
    before, after = (
        rows[rows["index"] % 2 == half].groupby("sample_id")[column].mean()
        for rows in runs.values()
    )
    return (after - before).to_numpy(dtype=float)


def sampled(
    rng: np.random.Generator, chance: np.ndarray, shift: np.ndarray, *, signals: int = 6
) -> pd.DataFrame:
    """Four responses of one token to each question; correct ones have the higher signal."""
    question, index = np.divmod(np.arange(4 * len(chance)), 4)
    correct = rng.random(len(question)) < chance[question]
    drawn = {
        f"s{n}": 0.03 * correct + shift[question] + rng.normal(0, 0.03, len(question))
        for n in range(signals)
    }
    names = [f"q{number}" for number in question]
    about = {"task": "t", "sample_id": names, "index": index, "step": 0, "correct": correct}
    return pd.DataFrame(about | {"position": 0, "length": 1, "token": "a", "token_id": 1} | drawn)


def correlations(seed: int, *, gain: float) -> pd.DataFrame:
    """Two samples of 60 questions; by its own `gain` each becomes easier and its signal higher."""
    rng = np.random.default_rng(seed)
    chance, gains = rng.beta(2, 2, 60), gain * rng.normal(size=60)
    runs = {
        "a": sampled(rng, chance, np.zeros(60)),
        "b": sampled(rng, np.clip(chance + gains, 0, 1), 0.2 * gains),
    }
    frame = change_and_accuracy(runs)
    return frame[frame["shows"] == "correlation"]


def test_the_same_model_sampled_twice_makes_no_correlation() -> None:
    """Though correct responses have the higher signal: in the same ones 5 of 6 p are below .05."""
    null = pd.concat(correlations(seed, gain=0) for seed in range(6))
    assert (null["p"] < 0.05).mean() < 0.15
    assert abs(null["value"].mean()) < 0.1
    planted = pd.concat(correlations(seed, gain=0.4) for seed in range(2))
    assert (planted["p"] < 0.05).mean() > 0.9 and (planted["value"] > 0.2).all()


def test_a_question_with_one_response_cannot_be_parted() -> None:
    runs = {name: rows[rows["index"] == 0] for name, rows in tables().items()}
    with pytest.raises(SaccadeError, match="two responses with a verdict .* `-n 2`"):
        change_and_accuracy(runs)


@pytest.mark.parametrize(
    ("tasks", "each", "parts"), [(5, 8, 5), (20, 2, 2), (40, 1, 1), (3, 33, 5)]
)
def test_parts_are_equal_and_each_task_is_in_all_of_them(tasks, each, parts) -> None:
    names = [(f"t{task}", f"q{n}") for task in range(tasks) for n in range(each)] * 2
    index = pd.MultiIndex.from_tuples([*names, ("small", "q")], names=["task", "sample_id"])
    values = pd.Series(np.random.default_rng(0).normal(size=len(index)), index)
    places = _places(values, 5)
    sizes = np.bincount(places[places >= 0])
    assert len(sizes) == parts and sizes.max() - sizes.min() <= 1
    assert (places[-1] == -1) == (parts > 1)
    kept = places >= 0
    counts = pd.crosstab(values.index.get_level_values("task")[kept], places[kept])
    assert (counts > 0).to_numpy().all()
    assert values[kept].groupby(places[kept]).mean().is_monotonic_increasing


def test_rho_and_curve_are_those_of_the_questions() -> None:
    runs = tables()
    frame = change_and_accuracy(runs)
    found = frame[frame["shows"] == "correlation"].set_index("measure")
    signal = np.concatenate([changed(runs, "kl.blind", half) for half in (0, 1)])
    right = np.concatenate([changed(runs, "correct", half) for half in (1, 0)])
    want = spearmanr(signal, right).statistic
    assert found.loc["kl.blind", "value"] == pytest.approx(want)
    assert found.loc["kl.blind", "low"] > 0.8 and found.loc["kl.blind", "p_holm"] < 0.01
    assert found.loc["entropy", "p"] > 0.05
    curve = frame[(frame["shows"] == "curve") & (frame["measure"] == "kl.blind")]
    ranked = np.argsort(signal, kind="stable")
    loop = [right[ranked[k : k + 20]].mean() for k in range(0, 100, 20)]
    np.testing.assert_allclose(curve["value"], loop)
    assert curve["questions"].tolist() == [10] * 5
    assert f"rho {want:+.2f}" in describe_calibration(frame).sentence
    figure = plot_calibrations(frame)
    assert f"KL divergence\nrho {want:+.2f}" in figure.axes[0].get_title(loc="left")
    figure.draw_without_rendering()


def test_tasks_that_differ_make_no_correlation_of_their_own() -> None:
    """Two tasks far apart: over all, questions are ranked within theirs."""
    frame = change_and_accuracy(tables(tasks=2, apart=1.0))
    rows = frame[(frame["shows"] == "correlation") & (frame["measure"] == "entropy")]
    assert rows["task"].tolist() == ["t0", "t1", ALL]
    assert rows["p"].iloc[-1] > 0.05
    curve = frame[(frame["shows"] == "curve") & (frame["measure"] == "kl.blind")]
    assert curve["questions"].tolist() == [20] * 5


def test_no_verdict_and_no_change_are_said() -> None:
    runs = tables()
    with pytest.raises(SaccadeError, match="no change of accuracy to compare"):
        change_and_accuracy({name: part.assign(correct=pd.NA) for name, part in runs.items()})
    still = change_and_accuracy({"a": runs["before"], "b": runs["before"]})
    found = still[still["shows"] == "correlation"]
    assert found["value"].isna().all()
    assert found["note"].str.contains("does not vary").all()
    plot_calibrations(still).draw_without_rendering()
