"""Grids: what a plan is made of, before its tokens are known."""

from dataclasses import dataclass

import numpy as np

from saccade.samples import Box

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Grid:
    """A tile before its tokens are known: so many rows and columns over this part of an image."""

    rows: int
    cols: int
    box: Box = WHOLE
    newlines: int = 0
    """How many of its tokens show nothing: they end its rows or, if there is one, the tile."""

    @property
    def tokens(self) -> int:
        """How many tokens it takes."""
        return self.rows * self.cols + self.newlines

    def cells(self, taken: np.ndarray) -> np.ndarray:
        """The tokens that show a part of the image."""
        return taken.reshape(self.newlines, -1)[:, :-1].ravel() if self.newlines else taken


@dataclass(frozen=True, eq=False)
class Row:
    """What one sequence shows of its images."""

    ids: np.ndarray
    positions: np.ndarray
    """Where the image tokens are."""
    sizes: tuple[tuple[int, int], ...]
    """Width and height of each original image."""
    grids: tuple[tuple[int, ...], ...]
    """Time, height and width in patches of each image, where the processor states them."""

    @property
    def runs(self) -> list[np.ndarray]:
        """The image tokens in unbroken stretches."""
        return np.split(self.positions, np.flatnonzero(np.diff(self.positions) > 1) + 1)
