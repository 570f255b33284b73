"""Reading: traces, tidy frames, SQL, and what damaged, foreign or growing folders give."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from runs import UNITS, manifest, probe, roll_out, rollout, sample, trace, written

from saccade.errors import SaccadeError
from saccade.samples import ImageTokens, Skipped, Tile
from saccade.store import RunWriter, ask, open_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run whose name means something to DuckDB: a glob, a partition and a quote."""
    return written(tmp_path_factory.mktemp("runs") / "lr=0.1" / "[a]*'s run")


@pytest.fixture
def run(folder):
    return open_run(folder)


def test_a_run_is_a_sequence_in_order_of_step_sample_index(run):
    names = [(t.rollout.step, t.rollout.sample_id, t.rollout.index) for t in run]
    assert names == [(0, name, i) for name in ("s0", "s1", "s3", "s2") for i in (0, 1)]
    assert len(run) == 8
    assert run[-1].rollout == run[7].rollout
    assert [t.rollout.index for t in run[1:4]] == [1, 0, 1]
    with pytest.raises(IndexError, match="has 8 responses; there is no number 8"):
        run[8]
    with pytest.raises(IndexError):
        run[-9]


def test_a_trace_comes_back_as_it_was(run):
    want, got = trace("s3", 1), run[5]
    assert got.rollout == want.rollout
    assert got.tokens == want.tokens
    assert got.token_ids == want.token_ids
    assert got.signals.keys() == want.signals.keys()
    for name, values in got.signals.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, want.signals[name])
    for field in ("id", "question", "answer", "task", "metadata", "scorer", "solution"):
        assert getattr(got.sample, field) == getattr(want.sample, field)
    assert got.sample.regions == want.sample.regions
    assert got.sample.mentions == want.sample.mentions
    assert got.sample.images[0].tobytes() == want.sample.images[0].tobytes()


def test_maps_keep_their_shape_and_fold_on_their_grids(tmp_path):
    layers, patches = np.arange(12.0).reshape(4, 3), np.arange(12.0).reshape(3, 4)
    tall = Tile(np.array([3, 1]), 2, 1, (0.0, 0.5, 1.0, 1.25))
    tiles = (tall, Tile(np.array([0]), 1, 1, (0.0, 0.0, 1.0, 1.0)))
    grids = (ImageTokens(0, tiles[:1]), ImageTokens(2, tiles[1:]))
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        writer.write_rollouts("000000", [sample("s0")], [rollout("s0", 0), rollout("s0", 1)])
        maps = {"layers": {"entropy": layers}, "images": {"vs": layers}, "patches": {"vs": patches}}
        full = trace("s0", 0, **maps, grids=grids)
        writer.write_traces("000000", [full, trace("s0", 1)])
    run = open_run(tmp_path / "run")
    np.testing.assert_array_equal(run[0].layers["entropy"], layers)
    np.testing.assert_array_equal(run[0].patches["vs"], patches)
    np.testing.assert_array_equal(run[0].images["vs"], layers)
    assert [of.image for of in run[0].grids] == [0, 2]
    ((found, heat),), ((_, one),) = run[0].folded("vs")
    assert found.box == tall.box
    assert heat.tolist() == [[[3], [1]], [[7], [5]], [[11], [9]]]
    assert one.tolist() == [[[0]], [[4]], [[8]]]
    assert run[1].layers == run[1].images == run[1].patches == {}
    assert run[1].grids == ()
    assert run.signals == ("entropy", "kl.blind")
    assert "patches.vs" not in run.tokens().columns


def test_a_rollout_not_probed_has_no_signals(tmp_path):
    run = open_run(written(tmp_path / "run", probed=False))
    assert len(run) == 8
    assert (run[0].tokens, run[0].signals) == ((), {})
    assert run.tokens().empty
    assert list(run.tokens().columns[:3]) == ["task", "sample_id", "index"]
    with pytest.raises(SaccadeError, match="no signal 'kl'; it has none: it is not probed yet"):
        run.tokens(["kl"])


def test_samples_are_read_when_used(run):
    samples = run.samples()
    assert samples.ids == ("s0", "s1", "s3", "s2")
    assert [each.id for each in samples[1:3]] == ["s1", "s3"]
    assert samples[0].images[0].getpixel((0, 0)) == (ord("0"), 0, 0)
    with pytest.raises(SaccadeError, match="no sample 'zebra'; it has 4, such as 's0'"):
        run.sample("zebra")


def test_tokens_are_tidy_and_equal_to_a_plain_loop(run, folder):
    rows, responses = [], itertools.count()
    for unit in UNITS:
        spoken = pq.read_table(folder / "rollouts" / f"{unit}.parquet").to_pylist()
        probed = pq.read_table(folder / "traces" / f"{unit}.parquet").to_pylist()
        for said, measured in zip(spoken, probed, strict=True):
            length, response = len(measured["tokens"]), next(responses)
            rows += [
                {
                    "task": "lab/counting",
                    "sample_id": said["sample_id"],
                    "index": said["index"],
                    "step": 0,
                    "response": response,
                    "position": place,
                    "length": length,
                    "token": measured["tokens"][place],
                    "token_id": said["response_ids"][place],
                    "correct": said["correct"],
                    "entropy": measured["entropy"][place],
                    "kl.blind": measured["kl.blind"][place],
                }
                for place in range(length)
            ]
    got = run.tokens()
    pd.testing.assert_frame_equal(got, pd.DataFrame(rows), check_dtype=False)
    assert got["correct"].dtype == bool
    assert got["entropy"].dtype == np.float32
    sql = run.sql("SELECT * FROM tokens ORDER BY sample_id, index, position")
    by_name = got.sort_values(["sample_id", "index", "position"], ignore_index=True)
    pd.testing.assert_frame_equal(sql, by_name)


def test_held_tokens_answer_alike(run, folder):
    """Kept in memory names are numbers; no answer shows it, in value, type or order."""
    questions = (
        "SELECT * FROM tokens ORDER BY response, position",
        "SELECT task, sample_id, token, count(*) AS n FROM tokens GROUP BY ALL ORDER BY ALL",
        "SELECT max(token) AS last, bool_and(correct) AS all FROM tokens WHERE token <> 'absent'",
        "SELECT t.*, answer FROM tokens t JOIN samples s ON s.id = sample_id ORDER BY ALL",
    )
    before = [run.sql(question) for question in questions]
    held = open_run(folder).hold()
    for question, frame in zip(questions, before, strict=True):
        pd.testing.assert_frame_equal(held.sql(question), frame)
    pd.testing.assert_frame_equal(held.hold().tokens(), run.tokens())
    for number in held.tokens()["response"].unique():
        assert tuple(run.tokens().query("response == @number")["token"]) == run[number].tokens


def test_a_signal_without_its_ablation_means_blind(run):
    assert list(run.tokens(["kl", "entropy"]).columns[-2:]) == ["kl.blind", "entropy"]
    with pytest.raises(SaccadeError, match="no signal 'k3'; it has entropy, kl.blind"):
        run.tokens(["k3"])


def test_in_sql_what_is_no_finite_number_is_missing_and_in_the_trace_it_stays(tmp_path):
    odd = trace("s0", 0)
    odd.signals["entropy"][:] = [np.nan, np.inf, 0.25]
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        writer.write_rollouts("000000", [sample("s0")], [odd.rollout])
        writer.write_traces("000000", [odd])
    counted = "SELECT count(*) AS n, count(entropy) AS numbers, max(entropy) AS most FROM tokens"
    run = open_run(tmp_path / "run")
    for source in (run, open_run(tmp_path / "run").hold(), run.tokens(), odd_tokens()):
        assert ask(source, counted).iloc[0].tolist() == [3, 1, 0.25]
    assert run.tokens()["entropy"].isna().tolist() == [True, True, False]
    np.testing.assert_array_equal(run[0].signals["entropy"], odd.signals["entropy"])


def odd_tokens() -> pd.DataFrame:
    """The same three tokens in a table of a user's own."""
    names = {"sample_id": "s0", "index": 0, "correct": False}
    return pd.DataFrame({"entropy": [np.nan, np.inf, 0.25]}).assign(**names)


def test_short_answers_of_a_held_run_are_kept_and_are_the_askers_own(folder):
    held, question = open_run(folder).hold(), "SELECT count(*) AS n FROM tokens"
    first = held.sql(question)
    n, first["n"] = int(first["n"].iloc[0]), -1
    assert held.sql(question)["n"].tolist() == [n] == [len(held.tokens())]


def test_a_missing_signal_is_missing_and_never_a_number(tmp_path):
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        writer.write_rollouts("000000", [sample("s0")], [rollout("s0", 0), rollout("s0", 1)])
        writer.write_rollouts("000001", [sample("s1")], [rollout("s1", 0)])
        bare = trace("s0", 1)
        without = type(bare)(bare.sample, bare.rollout, bare.tokens, {})
        writer.write_traces("000000", [trace("s0", 0), without])
        writer.write_traces("000001", [])
    run = open_run(tmp_path / "run")
    frame = run.tokens()
    assert frame.groupby("index")["entropy"].count().to_dict() == {0: 3, 1: 0}
    assert len(frame) == 7
    assert run[1].signals == {}
    assert run[1].tokens == ("a", "b", "c", "d")


def test_rollouts_flatten_rewards(tmp_path):
    odd = replace(rollout("s0", 0), rewards={"it's": 2.0}, correct=None)
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        writer.write_rollouts("000000", [sample("s0")], [odd, rollout("s0", 1)])
    frame = open_run(tmp_path / "run").rollouts()
    assert frame["reward.it's"].tolist()[0] == 2.0
    assert frame["reward.answer"].isna().tolist() == [True, False]
    assert frame["reward.answer"].tolist()[1] == 1.0
    assert frame["correct"].isna().tolist() == [True, False]
    assert frame["length"].tolist() == [3, 4]
    assert frame["task"].unique().tolist() == ["lab/counting"]


def test_skipped_are_counted(tmp_path):
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        assert open_run(tmp_path / "run").skipped().empty
        bad = [Skipped("s9", "rollout", "no image"), Skipped("s8", "rollout", "no text", 1)]
        writer.write_rollouts("000000", [], [], skipped=bad)
    frame = open_run(tmp_path / "run").skipped()
    assert frame["reason"].tolist() == ["no text", "no image"]
    assert frame["index"].isna().tolist() == [False, True]


def test_sql_reads_every_view_and_lists(run):
    counts = {
        view: run.sql(f"SELECT count(*) AS n FROM {view}")["n"][0]
        for view in ("samples", "rollouts", "traces", "skipped", "tokens")
    }
    assert counts == {"samples": 4, "rollouts": 8, "traces": 8, "skipped": 0, "tokens": 28}
    best = run.sql(
        "SELECT sum(rewards['answer']) AS n, min(sampling ->> 'temperature') AS t FROM rollouts"
    )
    assert best.iloc[0].tolist() == [4.0, "1.0"]
    region = run.sql("SELECT regions[1].box[3] AS x1, metadata ->> 'level' AS level FROM samples")
    assert region.iloc[0].tolist() == [2.0, "2"]


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '{run}/out.csv'",
        "SELECT 1; DROP VIEW tokens",
        "CREATE TABLE t (a INT)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{run}/out.csv'",
        "SET threads = 1",
        "",
    ],
)
def test_sql_is_one_select(tmp_path, query):
    path = written(tmp_path / "run")
    with pytest.raises(SaccadeError, match="one SELECT"):
        open_run(path).sql(query.format(run=path))
    assert not (path / "out.csv").exists()


def test_sql_sees_no_other_file(run, tmp_path):
    other = written(tmp_path / "other")
    secret = other / "rollouts" / "000000.parquet"
    for query in (f"SELECT * FROM '{secret}'", f"SELECT * FROM read_text('{other}/manifest.json')"):
        with pytest.raises(SaccadeError, match="disabled by configuration"):
            run.sql(query)


@pytest.mark.parametrize(
    "query", ["SELEC 1", "SELECT nothing FROM tokens", "SELECT 1 FROM nowhere"]
)
def test_a_wrong_query_says_what_is_wrong(run, query):
    with pytest.raises(SaccadeError, match="DuckDB cannot answer"):
        run.sql(query)


def test_a_growing_run_can_be_read_again(tmp_path):
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        run = open_run(tmp_path / "run")
        assert (len(run), len(run.rollouts()), len(run.samples())) == (0, 0, 0)
        roll_out(writer, "000000")
        run.refresh()
        assert (len(run), run.signals) == (4, ())
        probe(writer, "000000")
        run.refresh()
        assert (len(run.tokens()), run.signals) == (14, ("entropy", "kl.blind"))


def test_what_is_no_run_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SaccadeError, match="is not a run: it has no manifest.json"):
            open_run(path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(SaccadeError, match="is damaged"):
        open_run(tmp_path)
    (tmp_path / "manifest.json").write_text("[1]")
    with pytest.raises(SaccadeError, match="names no schema version"):
        open_run(tmp_path)


@pytest.mark.parametrize("words", [{}, {"model": None}, {"model": {}, "task": [1]}])
def test_a_manifest_without_its_settings_is_refused_in_one_sentence(tmp_path, words):
    file = written(tmp_path / "run") / "manifest.json"
    file.write_text(json.dumps({"schema_version": 1, **words}))
    with pytest.raises(SaccadeError, match="is damaged: '(model|task)' must be an object"):
        open_run(file.parent)


def test_a_newer_schema_is_refused(tmp_path):
    run = written(tmp_path / "run")
    words = json.loads((run / "manifest.json").read_text("utf-8"))
    words = {**words, "schema_version": 2, "saccade": "9.9", "unheard": 1}
    (run / "manifest.json").write_text(json.dumps(words))
    with pytest.raises(SaccadeError, match=r"schema version 2 \(saccade 9.9\).* Upgrade saccade"):
        open_run(run)


def test_a_part_cut_short_is_left_out_and_named(tmp_path):
    path = written(tmp_path / "run")
    part = path / "rollouts" / "000000.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    run = open_run(path)
    assert [broken.path.name for broken in run.broken] == ["000000.parquet"]
    assert run.broken[0].reason
    assert len(run) == 4
    assert run.tokens()["sample_id"].unique().tolist() == ["s3", "s2"]


def test_nothing_left_is_an_error(tmp_path):
    path = written(tmp_path / "run")
    for part in (path / "rollouts").iterdir():
        part.write_bytes(b"PAR1")
    with pytest.raises(SaccadeError, match=r"no readable rollouts: 000000.parquet is damaged"):
        open_run(path)


def test_damage_inside_a_part_is_found_when_it_is_read(tmp_path):
    path = written(tmp_path / "run")
    part = path / "traces" / "000000.parquet"
    data = bytearray(part.read_bytes())
    place = pq.ParquetFile(part).metadata.row_group(0).column(3).data_page_offset
    data[place : place + 40] = os.urandom(40)
    part.write_bytes(bytes(data))
    run = open_run(path)
    assert not run.broken
    assert run.tokens()["sample_id"].unique().tolist() == ["s3", "s2"]
    assert [broken.path.name for broken in run.broken] == ["000000.parquet"]


def test_a_damaged_or_missing_image_is_named(tmp_path):
    path = written(tmp_path / "run")
    image = path / "images" / pq.read_table(path / "samples")["images"][0][0].as_py()
    image = image.with_suffix(".png")
    image.write_bytes(image.read_bytes()[:-9])
    with pytest.raises(SaccadeError, match="is damaged: its bytes no longer give its name"):
        open_run(path).sample("s0")
    image.unlink()
    with pytest.raises(SaccadeError, match="cannot be read: No such file"):
        open_run(path)[0]
    assert open_run(path)[2].sample.id == "s1"


def test_text_is_data(tmp_path):
    evil = "<script>alert(1)</script>\x1b[2J';--$x^2$|"
    said = replace(rollout("s0", 0), text=evil, prompt=evil)
    spoken = replace(trace("s0", 0), rollout=said, tokens=(evil, "b", "\ufffd"))
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        writer.write_rollouts("000000", [sample("s0")], [said])
        writer.write_traces("000000", [spoken])
    run = open_run(tmp_path / "run")
    assert run[0].tokens == spoken.tokens
    assert run.tokens()["token"].tolist() == list(spoken.tokens)
    assert run.rollouts()["text"].tolist() == [evil]


def test_single_traces_are_read_from_small_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr("saccade.store.files.GROUP_ROWS", 3)
    path = written(tmp_path / "run")
    assert pq.ParquetFile(path / "traces" / "000000.parquet").num_row_groups == 2
    assert [t.rollout.sample_id for t in open_run(path)][::2] == ["s0", "s1", "s3", "s2"]


def test_reading_loads_no_torch(folder):
    code = (
        "import sys, saccade; run = saccade.open_run(sys.argv[1]); run[0]; run.tokens();"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], check=False, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_duckdb_is_silent_at_exit_beside_torch(folder):
    code = "import sys, torch, saccade; print(len(saccade.open_run(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], check=False, capture_output=True
    )
    assert (done.stdout, done.stderr) == (b"8\n", b"")
