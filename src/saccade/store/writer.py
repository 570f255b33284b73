"""Writing a run, unit by unit, so that it can be killed at any moment and gone on with.

A unit is a piece of work with a name, such as twelve samples in a row. Its rollouts are there
when `rollouts/<unit>.parquet` is: that file is renamed into place last. Doing a unit again
replaces its files, so a unit's name must always stand for the same samples.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from saccade.errors import SaccadeError
from saccade.samples import Rollout, Sample, Skipped, Trace
from saccade.store.files import (
    UNREADABLE,
    open_part,
    parts,
    read_through,
    remove_leftovers,
    write_part,
)
from saccade.store.images import put_image
from saccade.store.lock import LOCK_NAME, Lock
from saccade.store.manifest import (
    MANIFEST_NAME,
    Manifest,
    read_manifest,
    resumed,
    write_manifest,
)
from saccade.store.rows import Row, rollout_row, sample_row, skipped_row, table_of, trace_row

Key = tuple[int, str, int]
"""What names a response in a run: step, sample id, index."""

_KEY = ("step", "sample_id", "index")
_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunWriter:
    """A process that writes a run, alone unless it shares. Use it as a context manager."""

    def __init__(self, path: Path, manifest: Manifest, lock: Lock) -> None:
        self.path = path
        self.manifest = manifest
        self._lock = lock
        self._whole: dict[Path, bool] = {}
        self._samples = Owners(path / "samples", ("id",))
        self._rollouts = Owners(path / "rollouts", _KEY)
        self._traces = Owners(path / "traces", _KEY)

    @classmethod
    def open(cls, path: str | Path, manifest: Manifest) -> Self:
        """Begin a run in a new or empty folder, or go on with one made with the same words."""
        folder = Path(path)
        _check_is_run_or_empty(folder)
        if (folder / MANIFEST_NAME).exists():  # refuse before anything is touched
            resumed(folder, read_manifest(folder), manifest)
        lock = _locked(folder)
        try:
            remove_leftovers(folder)
            return cls(folder, _begun(folder, manifest), lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def join(cls, path: str | Path, manifest: Manifest) -> Self:
        """Write beside the process that has opened this run with the same words and shares it."""
        folder = Path(path)
        return cls(
            folder, resumed(folder, read_manifest(folder), manifest), _locked(folder, shared=True)
        )

    def share(self) -> None:
        """Let the other processes of this run `join`; each must write units of its own."""
        self._lock.share()

    def write_rollouts(
        self,
        unit: str,
        samples: Iterable[Sample],
        rollouts: Iterable[Rollout],
        *,
        skipped: Iterable[Skipped] = (),
    ) -> None:
        """Write what one unit's samples were answered; its traces, if any, no longer hold."""
        samples, rows = list(samples), [rollout_row(rollout) for rollout in rollouts]
        keys = {_key(row) for row in rows}
        self._check_unit(unit, self._rollouts, keys, len(rows))
        ours = [s for s in samples if self.unit_of(s.id) in (None, unit)]
        self._check_samples({s.id for s in samples}, keys)
        self._drop("traces", unit, self._traces)
        self._write_skipped("probe", unit, ())
        self._write_skipped("rollout", unit, skipped)
        self._write("samples", unit, [self._sample_row(sample) for sample in ours])
        self._write("rollouts", unit, rows)
        self._samples.own(unit, {(sample.id,) for sample in ours})
        self._rollouts.own(unit, keys)

    def write_traces(
        self, unit: str, traces: Iterable[Trace], *, skipped: Iterable[Skipped] = ()
    ) -> None:
        """Write what was measured on the responses of one unit."""
        rows = [trace_row(trace) for trace in traces]
        keys = {_key(row) for row in rows}
        self._check_unit(unit, self._traces, keys, len(rows))
        self._write_skipped("probe", unit, skipped)
        self._write("traces", unit, rows)
        self._traces.own(unit, keys)

    def done_units(self, table: str = "rollouts") -> frozenset[str]:
        """The units whose `rollouts` or `traces` are there and undamaged, read to the last page."""
        needed = ("samples", "rollouts") if table == "rollouts" else (table,)
        there = [
            {part.stem for part in parts(self.path / name) if self._is_whole(part)}
            for name in needed
        ]
        return frozenset(set.intersection(*there))

    def done_rollouts(self) -> set[Key]:
        """The responses written so far."""
        return set(self._rollouts.unit_of)

    def done_traces(self) -> set[Key]:
        """The responses probed so far."""
        return set(self._traces.unit_of)

    def unit_of(self, sample_id: str) -> str | None:
        """The unit that holds this sample; none if it is new to the run."""
        return self._samples.unit_of.get((sample_id,))

    def stamp(self, **facts: Any) -> None:
        """Record facts that are known only now, such as `checks` or `notes`, in the manifest."""
        self.manifest = replace(self.manifest, **facts)
        write_manifest(self.path, self.manifest)

    def close(self) -> None:
        """Let another process write this run."""
        self._lock.close()

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _write(self, table: str, unit: str, rows: Sequence[Row]) -> None:
        path = self.path / table / f"{unit}.parquet"
        write_part(path, table_of(table, rows))
        self._whole[path] = True

    def _is_whole(self, part: Path) -> bool:
        """Whether a part is undamaged; read through once, unless it was written here."""
        if part not in self._whole:
            self._whole[part] = _readable(part)
        return self._whole[part]

    def _write_skipped(self, stage: str, unit: str, skipped: Iterable[Skipped]) -> None:
        """Both stages of a unit may skip, so the stage is part of the name."""
        name, rows = f"{stage}-{unit}", [skipped_row(each) for each in skipped]
        if rows:
            self._write("skipped", name, rows)
        else:
            (self.path / "skipped" / f"{name}.parquet").unlink(missing_ok=True)

    def _sample_row(self, sample: Sample) -> Row:
        images = [put_image(self.path / "images", image) for image in sample.images]
        return sample_row(sample, images)

    def _check_unit(self, unit: str, owners: "Owners", keys: set[Key], rows: int) -> None:
        if not _UNIT.fullmatch(unit):
            raise SaccadeError(
                f"A unit's name must be letters, digits, '.', '_' or '-'; got {unit!r}."
            )
        taken = sorted(key for key in keys if owners.unit_of.get(key, unit) != unit)
        if taken or len(keys) < rows:
            owner = owners.unit_of[taken[0]] if taken else None
            twice = f"{taken[0]} is in unit {owner}" if taken else "it has one twice"
            raise SaccadeError(
                f"Unit {unit} would repeat a response (step, sample, index): {twice}. "
                "Give every response of a run its own step, sample id and index."
            )

    def _check_samples(self, given: set[str], keys: set[Key]) -> None:
        needed = {sample for _, sample, _ in keys} - given
        missing = sorted(sample for sample in needed if self.unit_of(sample) is None)
        if missing:
            raise SaccadeError(f"Rollouts need their samples; the run lacks {missing[:3]}.")

    def _drop(self, table: str, unit: str, owners: "Owners") -> None:
        (self.path / table / f"{unit}.parquet").unlink(missing_ok=True)
        owners.own(unit, set())


class Owners:
    """Which unit holds which key of a table, read from the key's columns alone."""

    def __init__(self, folder: Path, columns: tuple[str, ...]) -> None:
        self.unit_of: dict[Any, str] = {}
        self._keys: dict[str, set[Any]] = {}
        for part in parts(folder):
            self.own(part.stem, set(_read_keys(part, columns)))

    def own(self, unit: str, keys: set[Any]) -> None:
        """From now on the unit holds exactly these keys."""
        for key in self._keys.get(unit, set()):
            if self.unit_of.get(key) == unit:
                del self.unit_of[key]
        self._keys[unit] = keys
        self.unit_of.update(dict.fromkeys(keys, unit))


def _begun(folder: Path, manifest: Manifest) -> Manifest:
    """The manifest of a run that begins or goes on; written only if that changes it."""
    if not (folder / MANIFEST_NAME).exists():
        begun, old = manifest.stamped(), None
    else:
        old = read_manifest(folder)
        begun = resumed(folder, old, manifest)
    if begun != old:
        write_manifest(folder, begun)
    return begun


def _check_is_run_or_empty(folder: Path) -> None:
    """Refuse what is not ours before touching it. A writer killed at its start left dot files."""
    if folder.exists() and not folder.is_dir():
        raise SaccadeError(f"{folder} is a file; a run is a folder. Choose another name.")
    if not folder.exists() or (folder / MANIFEST_NAME).exists():
        return
    ours = re.compile(rf"{re.escape(LOCK_NAME)}|\.{re.escape(MANIFEST_NAME)}\..*\.tmp")
    if not all(ours.fullmatch(path.name) for path in folder.iterdir()):
        raise SaccadeError(
            f"{folder} is not a run: it has files but no {MANIFEST_NAME}. "
            "Choose a new or an empty folder."
        )


def _locked(folder: Path, *, shared: bool = False) -> Lock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Lock(folder, shared=shared)
    except OSError as error:
        raise SaccadeError(
            f"Cannot write in {folder}: {error.strerror}. Choose another folder."
        ) from error


def _key(row: Row) -> Key:
    return row["step"], row["sample_id"], row["index"]


def _readable(part: Path) -> bool:
    try:
        with open_part(part) as opened:
            read_through(opened)
    except UNREADABLE:
        return False
    return True


def _read_keys(part: Path, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """The keys in a part; a damaged one has none, so that its unit is done again."""
    try:
        table = open_part(part).read(columns=list(columns))
    except UNREADABLE:
        return []
    return list(zip(*(table[name].to_pylist() for name in columns), strict=True))
