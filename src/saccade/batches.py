"""Batches: what rolling out and probing share, so that one bad sample never ends a long run.

A prompt is tried alone before a batch depends on it; what had to be skipped flows past the batches
instead of stopping them, is counted as it passes, and is sorted out at the end.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from PIL.Image import Image

from saccade.errors import SaccadeError
from saccade.models import VLM, encode
from saccade.samples import Skipped

T = TypeVar("T")

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


def prompt_length(vlm: VLM, prompt: str, images: Sequence[Image]) -> int:
    """Tokens in a prompt, or why it cannot be used: it is encoded alone, images and all."""
    if any(0 in image.size for image in images):
        raise SaccadeError("every image must have pixels, but one is empty.")
    try:
        length = int(encode(vlm, [prompt], [images])["input_ids"].shape[1])
    except SyntaxError as error:  # Pillow's word for a PNG with a broken chunk
        raise SaccadeError(f"every image must be readable, but one is not: {error}") from error
    if not length:
        raise SaccadeError("the prompt must hold at least one token, but is empty.")
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


class Count:
    """Counts what passes and reports it."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, number: int = 1) -> None:
        """So many more are done."""
        self.done += number
        if self.progress is not None and number:
            self.progress(self.done, self.total)

    def through(self, items: Iterable[T]) -> Iterator[T]:
        """Count items as they pass."""
        for item in items:
            yield item
            self.add()


def sorted_out(outcomes: Iterable[T | Skipped]) -> tuple[list[T], list[Skipped]]:
    """What came of it, and what was skipped."""
    good: list[T] = []
    skipped: list[Skipped] = []
    for outcome in outcomes:
        if isinstance(outcome, Skipped):
            skipped.append(outcome)
        else:
            good.append(outcome)
    return good, skipped
