"""Intervals hold the truth, tests keep their level, what is planted is found.

The simulations are those of `docs/simulate_statistics.py`. 300 repetitions know a coverage to 1.3
percentage points and are fixed by their seed; the slow tests' 2,000 know it to 0.5.
"""

import json
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
SIMULATE = runpy.run_path(str(DOCS / "simulate_statistics.py"))
TOLD = json.loads((DOCS / "statistics.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("design", ["one mean", "pairs", "groups mixed"])
def test_intervals_hold_the_truth(design):
    held, claimed = SIMULATE["coverage"](design, 40, 300)
    assert 0.93 <= held <= 0.97
    assert not claimed > 0.08


@pytest.mark.slow
@pytest.mark.parametrize("design", SIMULATE["DESIGNS"])
@pytest.mark.parametrize("clusters", SIMULATE["CLUSTERS"])
def test_intervals_hold_the_truth_in_every_design(design, clusters):
    held, claimed = SIMULATE["coverage"](design, clusters, 2000)
    assert 0.93 <= held <= 0.97
    assert not claimed > 0.065


def test_false_claims_stay_at_their_level_and_what_is_planted_is_found():
    null = SIMULATE["families"](40, tests=10, planted=0)
    assert null["any_plain"] > 0.15
    assert null["any_holm"] <= 0.125 and null["any_bh"] <= 0.125  # 5 of 40: 1 in 30 by chance
    planted = SIMULATE["families"](20, tests=10, planted=3)
    assert planted["power_bh"] > 0.9
    assert planted["false_share_bh"] < 0.1


def test_the_page_shows_numbers_within_bounds():
    for by_clusters in TOLD["coverage"].values():
        for held, claimed in by_clusters.values():
            assert 0.93 <= held <= 0.97
            assert not claimed > 0.07
    assert max(TOLD["null"]["any_holm"], TOLD["null"]["any_bh"]) < 0.09
    assert TOLD["planted"]["power_bh"] > 0.9 and TOLD["planted"]["false_share_bh"] < 0.05
