"""The run folder's tables: every column once, with its type and its meaning.

The writer builds its Arrow schemas from `TABLES`, the reader its empty views, the documentation
its tables. To add a column: one line here, and one in `rows`. Changing or removing one raises
`SCHEMA_VERSION`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from saccade.samples import MAPPED

SCHEMA_VERSION = 1
"""Version of the folder's form. Readers accept this and older ones, writers only this one."""


@dataclass(frozen=True)
class Column:
    """One column: its name, its Arrow type, and what a reader should know about it."""

    name: str
    type: pa.DataType
    about: str


_REGION = pa.struct([("name", pa.string()), ("box", pa.list_(pa.float64())), ("image", pa.int32())])
_MENTION = pa.struct(
    [("start", pa.int32()), ("end", pa.int32()), ("regions", pa.list_(pa.string()))]
)

_GRID = pa.struct(
    [
        ("image", pa.int32()),
        ("rows", pa.int32()),
        ("cols", pa.int32()),
        ("box", pa.list_(pa.float64())),
        ("positions", pa.list_(pa.int32())),
    ]
)

_KEY = (
    Column("step", pa.int32(), "Training step of the model that spoke; 0 outside training."),
    Column("sample_id", pa.string(), "The sample answered: `samples.id`."),
    Column("index", pa.int32(), "Place within the group of responses to that sample, from 0."),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "samples": (
        Column("id", pa.string(), "Names the sample; unique in the run."),
        Column("task", pa.string(), "The task it belongs to."),
        Column("question", pa.string(), "What is asked."),
        Column("answer", pa.string(), "The gold answer."),
        Column("scorer", pa.string(), "The reward that decides whether a response is correct."),
        Column("solution", pa.string(), "A worked chain of thought; empty where there is none."),
        Column("metadata", pa.string(), "Free facts about the sample, as a JSON object."),
        Column("images", pa.list_(pa.string()), "Its images in order: `images/<sha256>.png`."),
        Column(
            "regions",
            pa.list_(_REGION),
            "Where named things are: box as x0, y0, x1, y1 in pixels of that image.",
        ),
        Column(
            "mentions",
            pa.list_(_MENTION),
            "Which characters of the solution speak of which regions.",
        ),
    ),
    "rollouts": (
        *_KEY,
        Column("prompt", pa.string(), "The rendered text the processor got with the images."),
        Column("text", pa.string(), "The response as text."),
        Column("response_ids", pa.list_(pa.int32()), "The response's token ids."),
        Column("rewards", pa.map_(pa.string(), pa.float64()), "Rewards by name."),
        Column("correct", pa.bool_(), "Whether the answer is right; null where nothing decides."),
        Column(
            "finish_reason", pa.string(), "`stop`: the model ended it. `length`: the limit did."
        ),
        Column("sampling", pa.string(), "Sampling settings, as a JSON object."),
    ),
    "traces": (
        *_KEY,
        Column("tokens", pa.list_(pa.string()), "The response's tokens as text."),
        Column(
            "grids",
            pa.list_(_GRID),
            "With maps of patches: grids of image tokens, each over a part of an image (box, as"
            " fractions of width and height); positions count image tokens, row by row.",
        ),
    ),
    "skipped": (
        Column("stage", pa.string(), "What failed: `rollout` or `probe`."),
        Column("sample_id", pa.string(), "The sample that could not be processed."),
        Column("index", pa.int32(), "The response that could not; null if the whole sample."),
        Column("reason", pa.string(), "Why, in a sentence."),
    ),
}

_VECTOR = pa.list_(pa.float32())

MEASURED: tuple[Column, ...] = (
    Column("<signal>", _VECTOR, "One number per token; null: no such signal for this response."),
    Column("layers.<signal>", pa.list_(_VECTOR), "Optional: one row per hidden state."),
    Column("images.<signal>", pa.list_(_VECTOR), "Optional: one row per image of the prompt."),
    Column("patches.<signal>", pa.list_(_VECTOR), "Optional: one row per token, by image token."),
)
"""The further columns of `traces`: one per signal measured, so their names differ by run."""

NESTED = tuple(f"{name}." for name in MAPPED)
"""What the names of two-dimensional columns start with; any other measured column is a signal."""


def arrow_schema(table: str, measured: Iterable[str] = ()) -> pa.Schema:
    """The Arrow schema of a table, with the columns measured in this run."""
    fixed = [(column.name, column.type) for column in TABLES[table]]
    return pa.schema(fixed + [(name, _measured_type(name)) for name in measured])


def measured_names(names: Iterable[str]) -> list[str]:
    """Those columns of `traces` that hold measurements, in order."""
    fixed = {column.name for column in TABLES["traces"]}
    return [name for name in names if name not in fixed]


def markdown(table: str) -> str:
    """A table's columns as Markdown, as shown in `docs/run-folder.md`."""
    columns = TABLES[table] + (MEASURED if table == "traces" else ())
    lines = [f"| `{c.name}` | `{_type_name(c.type)}` | {c.about} |" for c in columns]
    return "\n".join(["| column | type | is |", "|---|---|---|", *lines])


def _measured_type(name: str) -> pa.DataType:
    return pa.list_(_VECTOR) if name.startswith(NESTED) else _VECTOR


def _type_name(kind: pa.DataType) -> str:
    return str(kind).replace("item: ", "").replace("element: ", "")
