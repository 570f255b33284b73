"""Models: load one, render and encode prompts for it, find its image tokens.

`VLM` is a Hugging Face model and its processor, untouched, with what the probes need to know about
them. Nothing here samples or measures. Listing `LAB_MODELS` loads no torch; each other name is
fetched from its module on first use.
"""

from saccade.lazy import lazy
from saccade.models.names import LAB_MODELS

_HOMES = {
    "FAMILIES": "saccade.models.families",
    "Family": "saccade.models.families",
    "ImageTokens": "saccade.samples",
    "Teacher": "saccade.models.inputs",
    "Tile": "saccade.samples",
    "VLM": "saccade.models.vlm",
    "encode": "saccade.models.inputs",
    "image_tokens": "saccade.models.layout",
    "load_vlm": "saccade.models.loading",
    "unfit": "saccade.models.inputs",
    "with_responses": "saccade.models.inputs",
}

__all__ = ["LAB_MODELS", *sorted(_HOMES)]  # noqa: PLE0604 - the table above is the list

__getattr__, __dir__ = lazy(__name__, _HOMES)
