"""Change of accuracy against change of signals: a planted correlation is found, tasks are apart."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from saccade.analysis.accuracy import ALL
from saccade.analysis.comparing import change_and_accuracy
from saccade.analysis.comparing.calibration import describe_calibration
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


def test_rho_and_curve_are_those_of_the_questions() -> None:
    runs = tables()
    frame = change_and_accuracy(runs)
    found = frame[frame["shows"] == "correlation"].set_index("measure")
    changes = {
        name: (runs["after"].groupby("sample_id")[name].mean())
        - runs["before"].groupby("sample_id")[name].mean()
        for name in ("kl.blind", "correct", "entropy")
    }
    want = spearmanr(changes["kl.blind"], changes["correct"]).statistic
    assert found.loc["kl.blind", "value"] == pytest.approx(want)
    assert found.loc["kl.blind", "low"] > 0.8 and found.loc["kl.blind", "p_holm"] < 0.01
    assert found.loc["entropy", "p"] > 0.05
    curve = frame[(frame["shows"] == "curve") & (frame["measure"] == "kl.blind")]
    ranked = changes["kl.blind"].sort_values().index
    loop = [changes["correct"][ranked[k : k + 10]].mean() for k in range(0, 50, 10)]
    np.testing.assert_allclose(curve["value"], loop)
    assert curve["questions"].tolist() == [10] * 5
    assert f"rho {want:+.2f}" in describe_calibration(frame).sentence
    figure = plot_calibrations(frame)
    assert f"KL divergence: rho {want:+.2f}" in figure.axes[0].get_title(loc="left")
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
