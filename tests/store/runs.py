"""A small run made by hand: four samples, two responses each, in two units."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from saccade.samples import Mention, Region, Rollout, Sample, Trace
from saccade.store import Manifest, RunWriter

UNITS = {"000000": ("s0", "s1"), "000001": ("s3", "s2")}
"""Samples by unit; their order is not alphabetical, so that a test sees which order is kept."""


def manifest(**words) -> Manifest:
    settings = {
        "model": {"name": "lab/base", "class": "Llava", "fingerprint": "abc"},
        "task": {"name": "lab/counting", "split": "test", "seed": 0, "limit": 4},
        "rollout": {"n": 2, "temperature": 1.0},
    }
    return Manifest(**{**settings, **words})


def sample(name: str) -> Sample:
    return Sample(
        id=name,
        question="How many <b>discs</b>?",
        images=(Image.new("RGB", (8, 6), (ord(name[-1]), 0, 0)),),
        answer="3",
        task="lab/counting",
        metadata={"level": 2, "shades": ["red", "blue"]},
        scorer="number",
        solution="one two",
        regions=(Region("disc 1", (0.5, 1.0, 2.0, 3.0)),),
        mentions=(Mention(0, 3, ("disc 1",)),),
    )


def rollout(name: str, index: int, *, step: int = 0) -> Rollout:
    return Rollout(
        sample_id=name,
        index=index,
        prompt=f"<image>{name}",
        response_ids=tuple(range(10, 13 + index)),
        text="a b c d"[: 5 + 2 * index],
        rewards={"answer": float(index), "format": 0.5},
        correct=bool(index),
        finish_reason="stop" if index else "length",
        step=step,
        sampling={"temperature": 1.0},
    )


def trace(name: str, index: int, *, step: int = 0, **measured) -> Trace:
    said = rollout(name, index, step=step)
    length = len(said.response_ids)
    signals = {"entropy": np.arange(length) / 8, "kl.blind": np.full(length, index + 0.25)}
    return Trace(sample(name), said, tuple("abcd"[:length]), signals, **measured)


def roll_out(writer: RunWriter, unit: str, *, step: int = 0) -> None:
    names = UNITS[unit]
    rollouts = [rollout(name, index, step=step) for name in names for index in (0, 1)]
    writer.write_rollouts(unit, [sample(name) for name in names], rollouts)


def probe(writer: RunWriter, unit: str) -> None:
    writer.write_traces(unit, [trace(name, i) for name in UNITS[unit] for i in (0, 1)])


def written(path: Path, *, probed: bool = True) -> Path:
    with RunWriter.open(path, manifest()) as writer:
        for unit in UNITS:
            roll_out(writer, unit)
            if probed:
                probe(writer, unit)
    return path


def flip_byte(part: Path, column: str) -> None:
    """Change one bit in the middle of a column's data."""
    group = pq.ParquetFile(part).metadata.row_group(0)
    columns = (group.column(number) for number in range(group.num_columns))
    found = next(each for each in columns if each.path_in_schema.partition(".")[0] == column)
    start = found.dictionary_page_offset or found.data_page_offset
    data = bytearray(part.read_bytes())
    data[start + found.total_compressed_size - 3] ^= 1
    part.write_bytes(bytes(data))


def snapshot(path: Path) -> dict[str, bytes]:
    """Every file of a folder by name, but for the lock."""
    files = (file for file in path.rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(path)): file.read_bytes() for file in files}
