"""One figure of a report: computed, drawn and written, or why it is not there."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from saccade.analysis.figure import Figure, Finding
from saccade.analysis.labels import label
from saccade.analysis.report.files import drawings
from saccade.analysis.report.folder import Folder
from saccade.analysis.report.svg import inline
from saccade.analysis.report.text import visible
from saccade.analysis.tables import ten_digits
from saccade.errors import SaccadeError

if TYPE_CHECKING:
    from saccade.analysis.figure import Read


CARRIED = 10_000
"""Rows of a table that a page carries; a larger one lies beside it alone."""


@dataclass(frozen=True)
class Drawn:
    """One figure of one run: what the page needs, or why there is no drawing."""

    figure: Figure
    svg: str = ""
    finding: Finding | None = None
    frame: pd.DataFrame | None = None
    csv: str = ""
    """The numbers behind it as an address; empty where they are too many for a page."""
    places: Sequence[Sequence[Mapping[str, Any]]] = ()
    """Where the words of a figure are said: for each word some occurrences."""
    refused: str = ""


def drawn(
    sources: Mapping[Figure, "Read"], folder: Folder, anchor: str, ahead: Executor
) -> Iterator[Drawn]:
    """Figures computed, drawn and written, in their order; those that cannot be had say why.

    All of them are at once given to the threads that compute ahead, so that while one is drawn
    the numbers of the next come.
    """
    frames = ahead.map(_computed, sources, sources.values())
    return (
        _drawn(figure, frame, folder, anchor) for figure, frame in zip(sources, frames, strict=True)
    )


def _computed(figure: Figure, source: "Read") -> pd.DataFrame | str:
    """The numbers of a figure; or why the run has none."""
    try:
        return ten_digits(figure.frame(source))
    except SaccadeError as mistake:
        return visible(mistake, lines=False)


def _drawn(figure: Figure, frame: pd.DataFrame | str, folder: Folder, anchor: str) -> Drawn:
    """One figure drawn and written."""
    if isinstance(frame, str):
        return Drawn(figure, refused=frame)
    canvas, finding = figure.draw(frame), _found(figure, frame)
    (svg, png), csv = drawings(canvas), frame.to_csv(index=False)
    drawing = f"figures/{figure.id}"
    folder.write({f"{drawing}.svg": svg, f"{drawing}.png": png, f"tables/{figure.id}.csv": csv})
    shown = Markup(inline(svg, prefix=f"{anchor}-{figure.id}", label=finding.sentence))  # noqa: S704
    uri = data_uri(csv) if len(frame) <= CARRIED else ""
    return Drawn(figure, shown, finding, frame, uri, _places(frame))


def _found(figure: Figure, frame: pd.DataFrame) -> Finding:
    """What a figure finds; its sentence may quote the run's text, of which nothing may act."""
    finding = figure.find(frame)
    return replace(finding, sentence=visible(finding.sentence, lines=False))


def _places(frame: pd.DataFrame) -> list[list[dict[str, Any]]]:
    """The occurrences that a figure's numbers name, word by word."""
    found = frame.attrs.get("occurrences", ())
    named = ({**place, "panel": label(place["panel"]).text} for place in found)
    return [list(group) for _, group in groupby(named, key=lambda place: place["anchor"])]


def data_uri(csv: str) -> str:
    """A table as an address, so that the page carries it."""
    return "data:text/csv;charset=utf-8;base64," + base64.b64encode(csv.encode()).decode()


def told(figure: Drawn) -> dict[str, Any]:
    """What `summary.json` says of it: its sentence and numbers, or why there are none."""
    if figure.finding is None:
        return {"title": figure.figure.title, "refused": figure.refused}
    return {
        "title": figure.figure.title,
        "sentence": figure.finding.sentence,
        "numbers": figure.finding.numbers.to_dict("records"),
    }
