"""saccade: see, measure and train where a multimodal chain of thought looks.

Importing this package loads neither torch nor transformers; each public name is fetched from its
module on first use.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Mention": "saccade.samples",
    "Region": "saccade.samples",
    "Rollout": "saccade.samples",
    "Rollouts": "saccade.samples",
    "Run": "saccade.store",
    "SaccadeError": "saccade.errors",
    "Sample": "saccade.samples",
    "Trace": "saccade.samples",
    "VLM": "saccade.models",
    "load_task": "saccade.tasks",
    "load_vlm": "saccade.models",
    "open_run": "saccade.store",
    "probe": "saccade.probes",
    "rollout": "saccade.rollouts",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list


def __getattr__(name: str) -> Any:
    """Fetch a public name from its home on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'saccade' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]
