"""Fixtures that many rooms share: tiny models, built once per session."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model of the named family (see `tests/tiny`), built on first use."""
    built: dict[str, Path] = {}

    def folder(family: str = "qwen2_5_vl") -> Path:
        if family not in built:
            from tiny import FAMILIES

            built[family] = FAMILIES[family](tmp_path_factory.mktemp("tiny") / family)
        return built[family]

    return folder


@pytest.fixture(scope="session")
def tiny_vlm(tiny_folder: Callable[[str], Path]) -> Callable[[str], Any]:
    """The loaded tiny model of the named family, in float32 on the CPU; do not change it."""
    loaded: dict[str, Any] = {}

    def vlm(family: str = "qwen2_5_vl") -> Any:
        if family not in loaded:
            from saccade.models import load_vlm

            loaded[family] = load_vlm(str(tiny_folder(family)), device="cpu", dtype="float32")
        return loaded[family]

    return vlm
