"""What the finders find in a run: the few most remarkable responses, each with its strip."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saccade.analysis.finders import FEWEST, FINDERS, MOST, Finder
from saccade.analysis.labels import counted, label
from saccade.analysis.report.drawn import data_uri
from saccade.analysis.report.folder import Folder
from saccade.analysis.report.strips import Shown, Strips
from saccade.analysis.report.text import visible
from saccade.analysis.tables import ten_digits
from saccade.analysis.typical import QUESTION
from saccade.errors import SaccadeError
from saccade.store import Source

FEW = 3
"""Responses of each finder that the page shows, each to another question."""


@dataclass(frozen=True)
class Find:
    """One response worth reading: the row that a finder gave, and where it can be read."""

    row: "pd.Series[Any]"
    strip: Shown

    @property
    def target(self) -> str:
        """The id of the place in the page: of the token if there is one, or of the strip."""
        return (
            f"{self.strip.id}-{self.row['position']}" if "position" in self.row else self.strip.id
        )

    @property
    def words(self) -> str:
        """The token or the words there."""
        return str(self.row.get("phrase", self.row.get("token", "")))


@dataclass(frozen=True)
class Found:
    """What one finder found, or why it cannot look."""

    finder: Finder
    frame: pd.DataFrame | None = None
    finds: Sequence[Find] = ()
    csv: str = ""
    refused: str = ""

    @property
    def title(self) -> str:
        """Its name as a heading."""
        return self.finder.name.replace("_", " ").capitalize()

    @property
    def sentence(self) -> str:
        """How many there are, by which signal, and how many of them are shown."""
        if self.frame is None:
            return self.refused
        name, n = label(self.frame.attrs["signal"]).text, len(self.frame)
        if not n:
            return f"None in this run, by {name}.{self._left_out}"
        responses, shown = self.frame["response"].nunique(), len(self.finds)
        rest = f"; shown are the {shown} most remarkable." if shown < responses else "."
        said = (
            f"{n}{' or more' if n == MOST else ''} by {name}, in {counted(responses, 'response')}"
        )
        return said + rest + self._left_out

    @property
    def _left_out(self) -> str:
        """The tasks that were not searched."""
        tasks = () if self.frame is None else self.frame.attrs.get("few", ())
        few = ", ".join(visible(task, lines=False) for task in tasks)
        return f" Left out, with fewer than {FEWEST} judged responses: {few}." if few else ""


Asked = Mapping[str, pd.DataFrame | str]
"""What each finder answers, by its name: rows, or why it cannot look."""


def asked_of_all(source: Source) -> Asked:
    """Every finder's rows."""
    return {name: _asked(finder, source) for name, finder in FINDERS.items()}


def all_found(asked: Asked, strips: Strips, folder: Folder) -> list[Found]:
    """Every finder's finds; the tables are written."""
    frames = {name: frame for name, frame in asked.items() if not isinstance(frame, str)}
    few = {name: frame.drop_duplicates(QUESTION).head(FEW) for name, frame in frames.items()}
    marked = _marked(few.values())
    found = [Found(FINDERS[name], refused=it) for name, it in asked.items() if isinstance(it, str)]
    for name, frame in frames.items():
        csv = frame.to_csv(index=False)
        folder.write({f"tables/{name}.csv": csv})
        finds = [
            Find(row, strips.strip(row, marked[int(row["response"])], first=frame.attrs["signal"]))
            for _, row in few[name].iterrows()
        ]
        found.append(Found(FINDERS[name], frame, finds, data_uri(csv)))
    return sorted(found, key=lambda it: list(FINDERS).index(it.finder.name))


def _asked(finder: Finder, source: Source) -> pd.DataFrame | str:
    """The finder's rows, or why there are none."""
    try:
        return ten_digits(finder.function(source))
    except SaccadeError as mistake:
        return visible(mistake, lines=False)


def _marked(frames: Iterable[pd.DataFrame]) -> dict[int, set[int]]:
    """Response → the places in it that any finder names, since it is shown once for all."""
    places: dict[int, set[int]] = {}
    for frame in frames:
        for _, row in frame.iterrows():
            at = places.setdefault(int(row["response"]), set())
            at |= {int(row["position"])} if "position" in row else set()
    return places


def told(found: Found) -> dict[str, Any]:
    """What `summary.json` says of it: the rows by which the explorer opens the responses."""
    if found.frame is None:
        return {"line": found.finder.line, "refused": found.refused}
    rows = [find.row.to_dict() for find in found.finds]
    return {"line": found.finder.line, "sentence": found.sentence, "rows": rows}
