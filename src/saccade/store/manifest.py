"""What a run was made with, in `manifest.json`, and whether new words may go on with it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from saccade.errors import SaccadeError
from saccade.files import write_whole
from saccade.store.files import parts
from saccade.store.schema import SCHEMA_VERSION

MANIFEST_NAME = "manifest.json"
_LIBRARIES = ("torch", "transformers", "trl", "numpy", "pillow", "pyarrow", "duckdb")


@dataclass(frozen=True)
class Manifest:
    """The words a run was made with. Runs with other words are other runs.

    `model`, `task`, `rollout` and `probe` are compared on resuming; the rest is only recorded.
    """

    model: Mapping[str, Any]
    """`name`, `class` and `fingerprint`; only the fingerprint is compared. Imported responses
    have the fingerprint null until a model probes them."""
    task: Mapping[str, Any]
    """`name`, `split`, `level`, `seed`, `limit`."""
    rollout: Mapping[str, Any] = field(default_factory=dict)
    """Sampling settings."""
    probe: Mapping[str, Any] | None = None
    """Probe settings; null until the run is to be probed."""
    checks: Mapping[str, Any] = field(default_factory=dict)
    """What the probe measured about itself before it measured the model."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Anything else worth knowing: the training recipe, the imported file."""
    schema_version: int = SCHEMA_VERSION
    saccade: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    created: str = ""

    def stamped(self) -> "Manifest":
        """This manifest with the versions and the time of a run that begins now."""
        return replace(
            self,
            saccade=_version("saccade"),
            libraries={name: _version(name) for name in _LIBRARIES},
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json`, whole."""
    text = json.dumps(asdict(manifest), indent=2, ensure_ascii=False, default=str)
    write_whole(folder / MANIFEST_NAME, text.encode("utf-8", "replace") + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Read `manifest.json`; a folder without one is no run."""
    try:
        words = json.loads((folder / MANIFEST_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise SaccadeError(
            f"{folder} is not a run: it has no {MANIFEST_NAME}. Name a folder that saccade wrote."
        ) from None
    except ValueError as error:
        raise SaccadeError(f"{folder / MANIFEST_NAME} is damaged: {error}.") from error
    return _from_json(folder, words)


def check_readable(folder: Path, manifest: Manifest) -> None:
    """Refuse a run that a newer saccade wrote in a form this one does not know."""
    if manifest.schema_version > SCHEMA_VERSION:
        raise SaccadeError(
            f"{folder} has schema version {manifest.schema_version} (saccade {manifest.saccade}); "
            f"this saccade reads up to {SCHEMA_VERSION}. Upgrade saccade to open it."
        )


def resumed(folder: Path, old: Manifest, new: Manifest) -> Manifest:
    """The manifest to go on with, or a refusal that names every setting that differs.

    Probe settings may change until something is measured with them.
    """
    if old.schema_version != SCHEMA_VERSION:
        raise SaccadeError(
            f"{folder} has schema version {old.schema_version}; this saccade writes "
            f"{SCHEMA_VERSION}. Choose another folder."
        )
    if not parts(folder / "traces"):
        old = replace(old, probe=new.probe or old.probe)
    if differences := list(_differences(old, new)):
        raise SaccadeError(
            f"{folder} was made with other settings: {'; '.join(differences)}. "
            "Use the same settings to go on with it, or choose another folder."
        )
    return replace(
        old,
        model=new.model if _print(old) is None else old.model,
        probe=old.probe if new.probe is None else new.probe,
    )


def _from_json(folder: Path, words: Any) -> Manifest:
    if not isinstance(words, dict) or not isinstance(words.get("schema_version"), int):
        raise SaccadeError(
            f"{folder} is not a run: its {MANIFEST_NAME} names no schema version. "
            "Name a folder that saccade wrote."
        )
    for name in ("model", "task", "rollout"):
        if not isinstance(words.get(name), dict):
            raise SaccadeError(
                f"{folder / MANIFEST_NAME} is damaged: {name!r} must be an object with settings, "
                f"not {_shown(words.get(name))}."
            )
    known = {name: words[name] for name in Manifest.__dataclass_fields__ if name in words}
    return Manifest(**known)


def _differences(old: Manifest, new: Manifest) -> Iterator[str]:
    """`rollout.n is 8 in the run and 4 here`, for every compared setting that differs.

    What is null in the one or the other, an unknown model or no probe, is no difference.
    """
    if None not in (_print(old), _print(new)) and _print(old) != _print(new):
        yield f"the model is {_model(old)} in the run and {_model(new)} here"
    for part in ("task", "rollout", "probe"):
        was, now = _plain(getattr(old, part)), _plain(getattr(new, part))
        if part == "probe" and None in (old.probe, new.probe):
            continue
        for name in dict.fromkeys([*was, *now]):
            if was.get(name) != now.get(name):
                yield (
                    f"{part}.{name} is {_shown(was.get(name))} in the run "
                    f"and {_shown(now.get(name))} here"
                )


def _print(manifest: Manifest) -> Any:
    return manifest.model.get("fingerprint")


def _model(manifest: Manifest) -> str:
    name, dtype = (_shown(manifest.model.get(word)) for word in ("name", "dtype"))
    return f"{name} (dtype {dtype}, fingerprint {_print(manifest)})"


def _plain(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Settings as JSON gives them back: tuples are lists."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(settings or {}), default=str))
    return plain


def _shown(value: Any) -> str:
    return "not set" if value is None else json.dumps(value)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
