"""Batches: what rolling out and probing share, so that one bad sample never ends a long run.

A prompt is tried alone before a batch depends on it, and what had to be skipped flows past the
batches instead of stopping them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from PIL.Image import Image

from saccade.errors import SaccadeError
from saccade.models import VLM, encode
from saccade.samples import Skipped

T = TypeVar("T")

UNREADABLE = (OSError, SyntaxError, IndexError, ValueError)
"""What Pillow and the processors raise at broken files and at images that do not fit a prompt."""


def prompt_length(vlm: VLM, prompt: str, images: Sequence[Image]) -> int:
    """Encode one prompt alone, which reads its images: its tokens, or why it cannot be used."""
    try:
        ids = encode(vlm, [prompt], [images])["input_ids"]
    except UNREADABLE as error:
        raise SaccadeError(f"the prompt and its images cannot be encoded: {error}") from error
    if not images and vlm.image_token_id in ids:
        raise SaccadeError("the prompt asks for an image, so the sample must have one.")
    length = int(ids.shape[1])
    if length >= vlm.context:
        raise SaccadeError(
            f"the prompt must leave room in the model's context of {vlm.context} tokens, but has"
            f" {length}; shrink its images or shorten its text."
        )
    return length


def full_batches(items: Iterable[T | Skipped], size: int) -> Iterator[list[T] | Skipped]:
    """Batches of `size` in order, the last one shorter; what is skipped passes through at once."""
    batch: list[T] = []
    for item in items:
        if isinstance(item, Skipped):
            yield item
            continue
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
