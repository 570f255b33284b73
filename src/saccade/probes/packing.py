"""Packing: responses of like length are measured together, so that little of a batch is padding.

A batch is as wide as its longest prompt and its longest response, and responses to one prompt share
it. So the responses to a prompt stay together where a batch can hold them, and a batch takes in
what brings the least padding into it. What comes of them is told in the order in which they came.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from saccade.probes.draws import Asked
from saccade.samples import Skipped

R = TypeVar("R")

WINDOW = 256
"""Responses among which batches are put together: enough to find some of like length for any usual
batch, few enough to hold their images. A window ends with a sample; its last may make it longer."""


@dataclass(frozen=True)
class Fit:
    """A response that can be measured."""

    asked: Asked
    prompt: int
    """Tokens of its prompt."""

    @property
    def sample_id(self) -> str:
        """What it answers."""
        return self.asked[0].id

    @property
    def group(self) -> Hashable:
        """Those for which it is the same share a prompt."""
        return self.sample_id, self.asked[1].prompt

    @property
    def length(self) -> int:
        """Tokens of the response."""
        return len(self.asked[1].response_ids)


@dataclass(frozen=True)
class Piece:
    """Responses that stay together, by their places in the window, and the shape that they take."""

    places: tuple[int, ...]
    prompts: int
    width: int
    """Tokens of the longest prompt."""
    length: int
    """Tokens of the longest response."""

    def __add__(self, other: "Piece") -> "Piece":
        """Both in one batch."""
        return Piece(
            self.places + other.places,
            self.prompts + other.prompts,
            max(self.width, other.width),
            max(self.length, other.length),
        )

    def padding(self, other: "Piece") -> int:
        """How many positions more both take in one batch than each for itself."""
        wider, longer = self.width - other.width, self.length - other.length
        return (other.prompts * wider if wider > 0 else -self.prompts * wider) + (
            len(other.places) * longer if longer > 0 else -len(self.places) * longer
        )


class Queue(Generic[R]):
    """Outcomes that wait for those before them."""

    def __init__(self, first: Mapping[int, R]) -> None:
        self.waiting, self.next = dict(first), 0

    def ready(self, more: Mapping[int, R]) -> Iterator[R]:
        """Take in some by place, and give those that nothing is missing before."""
        self.waiting.update(more)
        while self.next in self.waiting:
            yield self.waiting.pop(self.next)
            self.next += 1


def packed(
    items: Iterable[Fit | Skipped], size: int, work: Callable[[list[Asked]], Iterable[R | Skipped]]
) -> Iterator[R | Skipped]:
    """Outcomes of `work`, done on up to `size` responses at once, in the order of the items.

    Batches run in the order of their first responses, so each of them lets an outcome go.
    """
    for window in _windows(items):
        fits = {place: item for place, item in enumerate(window) if isinstance(item, Fit)}
        skipped = {place: item for place, item in enumerate(window) if isinstance(item, Skipped)}
        queue: Queue[R | Skipped] = Queue(skipped)
        yield from queue.ready({})
        for places in batches(fits, size):
            done = work([fits[place].asked for place in places])
            yield from queue.ready(dict(zip(places, done, strict=True)))


def batches(fits: Mapping[int, Fit], size: int) -> list[list[int]]:
    """The places of responses that run together, in the order of the first in each batch."""
    left = sorted(_pieces(fits, size), key=lambda piece: (piece.length, piece.width))
    found = []
    while left:
        batch = left.pop()
        while fitting := [p for p in left if len(p.places) + len(batch.places) <= size]:
            best = min(fitting, key=batch.padding)
            left.remove(best)
            batch += best
        found.append(sorted(batch.places))
    return sorted(found)


def _pieces(fits: Mapping[int, Fit], size: int) -> Iterator[Piece]:
    """Whole groups; one that no batch can hold is cut up by length."""
    groups: dict[Hashable, list[int]] = {}
    for place, fit in fits.items():
        groups.setdefault(fit.group, []).append(place)
    for group in groups.values():
        group.sort(key=lambda place: fits[place].length)
        for first in range(0, len(group), size):
            some = group[first : first + size]
            yield Piece(tuple(some), 1, fits[some[0]].prompt, fits[some[-1]].length)


def _windows(items: Iterable[Fit | Skipped]) -> Iterator[Sequence[Fit | Skipped]]:
    """Some items at a time, those of a sample together."""
    window: list[Fit | Skipped] = []
    for item in items:
        if len(window) >= WINDOW and item.sample_id != window[-1].sample_id:
            yield window
            window = []
        window.append(item)
    yield window
