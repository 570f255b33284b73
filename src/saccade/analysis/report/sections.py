"""The part of a report that is about one run, its files written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from saccade.analysis.accuracy import accuracy_by_task
from saccade.analysis.figures import FIGURES
from saccade.analysis.report import found as finds
from saccade.analysis.report.cases import typical_rows
from saccade.analysis.report.drawn import Drawn, drawn, told
from saccade.analysis.report.files import write
from saccade.analysis.report.found import Found, all_found
from saccade.analysis.report.strips import Shown, Strips
from saccade.analysis.scales import Scale
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


def section_of(
    name: str, tables: Tables, folder: Path, anchor: str, scales: Mapping[str, Scale]
) -> Section:
    """Everything about one run."""
    accuracy = accuracy_by_task(tables.rollouts)
    write(folder / "tables" / "accuracy.csv", accuracy.to_csv(index=False))
    strips = Strips(tables, scales, anchor)
    return Section(
        name=name,
        anchor=anchor,
        facts=run_facts(tables.run),
        accuracy=accuracy,
        skipped=skipped(tables.run),
        damaged=len(getattr(tables.run, "broken", ())),
        figures=drawn(
            {figure: tables.source for figure in FIGURES.values() if figure.reads == "run"},
            folder,
            anchor,
        ),
        found=all_found(tables.source, strips, folder),
        cases=[(why, strips.strip(row, mentions=True)) for why, row in typical_rows(tables.source)],
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
