"""Models: load one, render and encode prompts for it, find its image tokens.

`VLM` is a Hugging Face model and its processor, untouched, with what the probes need to know about
them. Nothing here samples or measures. Listing `LAB_MODELS` loads no torch; each other name is
fetched from its module on first use.
"""

from importlib import import_module
from typing import Any

from saccade.models.names import LAB_MODELS

_HOMES = {
    "ImageTokens": "saccade.models.layout",
    "Teacher": "saccade.models.inputs",
    "Tile": "saccade.models.layout",
    "VLM": "saccade.models.vlm",
    "encode": "saccade.models.inputs",
    "image_tokens": "saccade.models.layout",
    "load_vlm": "saccade.models.loading",
    "with_responses": "saccade.models.inputs",
}

__all__ = ["LAB_MODELS", *sorted(_HOMES)]  # noqa: PLE0604 - the table above is the list


def __getattr__(name: str) -> Any:
    """Fetch a public name from its home on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'saccade.models' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return list(__all__)
