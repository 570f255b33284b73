"""From runs to files: figures, tables, `summary.json`, and last of all `report.html`.

The page is written last, so a report that is there is complete. The same input gives the same
bytes: nothing in here knows the time or the machine.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from saccade.analysis.accuracy import accuracy_by_task, compare_accuracy
from saccade.analysis.comparing import Pair
from saccade.analysis.figures import FIGURES, Figure, Finding
from saccade.analysis.labels import label
from saccade.analysis.report.cases import paired_case, typical_cases
from saccade.analysis.report.files import draw_bytes, slug, to_json, write
from saccade.analysis.report.pages import environment, stylesheet
from saccade.analysis.report.strip import SHOWN, token_strip
from saccade.analysis.report.svg import inline
from saccade.analysis.scales import Scale, pinned_scales
from saccade.analysis.tables import RunLike, Tables, run_facts, skipped, ten_digits
from saccade.errors import SaccadeError
from saccade.store import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saccade.analysis.figure import Read

TOGETHER = "together"
"""The part of the page, and the folder's place, of what reads all runs."""
FIRST_ROWS = 8
"""Rows of a table that the page shows; the whole table is attached."""


@dataclass(frozen=True)
class Drawn:
    """One figure of one run: what the page needs, or why there is no drawing."""

    figure: Figure
    svg: str = ""
    finding: Finding | None = None
    frame: pd.DataFrame | None = None
    csv: str = ""
    places: "Sequence[Sequence[Mapping[str, Any]]]" = ()
    """Where the words of a figure are said: for each word some occurrences."""
    refused: str = ""


@dataclass(frozen=True)
class Section:
    """One run in the report."""

    name: str
    anchor: str
    facts: Mapping[str, str]
    accuracy: pd.DataFrame
    skipped: Mapping[str, int]
    damaged: int
    figures: "Sequence[Drawn]"
    cases: "Sequence[tuple[str, Markup]]"


def analyze(run: RunLike | str | Path, out: str | Path, *, name: str | None = None) -> Path:
    """Write every figure, the tables behind them and `report.html` of one run; the page's path."""
    opened = _opened(run)
    return render({name or _name(opened): opened}, out)


def render(
    runs: Mapping[str, RunLike | str | Path],
    out: str | Path,
    *,
    title: str | None = None,
    forced: Mapping[str, Pair] | None = None,
) -> Path:
    """One report of one or several runs by name (`before`, `after`); the path of the page.

    One run's files lie in `figures/` and `tables/` of `out`; several runs have a folder each.
    Tokens are coloured by one scale, so that all strips of the report compare. `forced` are pairs
    of models that read the same responses, by who gave these; they have figures of their own.
    """
    if not runs:
        raise SaccadeError("A report needs at least one run; none was given.")
    tables = {name: Tables(_opened(run)) for name, run in runs.items()}
    folder = Path(out)
    anchors = _anchors(tables)
    scales = _common_scales(tables.values())
    sections = [
        _section(
            name, read, folder / (anchors[name] if len(tables) > 1 else ""), anchors[name], scales
        )
        for name, read in tables.items()
    ]
    sources = {name: read.source for name, read in tables.items()}
    together = _together(sources, forced or {}, folder)
    write(folder / "summary.json", to_json(_summaries(sections, together)))
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            title=title or " and ".join(tables),
            sections=sections,
            compared=_compared(tables),
            together=together,
            pair=_pair(tables, scales),
            first_rows=FIRST_ROWS,
            css=stylesheet("report.css") + stylesheet("strip.css"),
        )
    )
    return write(folder / "report.html", page)


def _together(
    sources: Mapping[str, Source], forced: Mapping[str, Pair], folder: Path
) -> "list[Drawn]":
    """What is drawn of all runs, as far as there is what it reads."""
    given: dict[str, Read] = {"runs": sources, "forced": forced}
    given["compared"] = sources if len(sources) > 1 else {}
    return [
        _drawn(figure, given[figure.reads], folder, TOGETHER)
        for figure in FIGURES.values()
        if len(given.get(figure.reads, ()))
    ]


def _opened(run: RunLike | str | Path) -> RunLike:
    """A run, opened if it was named by its folder."""
    if not isinstance(run, str | Path):
        return run
    from saccade.store import open_run

    opened: RunLike = open_run(run)
    return opened


def _name(run: RunLike) -> str:
    """What to call a run that was given no name: its folder."""
    return Path(str(getattr(run, "path", "run"))).name


def _anchors(names: Iterable[str]) -> dict[str, str]:
    """One safe name per run, for its folder and its place in the page; no two are equal."""
    found: dict[str, str] = {}
    for name in names:
        anchor = slug(name)
        while anchor in {*found.values(), TOGETHER}:
            anchor += "-"
        found[name] = anchor
    return found


def _common_scales(tables: Iterable[Tables]) -> dict[str, Scale]:
    """One colour scale per signal over the tokens of all runs."""
    frames = [read.tokens[[name for name in SHOWN if name in read.tokens]] for read in tables]
    return pinned_scales(pd.concat(frames), SHOWN)


def _section(
    name: str, tables: Tables, folder: Path, anchor: str, scales: Mapping[str, Scale]
) -> Section:
    """Everything about one run, its files written."""
    accuracy = accuracy_by_task(tables.rollouts)
    write(folder / "tables" / "accuracy.csv", accuracy.to_csv(index=False))
    return Section(
        name=name,
        anchor=anchor,
        facts=run_facts(tables.run),
        accuracy=accuracy,
        skipped=skipped(tables.run),
        damaged=len(getattr(tables.run, "broken", ())),
        figures=[
            _drawn(figure, tables.source, folder, anchor)
            for figure in FIGURES.values()
            if figure.reads == "run"
        ],
        cases=[
            (why, token_strip(trace, scales=scales, mentions=True, styled=False, key=anchor))
            for why, trace in typical_cases(tables)
        ],
    )


def _drawn(figure: Figure, source: "Read", folder: Path, anchor: str) -> Drawn:
    """One figure computed, drawn and written; a run that lacks what it needs says so instead."""
    try:
        frame = figure.frame(source)
    except SaccadeError as mistake:
        return Drawn(figure, refused=str(mistake))
    frame = ten_digits(frame)
    canvas, finding = figure.draw(frame), figure.find(frame)
    svg, csv = draw_bytes(canvas, "svg").decode(), frame.to_csv(index=False)
    write(folder / "figures" / f"{figure.id}.svg", svg)
    write(folder / "figures" / f"{figure.id}.png", draw_bytes(canvas, "png"))
    write(folder / "tables" / f"{figure.id}.csv", csv)
    shown = Markup(inline(svg, prefix=f"{anchor}-{figure.id}", label=finding.sentence))  # noqa: S704
    return Drawn(figure, shown, finding, frame, _data_uri(csv), _places(frame))


def _places(frame: pd.DataFrame) -> list[list[dict[str, Any]]]:
    """The occurrences that a figure's numbers name, word by word."""
    found = frame.attrs.get("occurrences", ())
    named = ({**place, "panel": label(place["panel"]).text} for place in found)
    return [list(group) for _, group in groupby(named, key=lambda place: place["anchor"])]


def _data_uri(csv: str) -> str:
    """A table as an address, so that the page carries it."""
    return "data:text/csv;charset=utf-8;base64," + base64.b64encode(csv.encode()).decode()


def _compared(tables: Mapping[str, Tables]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Tasks with a row per run, where there are several runs."""
    if len(tables) < 2:
        return []
    frame = compare_accuracy({name: read.rollouts for name, read in tables.items()})
    return [
        (str(task), [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")])
        for task, rows in frame.groupby("task", sort=False)
    ]


def _pair(
    tables: Mapping[str, Tables], scales: Mapping[str, Scale]
) -> tuple[str, list[tuple[str, Markup]]] | None:
    """One question as every run answered it, where there are several runs."""
    found = paired_case(tables) if len(tables) > 1 else None
    if found is None:
        return None
    why, traces = found
    return why, [
        (name, token_strip(trace, scales=scales, styled=False, key=f"pair {name}"))
        for name, trace in zip(tables, traces, strict=True)
    ]


def _summaries(sections: "Sequence[Section]", together: "Sequence[Drawn]") -> dict[str, Any]:
    """What `summary.json` says."""
    return {
        "runs": {section.name: _summary(section) for section in sections},
        "together": {drawn.figure.id: _figure_summary(drawn) for drawn in together},
    }


def _summary(section: Section) -> dict[str, Any]:
    """What `summary.json` says of one run."""
    return {
        "facts": section.facts,
        "skipped": section.skipped,
        "accuracy": section.accuracy.to_dict("records"),
        "figures": {drawn.figure.id: _figure_summary(drawn) for drawn in section.figures},
    }


def _figure_summary(drawn: Drawn) -> dict[str, Any]:
    """One figure's sentence and numbers, or why there are none."""
    if drawn.finding is None:
        return {"title": drawn.figure.title, "refused": drawn.refused}
    return {
        "title": drawn.figure.title,
        "sentence": drawn.finding.sentence,
        "numbers": drawn.finding.numbers.to_dict("records"),
    }
