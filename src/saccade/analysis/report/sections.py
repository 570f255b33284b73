"""The part of a report that is about one run, its files written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from saccade.analysis.accuracy import accuracy_by_task
from saccade.analysis.figures import FIGURES, Figure
from saccade.analysis.report import found as finds
from saccade.analysis.report.cases import typical_rows
from saccade.analysis.report.drawn import Drawn, drawn, told
from saccade.analysis.report.folder import Folder
from saccade.analysis.report.found import Found, all_found, asked_of_all
from saccade.analysis.report.making import Making
from saccade.analysis.report.strips import Shown, Strips
from saccade.analysis.tables import Tables, run_facts, skipped


@dataclass(frozen=True)
class Section:
    """One run in the report."""

    name: str
    anchor: str
    facts: Mapping[str, str]
    accuracy: pd.DataFrame
    skipped: Mapping[str, int]
    damaged: int
    figures: Sequence[Drawn]
    cases: Sequence[tuple[str, Shown]]
    found: Sequence[Found]


def figures_of_one() -> list[Figure]:
    """The figures of a single run."""
    return [figure for figure in FIGURES.values() if figure.reads == "run"]


def section_of(name: str, tables: Tables, anchor: str, folder: Folder, making: Making) -> Section:
    """Everything about one run; its finds and cases are looked for while figures are drawn."""
    accuracy = accuracy_by_task(tables.rollouts)
    folder.write({"tables/accuracy.csv": accuracy.to_csv(index=False)})
    strips = Strips(tables, making.scales, anchor)
    figures = drawn(dict.fromkeys(figures_of_one(), tables.source), folder, anchor, making.ahead)
    asked = making.ahead.submit(asked_of_all, tables.source)
    chosen = making.ahead.submit(typical_rows, tables.source)
    return Section(
        name=name,
        anchor=anchor,
        facts=run_facts(tables.run),
        accuracy=accuracy,
        skipped=skipped(tables.run),
        damaged=len(getattr(tables.run, "broken", ())),
        figures=list(making.each(figures)),
        found=all_found(asked.result(), strips, folder),
        cases=[(why, strips.strip(row, mentions=True)) for why, row in chosen.result()],
    )


def summary(section: Section) -> dict[str, Any]:
    """What `summary.json` says of one run."""
    return {
        "facts": section.facts,
        "skipped": section.skipped,
        "accuracy": section.accuracy.to_dict("records"),
        "figures": {figure.figure.id: told(figure) for figure in section.figures},
        "finders": {found.finder.name: finds.told(found) for found in section.found},
    }
