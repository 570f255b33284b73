"""Runs on disk: Parquet parts, images by content, one manifest. Knows nothing of models.

`RunWriter` writes a run so that it can be killed at any moment; `open_run` reads one, by
response, as tidy frames or by SQL. The columns are in `schema`, in words in `docs/run-folder.md`.
"""

from saccade.store.asking import Source, ask, column_of, signals_of
from saccade.store.files import Broken
from saccade.store.manifest import Manifest
from saccade.store.reader import Run, Samples, open_run
from saccade.store.schema import SCHEMA_VERSION
from saccade.store.training import training_log
from saccade.store.writer import RunWriter

__all__ = [
    "SCHEMA_VERSION",
    "Broken",
    "Manifest",
    "Run",
    "RunWriter",
    "Samples",
    "Source",
    "ask",
    "column_of",
    "open_run",
    "signals_of",
    "training_log",
]
