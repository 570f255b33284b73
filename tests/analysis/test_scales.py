"""Colour scales: pinned by a run, the same in SQL and in NumPy, as wide as all runs together."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from frames import make_run, stored

from saccade.analysis import Scale, pinned_scales
from saccade.analysis import scales as module
from saccade.analysis.scales import common_scales


def test_scale_is_pinned_by_the_run() -> None:
    """Zero has no colour for a divergence; a cosine starts at the run's low percentile."""
    tokens = pd.DataFrame({"kl.blind": np.arange(101.0), "visual_similarity": np.arange(101.0)})
    scales = pinned_scales(tokens, ["kl.blind", "visual_similarity", "entropy"])
    assert scales == {"kl.blind": Scale(0.0, 98.0), "visual_similarity": Scale(2.0, 98.0)}
    np.testing.assert_allclose(Scale(2.0, 10.0).intensity([0, 2, 4, 99]), [0, 0, 0.25, 1])
    falling = pinned_scales(pd.DataFrame({"logprob": -np.arange(101.0)}), ["logprob"])["logprob"]
    np.testing.assert_allclose(falling.intensity([0, -49, -98]), [0, 0.5, 1])
    assert np.isnan(Scale(0, 1).intensity([np.nan, np.inf])).all()
    assert Scale(3, 3).intensity([3.0]) == 0


def test_a_run_is_asked_in_sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same percentiles as of its table; of many responses some, always the same."""
    run = stored(tmp_path, make_run(questions=6))
    names = ["visual_similarity", "logprob", "kl.blind", "absent"]
    table = pinned_scales(run.tokens(), names)
    assert set(table) == set(names) - {"absent"}
    found = pinned_scales(run, names)
    for name, scale in table.items():
        assert (found[name].zero, found[name].full) == pytest.approx((scale.zero, scale.full))
    monkeypatch.setattr(module, "MOST", 5)
    some = pinned_scales(run, names)
    assert some == pinned_scales(run, names) != found
    assert pinned_scales(run, ["absent"]) == {}


def test_one_scale_for_several_runs() -> None:
    """From the least start to the greatest end; where low is full, the other way round."""
    low = pd.DataFrame({"visual_similarity": np.arange(101.0), "logprob": -np.arange(101.0)})
    high = low + pd.Series({"visual_similarity": 50.0, "logprob": -50.0})
    names = ["visual_similarity", "logprob"]
    assert common_scales([low, high], names) == {
        "visual_similarity": Scale(2.0, 148.0),
        "logprob": Scale(0.0, -148.0),
    }
