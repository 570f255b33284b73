"""Case studies: what is shown is what was said, and any text and any size can be drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from frames import make_run, stored
from PIL import Image

from saccade.analysis import FIGURES
from saccade.analysis.plots.studies import ANSWERS, plot_case_study
from saccade.analysis.studies import case_study, describe_study
from saccade.store import Run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Two stored runs on the same questions."""
    folder = tmp_path_factory.mktemp("runs")
    made = {"before": make_run(questions=4, accuracy=0.2), "after": make_run(questions=4, seed=5)}
    return {name: stored(folder / name, run) for name, run in made.items()}


def test_two_runs_beside_each_other(runs: dict[str, Run]) -> None:
    """Tokens and values of both answers, the sample with its image, the sentence."""
    frame = case_study(runs)
    assert frame.attrs["signal"] == "visual_similarity"
    assert frame.attrs["sample"].question == "How many circles?"
    for name, rows in frame.groupby("run"):
        trace = runs[str(name)][rows["response"].iloc[0]]
        assert rows["token"].tolist() == list(trace.tokens)
        np.testing.assert_allclose(rows["value"], trace.signals["visual_similarity"])
    finding = describe_study(frame)
    assert f"{len(frame[frame['run'] == 'after'])} tokens" in finding.sentence
    assert finding.numbers["mean"].tolist() == pytest.approx(
        frame.groupby("answer")["value"].mean().tolist()
    )
    texts = [text.get_text() for text in plot_case_study(frame).texts]
    assert any(text.startswith("✗ incorrect   before, response") for text in texts)
    assert any("How many circles?\n\nGold answer: 2" in text for text in texts)


def test_a_signal_that_all_runs_have(runs: dict[str, Run]) -> None:
    """Another one where similarity is missing; plain text where all are."""
    tokens = {name: run.tokens() for name, run in runs.items()}
    tokens["after"] = tokens["after"].drop(columns=["visual_similarity"])
    frame = case_study(tokens)
    assert frame.attrs["signal"] == "kl.blind" and frame.attrs["sample"] is None
    bare = {name: table[table.columns[:10]] for name, table in tokens.items()}
    frame = case_study(bare)
    assert frame.attrs["signal"] is None and frame["value"].isna().all()
    assert "mean" not in describe_study(frame).sentence
    assert not plot_case_study(frame).axes[-1].get_xlabel()


@pytest.mark.parametrize("text", ["$x^{", "\x1b[31m", "漢字 \U0001f600", "word " * 400, "<b>&_"])
def test_any_text_and_any_size(runs: dict[str, Run], text: str) -> None:
    """Questions, runs and tokens; a tall image, many images, more runs than are drawn."""
    frame = case_study(
        dict.fromkeys(runs, runs["after"]) | {f"{text}{n}": runs["after"] for n in "abc"}
    )
    tall = Image.new("RGB", (9, 700))
    sample = replace(frame.attrs["sample"], question=text, answer=text, images=(tall,) * 5)
    long = pd.concat([frame.assign(token=text[:40]), frame.assign(token=text[:40])] * 4)
    long.attrs = frame.attrs | {"sample": sample}
    figure = FIGURES["pepo_5"].draw(long)
    figure.draw_without_rendering()
    assert f"n = 5 answers, {ANSWERS} shown" in figure.get_suptitle()
    if text.startswith("word"):
        assert any("shown)" in drawn.get_text() for drawn in figure.texts)
