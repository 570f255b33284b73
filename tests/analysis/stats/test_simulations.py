"""Intervals hold the truth, tests keep their level, what is planted is found.

The simulations are those of `docs/simulate_statistics.py`. Its 1,000 repetitions know a coverage to
0.7 percentage points; with 300, chance alone would leave 93 to 97 %. The slow tests' 2,000 know it
to 0.5.
"""

import json
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
SIMULATE = runpy.run_path(str(DOCS / "simulate_statistics.py"))
TOLD = json.loads((DOCS / "statistics.json").read_text(encoding="utf-8"))


def assert_holds(design: str, cell: tuple[float | None, float | None], *, level: float) -> None:
    """93 to 97 % of intervals hold the truth; those of medians may do better."""
    held, claimed = cell
    assert held is None or 0.93 <= held <= (1 if design == "medians" else 0.97)
    assert (claimed or 0) <= level


@pytest.mark.parametrize("design", ["one mean", "pairs", "groups mixed"])
def test_intervals_hold_the_truth(design):
    cell = SIMULATE["coverage"](design, 12, TOLD["repetitions"])
    assert_holds(design, cell, level=0.07)
    told = pytest.approx(TOLD["coverage"][design]["12"], abs=0.01)  # another BLAS, another tie
    assert list(cell) == told, "run docs/simulate_statistics.py again"


@pytest.mark.slow
@pytest.mark.parametrize("design", SIMULATE["DESIGNS"])
@pytest.mark.parametrize("clusters", SIMULATE["CLUSTERS"])
def test_intervals_hold_the_truth_in_every_design(design, clusters):
    assert_holds(design, SIMULATE["coverage"](design, clusters, 2000), level=0.065)


def test_false_claims_stay_at_their_level_and_what_is_planted_is_found():
    null = SIMULATE["families"](40, tests=10, planted=0)
    assert null["any_plain"] > 0.15
    assert null["any_holm"] <= 0.125 and null["any_bh"] <= 0.125  # 5 of 40: 1 in 30 by chance
    planted = SIMULATE["families"](20, tests=10, planted=3)
    assert planted["power_bh"] > 0.9
    assert planted["false_share_bh"] < 0.1


def test_the_page_shows_numbers_within_bounds():
    for design, by_clusters in TOLD["coverage"].items():
        for cell in by_clusters.values():
            assert_holds(design, cell, level=0.07)
    assert max(TOLD["null"]["any_holm"], TOLD["null"]["any_bh"]) < 0.09
    assert TOLD["planted"]["power_bh"] > 0.9
    # The level, and two standard errors of a share's mean over 200 families.
    assert TOLD["planted"]["false_share_bh"] < 0.065
