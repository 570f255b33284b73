"""Published numbers: as in the papers, marked, and beside one's own only where they fit."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from frames import make_run, of_task, stored

from saccade.analysis.plots.published import plot_benchmark, plot_beside_published
from saccade.analysis.published import beside_published, describe_published, published_numbers
from saccade.errors import SaccadeError


def test_every_number_has_its_paper() -> None:
    """Known values; a value that the paper lacks is missing and says why."""
    frame = published_numbers()
    assert dict(frame[["paper", "arxiv"]].drop_duplicates().to_numpy()) == {
        "PEPO": "2603.22847",
        "PGPO": "2604.01840",
        "VPPO": "2510.09285",
    }
    main = frame.query("table == 'main' and backbone == 'Qwen2.5-VL-3B'")
    found = main.set_index(["method", "benchmark"])["value"]
    assert found["PEPO_G", "Geometry3K test"] == 27.27
    assert found["PGPO", "Average of seven"] - found["DAPO", "Average of seven"] == pytest.approx(
        2.16
    )
    metrics = frame.query("paper == 'VPPO' and table == 'dependency-metric'")
    assert dict(zip(metrics["setting"], metrics["value"], strict=True)) == {
        "KL": 57.5,
        "JS": 56.9,
        "top-1 drop": 50.3,
    }
    lacking = frame[frame["value"].isna()]
    assert set(lacking["note"]) == {"collapsed"}
    assert not frame.duplicated().any()


def test_averages_of_the_main_table_are_those_of_its_rows() -> None:
    """A slip of the pen would show: the mean of the five benchmarks, to rounding."""
    rows = published_numbers().query("table == 'main' and paper == 'PEPO'")
    for _, of in rows.groupby(["backbone", "method"]):
        average = of.query("benchmark == 'Avg'")["value"].item()
        assert of.query("benchmark != 'Avg'")["value"].mean() == pytest.approx(average, abs=0.02)


@pytest.mark.parametrize("task", ["Geometry3K", "geometry3k-test"])
def test_a_task_is_known_by_its_name_and_split(tmp_path: Path, task: str) -> None:
    """Its split stands in the manifest: test."""
    run = stored(tmp_path / "run", of_task(make_run(), task))
    frame = beside_published({"mine": run})
    assert set(frame["benchmark"]) == {"Geometry3K test"}
    own = frame.query("kind == 'measured'").iloc[0]
    shares = run.rollouts().groupby("sample_id")["correct"].mean()
    assert own["value"] == pytest.approx(100 * float(shares.mean()))
    assert np.isnan(own["low"]) and own["n"] == 24  # all of one image, so nothing to draw again
    assert "% [no interval] (n = 24)" in describe_published(frame).sentence
    assert set(frame.query("kind == 'published'")["source"]) == {"PEPO"}


def test_measured_and_published_are_told_apart() -> None:
    """In the table, in the drawing and in the sentence."""
    runs = {"before": make_run(accuracy=0.2).tokens(), "after": make_run(accuracy=0.7).tokens()}
    frame = beside_published(runs, benchmarks={"lab/counting": "PuzzleVQA"})
    numbers = frame.groupby("kind").size()
    assert numbers["measured"] == 2 and numbers["published"] == 12
    ax = plot_benchmark(frame)
    own = frame.query("kind == 'measured'")
    assert (own["low"] < own["value"]).all() and (own["value"] < own["high"]).all()
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names[:3] == ["before", "after", "Base, Qwen2.5-VL-3B (PEPO)"]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(labels) == ["measured", "published"]
    diamonds = next(line for line in ax.get_lines() if line.get_marker() == "D")
    assert diamonds.get_markerfacecolor() == "none"
    assert np.allclose(diamonds.get_xdata(), frame.query("kind == 'published'")["value"])
    assert ax.get_title(loc="left") == "PuzzleVQA (n = 24)"
    said = describe_published(frame).sentence
    assert said.startswith("PuzzleVQA: measured before ")
    assert "published, 12 numbers: 31.8 (Base, Qwen2.5-VL-3B; PEPO) to 46.8 (PEPO_D, " in said
    assert len(plot_beside_published(frame).axes) == 1
    plt.close("all")


def test_no_benchmark_is_refused() -> None:
    """With what to say where a task is one; lab/counting is not the papers' Counting."""
    with pytest.raises(SaccadeError, match=r"No task of these runs .*benchmarks=\{\"my/task\""):
        beside_published({"lab": make_run(questions=2).tokens()})
