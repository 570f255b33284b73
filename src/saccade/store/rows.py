"""Nouns to table rows and back. The only file that knows both `samples` and the columns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
from PIL.Image import Image

from saccade.errors import SaccadeError
from saccade.samples import (
    MAPPED,
    ImageTokens,
    Mention,
    Region,
    Rollout,
    Sample,
    Skipped,
    Tile,
    Trace,
)
from saccade.store.schema import NESTED, arrow_schema, measured_names

Row = dict[str, Any]


def table_of(name: str, rows: Sequence[Row]) -> pa.Table:
    """Rows as an Arrow table in the run's schema, with a column for each thing measured."""
    measured = measured_names(dict.fromkeys(key for row in rows for key in row))
    schema = arrow_schema(name, measured if name == "traces" else ())
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except UnicodeEncodeError:
        return pa.Table.from_pylist([_mended(row) for row in rows], schema=schema)


def sample_row(sample: Sample, images: Sequence[str]) -> Row:
    """A sample whose images are stored under these names."""
    return {
        "id": sample.id,
        "task": sample.task,
        "question": sample.question,
        "answer": sample.answer,
        "scorer": sample.scorer,
        "solution": sample.solution,
        "metadata": _json(sample.metadata),
        "images": list(images),
        "regions": [asdict(region) for region in sample.regions],
        "mentions": [asdict(mention) for mention in sample.mentions],
    }


def sample_of(row: Mapping[str, Any], images: Iterable[Image]) -> Sample:
    """The sample of a row, with its images."""
    return Sample(
        id=row["id"],
        task=row["task"],
        question=row["question"],
        answer=row["answer"],
        scorer=row["scorer"],
        solution=row["solution"],
        metadata=json.loads(row["metadata"]),
        images=tuple(images),
        regions=tuple(Region(r["name"], tuple(r["box"]), r["image"]) for r in row["regions"]),
        mentions=tuple(Mention(m["start"], m["end"], tuple(m["regions"])) for m in row["mentions"]),
    )


def rollout_row(rollout: Rollout) -> Row:
    """A rollout."""
    return {
        "step": rollout.step,
        "sample_id": rollout.sample_id,
        "index": rollout.index,
        "prompt": rollout.prompt,
        "text": rollout.text,
        "response_ids": list(rollout.response_ids),
        "rewards": list(rollout.rewards.items()),
        "correct": rollout.correct,
        "finish_reason": rollout.finish_reason,
        "sampling": _json(rollout.sampling),
    }


def rollout_of(row: Mapping[str, Any]) -> Rollout:
    """The rollout of a row."""
    return Rollout(
        step=row["step"],
        sample_id=row["sample_id"],
        index=row["index"],
        prompt=row["prompt"],
        text=row["text"],
        response_ids=tuple(row["response_ids"]),
        rewards=dict(row["rewards"]),
        correct=row["correct"],
        finish_reason=row["finish_reason"],
        sampling=json.loads(row["sampling"]),
    )


def trace_row(trace: Trace) -> Row:
    """A trace: its key, its tokens, its measurements under their column names."""
    rollout = trace.rollout
    _check_lengths(trace)
    return {
        "step": rollout.step,
        "sample_id": rollout.sample_id,
        "index": rollout.index,
        "tokens": list(trace.tokens),
        "grids": [_grid_row(of.image, tile) for of in trace.grids for tile in of.tiles],
        **{name: np.asarray(values, np.float32) for name, values in trace.signals.items()},
        **{
            f"{part}.{name}": _matrix(values)
            for part in MAPPED
            for name, values in getattr(trace, part).items()
        },
    }


def trace_of(sample: Sample, rollout: Rollout, row: Mapping[str, pa.Scalar]) -> Trace:
    """The trace of a row of Arrow scalars; an empty row is a rollout not probed yet."""
    measured = {name: row[name] for name in measured_names(row) if row[name].is_valid}
    maps = {
        part: {
            name.removeprefix(f"{part}."): _array(value)
            for name, value in measured.items()
            if name.startswith(f"{part}.")
        }
        for part in MAPPED
    }
    return Trace(
        sample=sample,
        rollout=rollout,
        tokens=tuple(row["tokens"].as_py()) if row else (),
        signals={
            name: _vector(value) for name, value in measured.items() if not name.startswith(NESTED)
        },
        grids=_grids(row["grids"].as_py() if "grids" in row else ()),
        **maps,
    )


def _grid_row(image: int, tile: Tile) -> Row:
    shape = {"rows": tile.rows, "cols": tile.cols, "box": list(tile.box)}
    return {"image": image, **shape, "positions": tile.positions.tolist()}


def _grids(rows: Sequence[Row] | None) -> tuple[ImageTokens, ...]:
    """The tiles of rows, by image; none in parts written before there were any."""
    tiles: dict[int, list[Tile]] = {}
    for row in rows or ():
        positions = np.array(row["positions"], np.int64)
        tile = Tile(positions, row["rows"], row["cols"], tuple(row["box"]))
        tiles.setdefault(row["image"], []).append(tile)
    return tuple(ImageTokens(image, tuple(its)) for image, its in tiles.items())


def skipped_row(skipped: Skipped) -> Row:
    """What was skipped, and why."""
    return asdict(skipped)


def _check_lengths(trace: Trace) -> None:
    length = len(trace.tokens)
    lengths = {name: len(values) for name, values in trace.signals.items()}
    lengths |= {f"layers.{name}": np.shape(values)[-1] for name, values in trace.layers.items()}
    lengths |= {f"images.{name}": np.shape(values)[-1] for name, values in trace.images.items()}
    lengths |= {f"patches.{name}": len(values) for name, values in trace.patches.items()}
    wrong = {
        name: n for name, n in {"token_ids": len(trace.token_ids), **lengths}.items() if n != length
    }
    if wrong:
        raise SaccadeError(
            f"Each signal needs one number for each of the {length} tokens of response "
            f"{trace.rollout.index} to sample {trace.rollout.sample_id!r}; got {wrong}."
        )


def _matrix(values: np.ndarray) -> list[np.ndarray]:
    return list(np.asarray(values, np.float32))


def _vector(value: pa.Scalar) -> np.ndarray:
    return np.array(value.values.to_numpy(zero_copy_only=False), np.float32)


def _array(value: pa.Scalar) -> np.ndarray:
    rows = value.values
    flat = np.array(rows.flatten().to_numpy(zero_copy_only=False), np.float32)
    return flat.reshape(len(rows), -1) if len(rows) else flat.reshape(0, 0)


def _json(facts: Mapping[str, Any]) -> str:
    return json.dumps(dict(facts), default=_plain)


def _plain(value: Any) -> Any:
    """NumPy scalars and arrays as numbers, anything else foreign to JSON as its text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _mended(value: Any) -> Any:
    """Replace lone surrogates, which are no text: JSON of other programs may hold them."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    return value
