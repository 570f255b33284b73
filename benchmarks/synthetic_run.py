"""A run made of random numbers, as large as one likes, straight to Parquet.

    python benchmarks/synthetic_run.py OUT --responses 100000 --tokens 270

It has the store's own schema and parts, so that everything that reads runs reads this one. The
numbers are shaped like a model's: dependency and entropy are heavy-tailed, most tokens have little
of either, lengths vary by a half around the mean, and words are as unequally frequent as words are.
Every question has a small picture of its own.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from saccade.samples import Sample
from saccade.store import Manifest
from saccade.store.files import write_part
from saccade.store.images import put_image
from saccade.store.manifest import write_manifest
from saccade.store.rows import sample_row, table_of
from saccade.store.schema import arrow_schema

GROUP = 8
"""Responses per question."""
PART = 2000
"""Responses per part."""
SIGNALS = ("logprob", "entropy", "visual_similarity", "hidden_shift.blind", "kl.blind", "k3.blind")
WORDS = np.array([f" {a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "dlmnrst"])


def main() -> None:
    """Write one run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--responses", type=int, default=2000)
    parser.add_argument("--tokens", type=int, default=270, help="the mean length")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(synthetic_run(args.out, args.responses, tokens=args.tokens, seed=args.seed))


def synthetic_run(out: Path, responses: int, *, tokens: int = 270, seed: int = 0) -> Path:
    """A run of so many responses of so many tokens on average, in a new folder."""
    for table in ("samples", "rollouts", "traces", "images"):
        (out / table).mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for unit, numbers in enumerate(_parts(responses)):
        name = f"{unit:06}.parquet"
        lengths = rng.integers(max(1, tokens // 2), tokens + tokens // 2 + 1, len(numbers))
        write_part(out / "samples" / name, _samples(numbers, out / "images"))
        write_part(out / "rollouts" / name, _rollouts(numbers, lengths, rng))
        write_part(out / "traces" / name, _traces(numbers, lengths, rng))
    task = {"name": "lab/counting", "split": "test", "seed": seed}
    write_manifest(out, Manifest(model={"name": "synthetic"}, task=task).stamped())
    return out


def _parts(responses: int) -> Iterator[np.ndarray]:
    """The numbers of the responses in each part."""
    return (np.arange(start, min(start + PART, responses)) for start in range(0, responses, PART))


def _samples(numbers: np.ndarray, images: Path) -> pa.Table:
    rows = []
    for number in map(int, np.unique(numbers // GROUP)):
        sample = Sample(f"q{number:06}", "How many?", (), "2", "lab/counting")
        picture = Image.new("RGB", (4, 4), (number >> 16 & 255, number >> 8 & 255, number & 255))
        rows.append(sample_row(sample, [put_image(images, picture)]))
    return table_of("samples", rows)


def _rollouts(numbers: np.ndarray, lengths: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """Some questions are easier than others."""
    easy = np.random.default_rng(1).random(numbers.max() // GROUP + 1)[numbers // GROUP]
    correct = rng.random(len(numbers)) < easy
    same = {"prompt": "How many?", "text": "Two.", "finish_reason": "stop", "sampling": "{}"}
    columns = {
        **_keys(numbers),
        **{name: pa.array([text] * len(numbers)) for name, text in same.items()},
        "response_ids": _lists(lengths, _words(lengths, rng).astype(np.int32)),
        "rewards": pa.array(
            [[("answer", float(right))] for right in correct], pa.map_(pa.string(), pa.float64())
        ),
        "correct": pa.array(correct),
    }
    return pa.table({name: columns[name] for name in arrow_schema("rollouts").names}).cast(
        arrow_schema("rollouts")
    )


def _traces(numbers: np.ndarray, lengths: np.ndarray, rng: np.random.Generator) -> pa.Table:
    total = int(lengths.sum())
    kl = rng.lognormal(-3.5, 2.2, total)
    entropy = rng.gamma(0.35, 1.2, total) + 0.1 * np.sqrt(kl)
    values = {
        "logprob": -entropy * rng.random(total),
        "entropy": entropy,
        "visual_similarity": rng.normal(0.3, 0.05, total),
        "hidden_shift.blind": rng.gamma(2.0, 0.1, total),
        "kl.blind": np.minimum(kl, 40),
        "k3.blind": np.minimum(kl * rng.exponential(1, total), 10),
    }
    schema = arrow_schema("traces", SIGNALS)
    columns = {
        **_keys(numbers),
        "tokens": _lists(lengths, pa.array(WORDS).take(pa.array(_words(lengths, rng)))),
        "grids": pa.array([[]] * len(numbers), schema.field("grids").type),
        **{name: _lists(lengths, values[name].astype(np.float32)) for name in SIGNALS},
    }
    return pa.table({name: columns[name] for name in schema.names}).cast(schema)


def _keys(numbers: np.ndarray) -> dict[str, pa.Array]:
    return {
        "step": pa.array(np.zeros(len(numbers), np.int32)),
        "sample_id": pa.array([f"q{number:06}" for number in numbers // GROUP]),
        "index": pa.array((numbers % GROUP).astype(np.int32)),
    }


def _words(lengths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A number of a word for each token; the first are the frequent ones."""
    return (len(WORDS) * rng.random(int(lengths.sum())) ** 3).astype(np.int64)


def _lists(lengths: np.ndarray, values: pa.Array | np.ndarray) -> pa.ListArray:
    """One list per response out of all tokens' values."""
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(values))


if __name__ == "__main__":
    main()
