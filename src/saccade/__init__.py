"""saccade: see, measure and train where a multimodal chain of thought looks.

Importing this package loads neither torch nor transformers; each public name is fetched from its
module on first use.
"""

from saccade.lazy import lazy

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
    "credit": "saccade.trainers.credit",
    "load_task": "saccade.tasks",
    "load_vlm": "saccade.models",
    "open_run": "saccade.store",
    "probe": "saccade.probes",
    "rollout": "saccade.rollouts",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list

__getattr__, __dir__ = lazy(__name__, _HOMES)
