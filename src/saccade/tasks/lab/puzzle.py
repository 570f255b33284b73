"""lab/puzzle: a grid follows a rule; which thing belongs in place of the question mark?"""

import random
from dataclasses import dataclass, replace
from typing import Self

from saccade.samples import Region
from saccade.tasks.lab.mentions import plural
from saccade.tasks.lab.scene import Eyes, Picture, Thing, a, cell_box, palette

HOLE = "question mark"
SIDE = {1: 2, 2: 3, 3: 3}
ROWS = {2: ("top", "bottom"), 3: ("top", "middle", "bottom")}
COLUMNS = {2: ("left", "right"), 3: ("left", "middle", "right")}
SIZES = {2: (34, 42), 3: (24, 31)}


@dataclass(frozen=True)
class Puzzle:
    """`colours` and `shapes` in grid order; one runs along the rows, the other along the columns.

    `rows` says which (`shape` or `colour`). At level 3 what runs along the columns is shifted by
    one from row to row, so it runs along the diagonals.
    """

    rows: str
    colours: tuple[str, ...]
    shapes: tuple[str, ...]
    hole: tuple[int, int]
    cells: tuple[Thing, ...]
    level: int
    scorer: str = "answer"

    @classmethod
    def draw(cls, rng: random.Random, level: int) -> Self:
        """Rule, colours, shapes and hole are independent and uniform."""
        colours, shapes = palette(level)
        side = SIDE[level]
        rows = rng.choice(("shape", "colour"))
        c, s = tuple(rng.sample(colours, side)), tuple(rng.sample(shapes, side))
        hole = (rng.randrange(side), rng.randrange(side))
        bare = cls(rows, c, s, hole, (), level)
        things = [bare._thing(rng, row, column) for row in range(side) for column in range(side)]
        return cls(rows, c, s, hole, tuple(things), level)

    def _thing(self, rng: random.Random, row: int, column: int) -> Thing:
        side = SIDE[self.level]
        box = cell_box(rng, row * side + column, SIZES[side], side)
        place = f"{ROWS[side][row]} {COLUMNS[side][column]}"
        if (row, column) == self.hole:
            return Thing(HOLE, "ink", place, box)
        colour, shape = self._kind(row, column)
        return Thing(shape, colour, place, box)

    def _kind(self, row: int, column: int) -> tuple[str, str]:
        """The colour and the shape that the rule puts here."""
        shift = row if self.level == 3 else 0
        across = (column + shift) % SIDE[self.level]
        if self.rows == "shape":
            return self.colours[across], self.shapes[row]
        return self.colours[row], self.shapes[across]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """One grid."""
        return (Picture(self.cells),)

    @property
    def question(self) -> str:
        """The same for every puzzle: all that matters is in the picture."""
        return "Which thing belongs in place of the question mark?"

    @property
    def answer(self) -> str:
        """`red star`."""
        return " ".join(self._kind(*self.hole))

    def tell(self, eyes: Eyes) -> tuple[str, str]:
        """Find the hole, state the rule, read the row and the column (or diagonal) of the hole."""
        palettes = palette(self.level)
        colour, shape = (
            eyes.read(right, options)
            for right, options in zip(self._kind(*self.hole), palettes, strict=True)
        )
        side = SIDE[self.level]
        line = "diagonal" if self.level == 3 else "column"
        row, column = ROWS[side][self.hole[0]], COLUMNS[side][self.hole[1]]
        by_row, by_line = (shape, colour) if self.rows == "shape" else (colour, shape)
        other = "colour" if self.rows == "shape" else "shape"
        where = f"the {row} row and the {column} column"
        return (
            f"The question mark is in {where}. Each row has one {self.rows} and each {line} one "
            f"{other}. Its row has {_all(by_row, self.rows)}. "
            f"Its {line} has {_all(by_line, other)}. So {a(f'{colour} {shape}')} is missing.",
            f"{colour} {shape}",
        )

    @property
    def regions(self) -> tuple[Region, ...]:
        """Each cell by its place; the hole as `question mark`."""
        return tuple(Region(HOLE if t.shape == HOLE else t.place, t.box) for t in self.cells)

    @property
    def things(self) -> dict[str, Thing]:
        """The full cells; where they stand is told by row and column."""
        return {
            region.name: replace(cell, place="")
            for region, cell in zip(self.regions, self.cells, strict=True)
            if cell.shape != HOLE
        }

    @property
    def phrases(self) -> dict[str, tuple[str, ...]]:
        """Rows and columns, the lines that pass the hole, and the hole itself."""
        side = SIDE[self.level]
        row, column = self.hole
        phrases = {f"{name} row": self._names(r, None) for r, name in enumerate(ROWS[side])}
        phrases |= {f"{name} column": self._names(None, c) for c, name in enumerate(COLUMNS[side])}
        line = self._diagonal() if self.level == 3 else self._names(None, column)
        passed = "its diagonal" if self.level == 3 else "its column"
        phrases |= {"its row": _full(self._names(row, None)), passed: _full(line)}
        return phrases | dict.fromkeys((HOLE, "@ is missing", "answer>@"), (HOLE,))

    def _names(self, row: int | None, column: int | None) -> tuple[str, ...]:
        """The regions in this row or column."""
        side = SIDE[self.level]
        return tuple(
            region.name
            for number, region in enumerate(self.regions)
            if row in (None, number // side) and column in (None, number % side)
        )

    def _diagonal(self) -> tuple[str, ...]:
        """The regions that share with the hole what runs along the diagonals."""
        side = SIDE[self.level]
        return tuple(
            region.name
            for number, region in enumerate(self.regions)
            if (number // side + number % side - sum(self.hole)) % side == 0
        )


def _full(names: tuple[str, ...]) -> tuple[str, ...]:
    """The cells of a line that one can see."""
    return tuple(name for name in names if name != HOLE)


def _all(kind: str, what: str) -> str:
    """`stars`, or `red things`."""
    return plural(kind) if what == "shape" else f"{kind} things"
