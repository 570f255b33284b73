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


def prompt_length(vlm: VLM, prompt: str, images: Sequence[Image]) -> int:
    """Tokens in a prompt, or why it cannot be used: it is encoded alone, images and all."""
    if any(0 in image.size for image in images):
        raise SaccadeError("every image must have pixels, but one is empty.")
    try:
        length = int(encode(vlm, [prompt], [images])["input_ids"].shape[1])
    except SyntaxError as error:  # Pillow's word for a PNG with a broken chunk
        raise SaccadeError(f"every image must be readable, but one is not: {error}") from error
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
