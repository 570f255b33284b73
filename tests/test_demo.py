"""The demo, as shipped: what `make demo` runs."""

import pytest

from saccade import open_run
from saccade.demo import ITEMS, SAMPLING, demo
from saccade.tasks import TASKS
from saccade.terminal import progress


@pytest.mark.slow
def test_the_demo_makes_two_runs_and_one_report(tmp_path):
    page = demo(tmp_path / "demo", progress=progress).read_text(encoding="utf-8")
    rates = {}
    for when in ("before", "after"):
        (folder,) = (tmp_path / "demo").glob(f"{when}-*")
        run = open_run(folder)
        assert len(run) == ITEMS * len(TASKS) * SAMPLING.n
        assert not len(run.skipped())
        signals = {"entropy", "visual_similarity", "hidden_shift.blind", "kl.blind"}
        assert signals <= set(run.signals)
        rates[when] = run.rollouts()["correct"].mean()
    assert 0.35 < rates["before"] < 0.65 and rates["after"] > rates["before"] + 0.05
    assert "lab/base" in page and "lab/tuned" in page and "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.slow
def test_the_demo_run_twice_does_nothing_twice(tmp_path):
    demo(tmp_path / "demo", progress=progress)
    before = {f: f.stat().st_mtime_ns for f in (tmp_path / "demo").glob("*/traces/*.parquet")}
    demo(tmp_path / "demo", progress=progress)
    assert {f: f.stat().st_mtime_ns for f in before} == before
