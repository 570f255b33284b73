"""Another model reads a run's responses: the numbers of a direct probe, resumed, or refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saccade import forcing, pipeline
from saccade.analysis.comparing import Pair
from saccade.errors import SaccadeError
from saccade.forcing import force
from saccade.models import load_vlm
from saccade.probes import Probing, probe
from saccade.rollouts import Sampling
from saccade.samples import Rollouts, Sample
from saccade.store import open_run

SAMPLES = [
    Sample(
        f"c{n}", "What colour?", (Image.new("RGB", (56, 56), (40 * n, 9, 90)),), "red", "colours"
    )
    for n in range(4)
]
PROBING = Probing(signals=("logprob", "kl"), ablation="grey", layers=(0, 1), batch_size=3)


@pytest.fixture(scope="module", autouse=True)
def small_units():
    """Two samples to a unit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "UNIT", 4)
        yield


@pytest.fixture(scope="module")
def spoken(small_units, tiny_vlm, tmp_path_factory):
    """A run of one model."""
    sampling = Sampling(n=2, max_new_tokens=6)
    out = tmp_path_factory.mktemp("forcing") / "run"
    return pipeline.trace(
        tiny_vlm(), SAMPLES, out, task={"name": "colours"}, sampling=sampling, probing=PROBING
    )


@pytest.fixture(scope="module")
def reader(tiny_folder):
    """The same model after a step of training."""
    vlm = load_vlm(str(tiny_folder()), device="cpu", dtype="float32")
    vlm.head.weight.data.mul_(1.5)
    return vlm


def test_numbers_are_those_of_a_direct_probe(spoken, reader, tmp_path) -> None:
    run = force(reader, spoken, tmp_path / "read")
    assert [t.rollout for t in run] == [t.rollout for t in spoken]
    samples = {sample.id: sample for sample in SAMPLES}
    direct = probe(
        reader,
        Rollouts([t.rollout for t in spoken], samples),
        signals=PROBING.signals,
        ablation="grey",
        layers=[0, 1],
    )
    for got, want, before in zip(run, direct, spoken, strict=True):
        assert got.tokens == want.tokens == before.tokens
        for name in ("logprob", "kl.grey"):
            np.testing.assert_allclose(got.signals[name], want.signals[name], atol=1e-5)
        assert np.abs(got.signals["logprob"] - before.signals["logprob"]).max() > 1e-3
    words = run.manifest
    assert words.model["fingerprint"] == reader.fingerprint
    assert words.rollout["source"]["fingerprint"] == spoken.manifest.model["fingerprint"]
    assert words.probe == spoken.manifest.probe and words.checks
    assert words.notes["responses_of"] == spoken.manifest.model["name"]


def parts(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*.parquet")}


@pytest.mark.parametrize("stage", ["copying", "reading"])
def test_killed_and_called_again_it_goes_on(spoken, reader, tmp_path, monkeypatch, stage) -> None:
    force(reader, spoken, tmp_path / "whole")
    home, name = {
        "copying": (forcing.RunWriter, "write_rollouts"),
        "reading": (forcing.RunWriter, "write_traces"),
    }[stage]
    original, calls = getattr(home, name), []

    def killed(*args, **words):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*args, **words)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(home, name, killed)
        force(reader, spoken, tmp_path / "read")
    assert 0 < len(parts(tmp_path / "read")) < len(parts(tmp_path / "whole"))
    force(reader, spoken, tmp_path / "read", batch_size=5)
    assert parts(tmp_path / "read").keys() == parts(tmp_path / "whole").keys()
    assert open_run(tmp_path / "read").rollouts().equals(spoken.rollouts())
    assert len(open_run(tmp_path / "read").tokens()) == len(spoken.tokens())
    monkeypatch.setattr(pipeline, "iter_traces", None)
    force(reader, spoken, tmp_path / "read")


def test_some_questions_alone(spoken, reader, tmp_path) -> None:
    run = force(reader, spoken, tmp_path / "read", questions=["c3", "c1"])
    assert [t.sample.id for t in run] == ["c1", "c1", "c3", "c3"]
    with pytest.raises(SaccadeError, match=r"rollout.source is .* in the run and"):
        force(reader, spoken, tmp_path / "read")


def test_some_questions_alone_are_shown_the_partners_they_had(tiny_vlm, reader, tmp_path) -> None:
    """`swap` takes the images of all samples of the run, also of those that are not read."""
    vlm = tiny_vlm()
    words = {"task": {"name": "colours"}, "sampling": Sampling(n=2, max_new_tokens=6)}
    probing = replace(PROBING, ablation="swap")
    spoken = pipeline.trace(vlm, SAMPLES, tmp_path / "run", **words, probing=probing)
    whole = force(reader, spoken, tmp_path / "whole").tokens()
    some = force(reader, spoken, tmp_path / "some", questions=["c1"])
    wanted = whole[whole["sample_id"] == "c1"]["kl.swap"]
    np.testing.assert_allclose(some.tokens()["kl.swap"], wanted, atol=1e-5)
    assert "kl.swap" in Pair(spoken, some).signals


def test_another_vocabulary_and_another_family_are_refused(
    spoken, reader, tiny_vlm, tmp_path, monkeypatch
) -> None:
    said = r"must have the vocabulary .* token \d+ is '"
    with monkeypatch.context() as patch, pytest.raises(SaccadeError, match=said):
        patch.setattr(forcing, "token_texts", lambda _vlm, ids: ["x"] * len(ids))
        force(reader, spoken, tmp_path / "read")
    with pytest.raises(SaccadeError, match=r"must find the images|must have the vocabulary"):
        force(tiny_vlm("llava"), spoken, tmp_path / "read")
    monkeypatch.setattr(forcing, "_check_vocabulary", lambda *_: None)
    with pytest.raises(SaccadeError, match="must find the images in the prompts"):
        force(tiny_vlm("llava"), spoken, tmp_path / "read")
    assert not (tmp_path / "read").exists()


def test_a_run_that_is_not_probed_has_nothing_to_compare(tiny_vlm, reader, tmp_path) -> None:
    words = {"task": {"name": "colours"}, "sampling": Sampling(n=1, max_new_tokens=3)}
    run = pipeline.roll_out(tiny_vlm(), SAMPLES[:1], tmp_path / "run", **words)
    with pytest.raises(SaccadeError, match="must be probed before another model reads"):
        force(reader, run, tmp_path / "read")


def test_a_lost_image_costs_its_question_alone(spoken, reader, tmp_path) -> None:
    folder = shutil.copytree(spoken.path, tmp_path / "run")
    names = open_run(folder).sql("SELECT images FROM samples WHERE id = 'c0'")
    (folder / "images" / f"{names['images'][0][0]}.png").unlink()
    run = force(reader, folder, tmp_path / "read")
    assert len(run) == 6 and run.rollouts()["sample_id"].unique().tolist() == ["c1", "c2", "c3"]
    assert run.skipped()["sample_id"].tolist() == ["c0"]
