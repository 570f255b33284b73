"""The nouns: Sample, Rollout, Trace. Plain frozen dataclasses that know nothing of models or files.

Data goes one way. A task is a sequence of `Sample`; rolling a model out on it gives several
`Rollout` per sample; probing a rollout gives one `Trace`. Positions in a response count its
tokens from 0, boxes are pixels of the image they name, spans are characters of a text.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar, overload

import numpy as np
from PIL.Image import Image

T = TypeVar("T")

DEFAULT_ABLATION = "blind"
"""The one meant where a signal that compares is named without its ablation."""

MAPPED = ("layers", "images", "patches")
"""The fields of a trace that hold maps: more than one number per token."""

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels, the origin at the top left."""


@dataclass(frozen=True)
class Region:
    """Where one named thing is: a box in one of the sample's images."""

    name: str
    box: Box
    image: int = 0


@dataclass(frozen=True)
class Mention:
    """The characters `start:end` of a text speak of these regions (one or several) of a sample."""

    start: int
    end: int
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """One question about zero, one or more images, with its gold answer.

    `scorer` names the reward (see `saccade.scoring.REWARDS`) that decides whether a response is
    correct. `solution` is a worked chain of thought where the task has one; `mentions` says which
    words of that solution speak of which region.
    """

    id: str
    question: str
    images: tuple[Image, ...]
    answer: str
    task: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    scorer: str = "answer"
    solution: str = ""
    regions: tuple[Region, ...] = ()
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True)
class Rollout:
    """One sampled response to one sample: what was asked, what was said, what it earned."""

    sample_id: str
    index: int
    """Place within the group of responses to the same sample, from 0."""
    prompt: str
    """The rendered text given to the processor together with the sample's images."""
    response_ids: tuple[int, ...]
    text: str
    rewards: Mapping[str, float] = field(default_factory=dict)
    correct: bool | None = None
    finish_reason: str = "stop"
    """`stop` (the model ended it) or `length` (the token limit did)."""
    step: int = 0
    """Training step of the model that spoke; 0 outside training."""
    sampling: Mapping[str, Any] = field(default_factory=dict)


def signal_column(signal: str, columns: Container[str]) -> str | None:
    """The column that holds a signal: its own, or that of the default ablation (`kl.blind`)."""
    return next((c for c in (signal, f"{signal}.{DEFAULT_ABLATION}") if c in columns), None)


class Signals(Mapping[str, np.ndarray]):
    """What was measured, by column; a name that lacks its ablation means the default one, `blind`.

    >>> Signals({"kl.blind": np.zeros(1), "kl.grey": np.ones(1)})["kl"]
    array([0.])
    """

    def __init__(self, columns: Mapping[str, np.ndarray]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> np.ndarray:
        """The column of this name, or of this name under the default ablation."""
        column = signal_column(name, self._columns)
        if column is None:
            raise KeyError(name)
        return self._columns[column]

    def __iter__(self) -> Iterator[str]:
        """The columns' own names."""
        return iter(self._columns)

    def __len__(self) -> int:
        """How many columns."""
        return len(self._columns)

    def __repr__(self) -> str:
        """Names and shapes; the numbers are too many to be read."""
        return f"Signals({ {name: np.shape(values) for name, values in self._columns.items()} })"


@dataclass(frozen=True, eq=False)
class Tile:
    """A grid of image tokens over one part of an image."""

    positions: np.ndarray
    """Where its tokens are among those at hand, row by row from the top left."""
    rows: int
    cols: int
    box: Box
    """The part of the original image it covers, as fractions of width and height.

    Past 0 or 1 where the model's own preprocessing pads.
    """

    def fold(self, values: np.ndarray) -> np.ndarray:
        """Its own of the values (one per token at hand, on the last axis), as (..., rows, cols)."""
        return values[..., self.positions].reshape(*values.shape[:-1], self.rows, self.cols)


@dataclass(frozen=True, eq=False)
class ImageTokens:
    """All tokens of one image."""

    image: int
    """Which of the sample's images, from 0."""
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, eq=False)
class Trace:
    """What every token of one response did: `signals[name]` holds one float32 per token.

    A signal that does not exist for this response (similarity to an image that is not there) is
    absent from `signals`, never a number. `signals["kl"]` is `signals["kl.blind"]`.
    """

    sample: Sample
    rollout: Rollout
    tokens: tuple[str, ...]
    signals: Mapping[str, np.ndarray] = field(default_factory=dict)
    layers: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Optional, per signal: (L+1, T), one row per hidden state."""
    images: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Optional, per signal: (images, T), one row per image of the prompt."""
    patches: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Optional, per signal: (T, N), one column per image token."""
    grids: tuple[ImageTokens, ...] = ()
    """With `patches`: which of the N tokens show which part of which image."""

    def __post_init__(self) -> None:
        """Let each mapping resolve a name that lacks its ablation."""
        for part in ("signals", *MAPPED):
            object.__setattr__(self, part, Signals(getattr(self, part)))

    @property
    def token_ids(self) -> tuple[int, ...]:
        """The response's token ids."""
        return self.rollout.response_ids

    def folded(self, name: str = "visual_similarity") -> list[list[tuple[Tile, np.ndarray]]]:
        """A map of patches on the images: per image its tiles, each with (T, rows, cols) values."""
        values = self.patches[name]
        return [[(tile, tile.fold(values)) for tile in of.tiles] for of in self.grids]


@dataclass(frozen=True)
class Skipped:
    """A sample or a rollout that could not be processed, with the reason; counted, never hidden."""

    sample_id: str
    stage: str
    """`rollout` or `probe`."""
    reason: str
    index: int | None = None


class Results(Sequence[T]):
    """What came of one call, in order, and what was skipped; a slice keeps the latter."""

    def __init__(self, items: Iterable[T], skipped: Iterable[Skipped] = ()) -> None:
        self.items = tuple(items)
        self.skipped = tuple(skipped)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> T | Self:
        """One, or a slice of the same kind."""
        if not isinstance(index, slice):
            return self.items[index]
        part = copy(self)
        part.items = self.items[index]
        return part

    def __len__(self) -> int:
        """How many."""
        return len(self.items)


class Rollouts(Results[Rollout]):
    """The rollouts of one call, together with the samples they answer."""

    def __init__(
        self,
        rollouts: Iterable[Rollout],
        samples: Mapping[str, Sample],
        skipped: Iterable[Skipped] = (),
    ) -> None:
        super().__init__(rollouts, skipped)
        self.samples = samples


class Traces(Results[Trace]):
    """The traces of one call."""
