"""Writing: whole or not at all, resumed with the same words only, one writer at a time."""

import errno
import hashlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from runs import (
    UNITS,
    flip_byte,
    manifest,
    probe,
    roll_out,
    rollout,
    sample,
    snapshot,
    trace,
    written,
)

from saccade.errors import SaccadeError
from saccade.samples import Skipped
from saccade.store import RunWriter, open_run
from saccade.store.images import get_image, png_bytes, put_image


def keys(run: Path, table: str) -> list[tuple]:
    """The keys in a table, read without saccade."""
    read = pq.read_table(run / table, columns=["step", "sample_id", "index"])
    return sorted(zip(*(read[name].to_pylist() for name in read.column_names), strict=True))


def test_what_is_written_is_read_by_plain_parquet(tmp_path):
    run = written(tmp_path / "run")
    rows = pq.read_table(run / "rollouts").to_pylist()
    assert [(r["sample_id"], r["index"]) for r in rows[:3]] == [("s0", 0), ("s0", 1), ("s1", 0)]
    assert dict(rows[1]["rewards"]) == {"answer": 1.0, "format": 0.5}
    assert rows[1]["response_ids"] == [10, 11, 12, 13]
    traces = pq.read_table(run / "traces").to_pylist()
    assert traces[1]["kl.blind"] == [1.25] * 4
    assert traces[1]["tokens"] == ["a", "b", "c", "d"]


def test_the_same_words_go_on_and_done_work_is_known(tmp_path):
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        roll_out(writer, "000000")
        probe(writer, "000000")
        assert writer.done_units() == writer.done_units("traces") == {"000000"}
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        done = {(0, name, index) for name in ("s0", "s1") for index in (0, 1)}
        assert writer.done_rollouts() == writer.done_traces() == done
        roll_out(writer, "000001")
        assert writer.done_units() == set(UNITS)
        assert writer.done_units("traces") == {"000000"}


def test_doing_a_unit_again_replaces_it_and_its_traces(tmp_path):
    run = written(tmp_path / "run")
    before = snapshot(run)
    with RunWriter.open(run, manifest()) as writer:
        roll_out(writer, "000000")
        assert writer.done_units("traces") == {"000001"}
        assert writer.done_traces() == {(0, name, i) for name in UNITS["000001"] for i in (0, 1)}
        probe(writer, "000000")
    assert snapshot(run) == before


def test_different_words_are_refused_and_each_is_named(tmp_path):
    run = written(tmp_path / "run")
    before = snapshot(run)
    other = manifest(
        rollout={"n": 4, "temperature": 1.0, "top_p": 0.9}, task={**manifest().task, "limit": None}
    )
    with pytest.raises(SaccadeError) as error:
        RunWriter.open(run, other)
    for said in (
        "rollout.n is 2 in the run and 4 here",
        "rollout.top_p is not set in the run and 0.9 here",
        "task.limit is 4 in the run and not set here",
        "choose another folder",
    ):
        assert said in str(error.value)
    assert "temperature" not in str(error.value)
    assert snapshot(run) == before


def test_another_model_is_refused_and_the_same_under_another_name_is_not(tmp_path):
    run = written(tmp_path / "run")
    model = {"name": "other", "class": "Llava", "fingerprint": "def"}
    with pytest.raises(
        SaccadeError, match=r'"lab/base" \(dtype .*, fingerprint abc\) in the run and "other"'
    ):
        RunWriter.open(run, manifest(model=model))
    RunWriter.open(run, manifest(model={**model, "fingerprint": "abc"})).close()


def test_probe_settings_may_change_until_something_is_measured(tmp_path):
    run = written(tmp_path / "run", probed=False)
    first = {"signals": ("kl", "entropy"), "ablation": "blind"}
    RunWriter.open(run, manifest(probe={**first, "ablation": "grey"})).close()
    with RunWriter.open(run, manifest(probe=first)) as writer:
        probe(writer, "000000")
    RunWriter.open(run, manifest()).close()
    assert open_run(run).manifest.probe == {"signals": ["kl", "entropy"], "ablation": "blind"}
    RunWriter.open(run, manifest(probe=first)).close()
    with pytest.raises(SaccadeError, match='probe.ablation is "blind" in the run and "grey" here'):
        RunWriter.open(run, manifest(probe={**first, "ablation": "grey"}))


def test_imported_responses_take_the_model_that_first_probes_them(tmp_path):
    unknown = manifest(model={"name": "rollouts.jsonl", "class": None, "fingerprint": None})
    RunWriter.open(tmp_path / "run", unknown).close()
    RunWriter.open(tmp_path / "run", manifest()).close()
    assert open_run(tmp_path / "run").manifest.model["fingerprint"] == "abc"


def test_facts_known_late_are_stamped(tmp_path):
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        created = writer.manifest.created
        writer.stamp(checks={"blind": 0.0})
    read = open_run(tmp_path / "run").manifest
    assert read.checks == {"blind": 0.0}
    assert read.created == created


def test_another_schema_version_is_refused(tmp_path):
    run = written(tmp_path / "run")
    file = run / "manifest.json"
    file.write_text(file.read_text("utf-8").replace('"schema_version": 1', '"schema_version": 0'))
    with pytest.raises(SaccadeError, match="schema version 0; this saccade writes 1"):
        RunWriter.open(run, manifest())


def test_a_folder_that_is_no_run_is_left_untouched(tmp_path):
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(SaccadeError, match=r"is not a run: it has files but no manifest.json"):
        RunWriter.open(tmp_path, manifest())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(SaccadeError, match="is a file"):
        RunWriter.open(tmp_path / "thesis.tex", manifest())


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SaccadeError, match="Cannot write in"):
        RunWriter.open(tmp_path / "file" / "run", manifest())


def test_a_second_writer_is_refused_at_once(tmp_path):
    with (
        RunWriter.open(tmp_path / "run", manifest()),
        pytest.raises(SaccadeError, match=rf"written by another process \(pid {os.getpid()}\)"),
    ):
        RunWriter.open(tmp_path / "run", manifest())
    RunWriter.open(tmp_path / "run", manifest()).close()


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_is_one_sentence_and_nothing_half_written(tmp_path, monkeypatch, call):
    run = written(tmp_path / "run")
    before = snapshot(run)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with RunWriter.open(run, manifest()) as writer, monkeypatch.context() as patch:
        target = "saccade.files._write_synced" if call == "write" else f"os.{call}"
        patch.setattr(target, full)
        with pytest.raises(SaccadeError, match="No space is left on the disk"):
            writer.write_traces("000000", [trace("s0", 0)])
    assert snapshot(run) == before


def test_leftovers_of_killed_writers_are_cleaned(tmp_path):
    run = written(tmp_path / "run")
    before = snapshot(run)
    (run / ".manifest.json.17.tmp").write_text("half")
    (run / "traces" / ".000001.parquet.17.tmp").write_text("half")
    assert len(open_run(run)) == 8
    RunWriter.open(run, manifest()).close()
    assert snapshot(run) == before


def test_a_writer_killed_before_its_manifest_leaves_a_folder_that_serves(tmp_path):
    (tmp_path / ".lock").write_text("pid 1")
    (tmp_path / ".manifest.json.1.tmp").write_text("{")
    RunWriter.open(tmp_path, manifest()).close()
    assert len(open_run(tmp_path)) == 0


def test_a_damaged_part_is_done_again(tmp_path):
    run = written(tmp_path / "run")
    part = run / "samples" / "000001.parquet"
    part.write_bytes(part.read_bytes()[:100])
    with RunWriter.open(run, manifest()) as writer:
        assert writer.done_units() == {"000000"}
        roll_out(writer, "000001")
    assert len(open_run(run)) == 8


@pytest.mark.parametrize(
    ("table", "column"), [("rollouts", "prompt"), ("samples", "question"), ("traces", "tokens")]
)
def test_one_flipped_byte_is_found_left_out_and_repaired(tmp_path, table, column):
    run = written(tmp_path / "run")
    whole = snapshot(run)
    flip_byte(run / table / "000001.parquet", column)
    stage = "traces" if table == "traces" else "rollouts"
    opened = open_run(run)
    if stage == "rollouts":
        assert opened.units() == {"000000": [0, 1, 2, 3]}
        assert [opened.rollout(place).sample_id for place in (0, 3)] == ["s0", "s1"]
        opened.refresh()
        assert [broken.path.parent.name for broken in opened.broken] == [table]
    with RunWriter.open(run, manifest()) as writer:
        assert writer.done_units(stage) == {"000000"}
        if stage == "rollouts":
            roll_out(writer, "000001")
        probe(writer, "000001")
        assert writer.done_units(stage) == {"000000", "000001"}
    assert snapshot(run) == whole


def test_each_part_is_read_through_once_per_opening(tmp_path, monkeypatch):
    run = written(tmp_path / "run")
    read = []
    monkeypatch.setattr("saccade.store.writer.read_through", read.append)
    with RunWriter.open(run, manifest()) as writer:
        for _ in range(3):
            writer.done_units()
    assert len(read) == 4


def test_a_sample_of_many_steps_is_stored_once(tmp_path):
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        for step in (1, 2):
            rollouts = [rollout("s0", 0, step=step)]
            writer.write_rollouts(f"step{step}", [sample("s0")], rollouts)
    assert pq.read_table(tmp_path / "run" / "samples", columns=["id"])["id"].to_pylist() == ["s0"]
    assert len(list((tmp_path / "run" / "images").iterdir())) == 1
    assert [t.rollout.step for t in open_run(tmp_path / "run")] == [1, 2]


def test_a_response_twice_is_refused(tmp_path):
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        roll_out(writer, "000000")
        with pytest.raises(SaccadeError, match=r"\(0, 's0', 0\) is in unit 000000"):
            writer.write_rollouts("000001", [sample("s0")], [rollout("s0", 0)])
        with pytest.raises(SaccadeError, match="it has one twice"):
            writer.write_rollouts("000001", [sample("s2")], [rollout("s2", 0)] * 2)


@pytest.mark.parametrize("unit", ["../up", "", ".hidden", "a/b", "a b"])
def test_unit_names_cannot_leave_the_folder(tmp_path, unit):
    with (
        RunWriter.open(tmp_path / "run", manifest()) as writer,
        pytest.raises(SaccadeError, match="unit's name"),
    ):
        writer.write_rollouts(unit, [], [])


def test_rollouts_without_their_sample_and_signals_of_another_length_are_refused(tmp_path):
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        with pytest.raises(SaccadeError, match=r"the run lacks \['s0'\]"):
            writer.write_rollouts("000000", [], [rollout("s0", 0)])
        short = replace(trace("s0", 0), signals={"entropy": np.zeros(2)})
        with pytest.raises(SaccadeError, match=r"3 tokens .* got \{'entropy': 2\}"):
            writer.write_traces("000000", [short])


def test_both_stages_of_a_unit_may_skip(tmp_path):
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        bad = Skipped("s9", "rollout", "no image")
        writer.write_rollouts("000000", [sample("s0")], [rollout("s0", 0)], skipped=[bad])
        writer.write_traces("000000", [], skipped=[Skipped("s0", "probe", "too long", 0)])
        rows = pq.read_table(tmp_path / "run" / "skipped").to_pylist()
        assert {(r["stage"], r["sample_id"], r["index"]) for r in rows} == {
            ("rollout", "s9", None),
            ("probe", "s0", 0),
        }
        writer.write_traces("000000", [trace("s0", 0)])
    assert [path.name for path in (tmp_path / "run" / "skipped").iterdir()] == [
        "rollout-000000.parquet"
    ]


def test_text_that_is_no_text_is_mended(tmp_path):
    odd = replace(rollout("s0", 0), text="\ud83d\ude00 \udcff \x00", rewards={})
    with RunWriter.open(tmp_path / "run", manifest()) as writer:
        writer.write_rollouts("000000", [sample("s0")], [odd])
    assert open_run(tmp_path / "run")[0].rollout.text == "\U0001f600 \ufffd \x00"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_images_keep_their_mode_and_pixels(tmp_path, mode):
    image = Image.linear_gradient("L").resize((5, 7)).convert("RGB").convert(mode)
    image.info["comment"] = b"dropped"
    name = put_image(tmp_path, image)
    read = get_image(tmp_path, name)
    assert (read.mode, read.size, read.tobytes()) == (image.mode, image.size, image.tobytes())
    assert name == hashlib.sha256((tmp_path / f"{name}.png").read_bytes()).hexdigest()
    assert b"dropped" not in png_bytes(image)


def test_modes_that_png_lacks_are_stored_as_rgb(tmp_path):
    image = Image.new("CMYK", (3, 3), (10, 20, 30, 40))
    read = get_image(tmp_path, put_image(tmp_path, image))
    assert read.tobytes() == image.convert("RGB").tobytes()


KILLED = """
import os, signal, sys
from pathlib import Path
from runs import UNITS, flip_byte, manifest, probe, roll_out
from saccade.store import RunWriter

def work(run, calls, name):
    original = getattr(os, name)
    def deadly(*args):
        nonlocal calls
        calls -= 1
        if calls < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args)
    setattr(os, name, deadly)
    with RunWriter.open(run, manifest()) as writer:
        for unit in sorted(set(UNITS) - writer.done_units()):
            roll_out(writer, unit)
        for unit in sorted(set(UNITS) - writer.done_units("traces")):
            probe(writer, unit)

folder, name, *calls = sys.argv[1:]
for times in calls:
    run = Path(folder) / times
    for number in (*map(int, times.split(",")), 1000):
        child = os.fork()
        if not child:
            work(run, number, name)
            os._exit(0)
        print(run.name, number, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Forks a writer that dies by SIGKILL at the given system call, again and again, then one that
does not. The parent only forks, so that importing is paid once."""


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("replace", [*map(str, range(11)), "0,1,3", "5,2", "2,2,2,2"]),
        ("fsync", [*map(str, range(1, 22, 4)), "7,3"]),
    ],
)
def test_killed_at_any_moment_nothing_is_lost_or_repeated(tmp_path, name, times):
    whole = written(tmp_path / "whole")
    command = [sys.executable, "-c", KILLED, str(tmp_path), name, *times]
    here = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    done = subprocess.run(command, env=here, check=True, capture_output=True, text=True)
    ends = [line.split() for line in done.stdout.splitlines()]
    assert {(calls == "1000", int(code)) for _, calls, code in ends} == {
        (False, -signal.SIGKILL),
        (True, 0),
    }
    straight = snapshot(whole)
    for run in (tmp_path / each for each in times):
        assert len(open_run(run)) == 8
        assert keys(run, "rollouts") == keys(run, "traces") == keys(whole, "rollouts")
        killed = snapshot(run)
        assert killed.keys() == straight.keys()
        assert {n for n in killed if killed[n] != straight[n]} <= {"manifest.json"}


def test_nothing_is_unpickled():
    folder = Path(sys.modules["saccade.store"].__file__).parent
    assert not any(re.search("pickle", file.read_text()) for file in folder.glob("*.py"))
