"""Task, model and run folder together: resumed, refused, and going on past what fails."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from saccade import pipeline
from saccade.errors import SaccadeError
from saccade.probes import Probing, probe
from saccade.rollouts import Sampling, rollout
from saccade.samples import Sample
from saccade.store import open_run

TASK = {"name": "colours", "split": "test", "level": None, "seed": 0, "limit": 5}
SAMPLING = Sampling(n=2, max_new_tokens=6, batch_size=4)
PROBING = Probing(signals=("entropy", "kl", "visual_similarity"), batch_size=4)


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    """Two samples to a unit."""
    monkeypatch.setattr(pipeline, "UNIT", 4)


@pytest.fixture(scope="module")
def vlm(tiny_vlm):
    return tiny_vlm()


def colour(number: int) -> Sample:
    image = Image.new("RGB", (56, 56), (40 * number, 90, 200 - 30 * number))
    return Sample(f"c{number}", "What colour?", (image,), "red", "colours")


COLOURS = [colour(number) for number in range(5)]


def told(path) -> dict[str, bytes]:
    """All parts and images of a run."""
    files = (file for file in path.rglob("*") if file.suffix in (".parquet", ".png"))
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def test_a_run_holds_what_rollout_and_probe_give(vlm, tmp_path):
    run = pipeline.trace(
        vlm, COLOURS, tmp_path / "run", task=TASK, sampling=SAMPLING, probing=PROBING
    )
    alone = rollout(vlm, COLOURS, n=2, max_new_tokens=6, batch_size=4)
    measured = probe(vlm, alone, signals=PROBING.signals, batch_size=4)
    assert [t.rollout for t in run] == list(alone)
    for got, want in zip(run, measured, strict=True):
        assert got.tokens == want.tokens
        assert got.signals.keys() == {"entropy", "kl.blind", "visual_similarity"}
        for name, values in want.signals.items():
            np.testing.assert_allclose(got.signals[name], values, atol=1e-5)
    assert sorted(path.name for path in (tmp_path / "run" / "traces").iterdir()) == [
        "000000.parquet",
        "000001.parquet",
        "000002.parquet",
    ]
    words = run.manifest
    assert words.model["fingerprint"] == vlm.fingerprint
    assert words.model["dtype"] == "float32"
    assert words.task == TASK
    assert (words.rollout["n"], words.probe["ablation"]) == (2, "blind")


def test_stopped_and_called_again_it_gives_the_same_run_and_repeats_nothing(
    vlm, tmp_path, monkeypatch
):
    whole = pipeline.trace(
        vlm, COLOURS, tmp_path / "whole", task=TASK, sampling=SAMPLING, probing=PROBING
    )
    path = tmp_path / "run"
    for stage, function, after in (("roll", "iter_rollouts", 3), ("probe", "iter_traces", 5)):
        original, left = getattr(pipeline, function), after

        def breaks_off(*args, original=original):
            nonlocal left
            for outcome in original(*args):
                if left == 0:
                    raise KeyboardInterrupt
                left -= 1
                yield outcome

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(pipeline, function, breaks_off)
            pipeline.trace(vlm, COLOURS, path, task=TASK, sampling=SAMPLING, probing=PROBING)
        there = {file.parent.name: 0 for file in path.glob("*/*.parquet")}
        assert ("traces" in there) is (stage == "probe")
    calls: list[tuple[int, int]] = []
    pipeline.trace(
        vlm,
        COLOURS,
        path,
        task=TASK,
        sampling=SAMPLING,
        probing=PROBING,
        on_rollout=lambda *count: calls.append(count),
        on_probe=lambda *count: calls.append(count),
    )
    assert told(path) == told(tmp_path / "whole")
    assert calls[0] == (5, 5)
    assert calls[1:] == [(4, 10), *[(done, 10) for done in range(5, 11)]]
    assert len(whole) == 10


def test_a_finished_run_asks_the_model_nothing(vlm, tmp_path, monkeypatch):
    words = {"task": TASK, "sampling": SAMPLING, "probing": PROBING}
    pipeline.trace(vlm, COLOURS, tmp_path / "run", **words)
    before = told(tmp_path / "run")
    for name in ("iter_rollouts", "iter_traces"):
        monkeypatch.setattr(pipeline, name, None)
    other_batches = replace(SAMPLING, batch_size=3)
    run = pipeline.trace(vlm, COLOURS, tmp_path / "run", **{**words, "sampling": other_batches})
    assert len(run) == 10
    assert told(tmp_path / "run") == before


class Drawn(Sequence):
    """A task that knows its ids, and keeps what was drawn."""

    ids = tuple(sample.id for sample in COLOURS)

    def __init__(self):
        self.drawn = []

    def __len__(self):
        return len(COLOURS)

    def __getitem__(self, place):
        self.drawn.append(place)
        return COLOURS[place]


def test_a_task_that_knows_its_ids_is_drawn_as_far_as_there_is_work(vlm, tmp_path):
    words = {"task": TASK, "sampling": SAMPLING}
    first, again, last = Drawn(), Drawn(), Drawn()
    pipeline.roll_out(vlm, first, tmp_path / "run", **words)
    (tmp_path / "run" / "rollouts" / "000001.parquet").unlink()
    pipeline.roll_out(vlm, again, tmp_path / "run", **words)
    pipeline.roll_out(vlm, last, tmp_path / "run", **words)
    assert (first.drawn, again.drawn, last.drawn) == ([0, 1, 2, 3, 4], [2, 3], [])


def test_other_words_are_refused_before_any_work(vlm, tmp_path, monkeypatch):
    path = tmp_path / "run"
    pipeline.roll_out(vlm, COLOURS, path, task=TASK, sampling=SAMPLING)
    pipeline.probe_run(path, vlm, PROBING)
    monkeypatch.setattr(pipeline, "iter_rollouts", None)
    grey = replace(PROBING, ablation="grey")
    with pytest.raises(SaccadeError, match="rollout.temperature is 1.0 in the run and 0.5 here"):
        hot = replace(SAMPLING, temperature=0.5)
        pipeline.roll_out(vlm, COLOURS, path, task=TASK, sampling=hot)
    with pytest.raises(SaccadeError, match='probe.ablation is "blind" in the run and "grey" here'):
        pipeline.trace(vlm, COLOURS, path, task=TASK, sampling=SAMPLING, probing=grey)
    with pytest.raises(SaccadeError, match="task.limit is 5 in the run and 6 here"):
        pipeline.roll_out(vlm, COLOURS, path, task={**TASK, "limit": 6}, sampling=SAMPLING)


def test_another_model_may_not_probe_into_the_same_run(vlm, tiny_vlm, tmp_path):
    pipeline.roll_out(vlm, COLOURS[:1], tmp_path / "run", task=TASK, sampling=SAMPLING)
    with pytest.raises(SaccadeError, match=r"the model is .* in the run and .* here.*another fold"):
        pipeline.probe_run(tmp_path / "run", tiny_vlm("llava"), PROBING)
    assert not (tmp_path / "run" / "traces").exists()


@pytest.mark.parametrize("words", ["swap", "blacken(p=0.3)"])
def test_what_is_drawn_is_drawn_again_after_an_interruption(vlm, tmp_path, monkeypatch, words):
    """Even where a unit holds one sample: the partners of a swap are those of the whole run."""
    monkeypatch.setattr(pipeline, "UNIT", 2)
    drawn = replace(PROBING, signals=("kl",), ablation=words, draws=2)
    for name in ("whole", "killed"):
        pipeline.roll_out(vlm, COLOURS, tmp_path / name, task=TASK, sampling=SAMPLING)
    whole = pipeline.probe_run(tmp_path / "whole", vlm, drawn)
    column = f"kl.{words.split('(', maxsplit=1)[0]}"
    assert set(whole.signals) == {column, f"{column}.spread"}
    assert len(whole.skipped()) == 0
    done: list[int] = []

    def killed(*_count):
        done.append(1)
        if len(done) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.probe_run(tmp_path / "killed", vlm, drawn, on_progress=killed)
    pipeline.probe_run(tmp_path / "killed", vlm, replace(drawn, batch_size=1))
    pd.testing.assert_frame_equal(
        open_run(tmp_path / "killed").tokens(), whole.tokens(), rtol=1e-4, atol=1e-5
    )


def test_what_fails_is_written_down_and_the_rest_goes_on(vlm, tmp_path):
    whole = io.BytesIO()
    Image.effect_noise((56, 56), 90).save(whole, format="PNG")
    cut = io.BytesIO(whole.getvalue()[:700])
    samples = [
        COLOURS[0],
        Sample("broken", "What colour?", (Image.open(cut),), "red", "colours"),
        COLOURS[1],
        COLOURS[0],
        COLOURS[2],
    ]
    counts: list[tuple[int, int]] = []
    run = pipeline.trace(
        vlm,
        samples,
        tmp_path / "run",
        task=TASK,
        sampling=SAMPLING,
        probing=PROBING,
        on_rollout=lambda *count: counts.append(count),
    )
    assert [t.sample.id for t in run][::2] == ["c0", "c1", "c2"]
    skipped = run.skipped().set_index("sample_id")
    assert set(skipped.index) == {"broken", "c0"}
    assert "truncated" in skipped.loc["broken", "reason"]
    assert "ids must be unique" in skipped.loc["c0", "reason"]
    assert counts[-1] == (5, 5)
    assert len(run.tokens()) == sum(len(t.tokens) for t in run)


def test_an_image_lost_from_the_run_is_skipped_when_probing(vlm, tmp_path):
    path = tmp_path / "run"
    pipeline.roll_out(vlm, COLOURS, path, task=TASK, sampling=SAMPLING)
    names = dict(
        zip(
            *pq.read_table(path / "samples", columns=["id", "images"]).to_pydict().values(),
            strict=True,
        )
    )
    (path / "images" / f"{names['c1'][0]}.png").write_bytes(b"no picture")
    run = pipeline.probe_run(path, vlm, PROBING)
    skipped = run.skipped()
    assert skipped["sample_id"].tolist() == ["c1", "c1"]
    assert skipped["index"].tolist() == [0, 1]
    assert skipped["reason"].str.contains("damaged").all()
    assert run.tokens()["sample_id"].nunique() == 4


def test_probing_what_is_no_run_is_refused(vlm, tmp_path):
    with pytest.raises(SaccadeError, match="is not a run"):
        pipeline.probe_run(tmp_path, vlm, PROBING)


def test_a_model_with_broken_weights_leaves_a_run_of_skips(tiny_folder, tmp_path):
    from saccade.models import load_vlm

    ill = load_vlm(str(tiny_folder("qwen2_5_vl")), device="cpu", dtype="float32")
    ill.head.weight.data.fill_(float("nan"))
    run = pipeline.trace(
        ill, COLOURS[:2], tmp_path / "run", task=TASK, sampling=SAMPLING, probing=PROBING
    )
    assert len(run) == 0
    assert len(run.skipped()) == 2
    assert open_run(tmp_path / "run").tokens().empty
