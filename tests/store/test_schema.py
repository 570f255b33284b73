"""The columns: as documented, as written, as read by others."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from runs import written

from saccade.store.schema import TABLES, markdown

DOCS = Path(__file__).parents[2] / "docs" / "run-folder.md"


@pytest.mark.parametrize("table", TABLES)
def test_the_documentation_shows_the_columns_of_the_code(table):
    assert markdown(table) in DOCS.read_text("utf-8")


def test_parts_have_the_documented_columns_and_types(tmp_path):
    run = written(tmp_path / "run")
    for table in ("samples", "rollouts", "traces"):
        schema = pq.read_schema(run / table / "000000.parquet")
        fixed = [(column.name, column.type) for column in TABLES[table]]
        assert list(zip(schema.names, schema.types, strict=True))[: len(fixed)] == fixed
    assert schema.names[len(fixed) :] == ["entropy", "kl.blind"]


def test_the_manifest_has_the_documented_keys(tmp_path):
    words = json.loads((written(tmp_path / "run") / "manifest.json").read_text("utf-8"))
    text = DOCS.read_text("utf-8")
    assert all(f"`{key}`" in text for key in words)
    assert words["schema_version"] == 1
    assert words["libraries"]["torch"]
    assert words["created"].endswith("+00:00")
