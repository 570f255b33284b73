"""From runs to files: figures, tables, `summary.json`, and last of all `report.html`.

The page is written last, so a report that is there is complete. The same input gives the same
bytes: nothing in here knows the time or the machine.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saccade.analysis.accuracy import compare_accuracy
from saccade.analysis.comparing import Pair
from saccade.analysis.figures import FIGURES, Figure
from saccade.analysis.report.drawn import Drawn, drawn, told
from saccade.analysis.report.files import slug, to_json
from saccade.analysis.report.folder import Folder
from saccade.analysis.report.making import Making, Progress, look_ahead
from saccade.analysis.report.pages import environment, stylesheet
from saccade.analysis.report.sections import Section, figures_of_one, section_of, summary
from saccade.analysis.report.strip import SHOWN
from saccade.analysis.report.strips import Shown, Strips
from saccade.analysis.report.svg import letters_once
from saccade.analysis.scales import Scale, common_scales
from saccade.analysis.tables import RunLike, Tables
from saccade.errors import SaccadeError

if TYPE_CHECKING:
    from saccade.analysis.figure import Read

TOGETHER = "together"
"""The part of the page, and the folder's place, of what reads all runs."""
PAGE = "report.html"
FIRST_ROWS = 8
"""Rows of a table that the page shows; the whole table is attached."""


@dataclass(frozen=True)
class Together:
    """What reads all runs of the report."""

    figures: Sequence[Drawn]
    compared: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
    """Tasks with a row per run, where there are several runs."""
    notices: Sequence[str]
    """What is to be known of the comparison as a whole."""
    answers: Sequence[tuple[str, Shown]]
    """The answers of the case study, token by token."""


def analyze(
    run: RunLike | str | Path,
    out: str | Path,
    *,
    name: str | None = None,
    on_progress: Progress | None = None,
) -> Path:
    """Write every figure, the tables behind them and `report.html` of one run; the page's path."""
    opened = _opened(run)
    return render({name or _name(opened): opened}, out, on_progress=on_progress)


def render(
    runs: Mapping[str, RunLike | str | Path],
    out: str | Path,
    *,
    title: str | None = None,
    forced: Mapping[str, Pair] | None = None,
    notices: Sequence[str] = (),
    on_progress: Progress | None = None,
) -> Path:
    """One report of one or several runs by name (`before`, `after`); the path of the page.

    One run's files lie in `figures/` and `tables/` of `out`; several runs have a folder each.
    What an earlier report left there is removed. Tokens are coloured by one scale, so that all
    strips of the report compare. `forced` are pairs of models that read the same responses, by who
    gave these; they have figures of their own. `notices` are sentences that the page says of all
    runs together, such as what was left out. `on_progress` is told how many of the figures, and
    the page, are done.
    """
    if not runs:
        raise SaccadeError("A report needs at least one run; none was given.")
    folder, tables = Folder(Path(out)), {name: Tables(_opened(run)) for name, run in runs.items()}
    anchors, given = _anchors(tables), _given(tables, forced or {})
    scales = common_scales((read.source for read in tables.values()), SHOWN)
    steps = len(tables) * len(figures_of_one()) + len(given) + 1
    with look_ahead() as ahead:
        making = Making(folder, scales, ahead, steps, on_progress)
        making.tell()
        parts = {name: folder.part(anchors[name]) if len(tables) > 1 else folder for name in tables}
        sections = [
            section_of(name, read, anchors[name], parts[name], making)
            for name, read in tables.items()
        ]
        together = _together(tables, given, notices, anchors, making)
    said = {
        "runs": {section.name: summary(section) for section in sections},
        "together": {figure.figure.id: told(figure) for figure in together.figures},
        "notices": list(notices),
    }
    folder.write({"summary.json": to_json(said)})
    folder.write({PAGE: _page(title or " and ".join(tables), sections, together)})
    folder.clear()
    making.step()
    return Path(out) / PAGE


def _page(title: str, sections: Sequence[Section], together: Together) -> str:
    """The page, with its style in it."""
    css = stylesheet("report.css") + stylesheet("strip.css")
    template = environment().get_template("report.html.j2")
    return letters_once(
        template.render(
            title=title, sections=sections, together=together, first_rows=FIRST_ROWS, css=css
        )
    )


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


def _given(tables: Mapping[str, Tables], forced: Mapping[str, Pair]) -> dict[Figure, "Read"]:
    """The figures of all runs, as far as there is what they read, each with that."""
    sources = {name: read.source for name, read in tables.items()}
    given: dict[str, Read] = {"runs": sources}
    given |= {"compared": sources} if len(tables) > 1 else {}
    given |= {"forced": forced} if forced else {}
    return {figure: given[figure.reads] for figure in FIGURES.values() if figure.reads in given}


def _together(
    tables: Mapping[str, Tables],
    given: Mapping[Figure, "Read"],
    notices: Sequence[str],
    anchors: Mapping[str, str],
    making: Making,
) -> Together:
    """What reads all runs; of one run, in its own part."""
    anchor = TOGETHER if len(tables) > 1 else next(iter(anchors.values()))
    figures = list(making.each(drawn(given, making.folder, anchor, making.ahead)))
    answers = _answers(tables, figures, making.scales)
    return Together(figures, _compared(tables), notices, answers)


def _compared(tables: Mapping[str, Tables]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Tasks with a row per run, where there are several runs."""
    if len(tables) < 2:
        return []
    frame = compare_accuracy({name: read.rollouts for name, read in tables.items()})
    return [
        (str(task), [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")])
        for task, rows in frame.groupby("task", sort=False)
    ]


def _answers(
    tables: Mapping[str, Tables], figures: Iterable[Drawn], scales: Mapping[str, Scale]
) -> list[tuple[str, Shown]]:
    """The answers of the case study, if there is one, to be read by every signal."""
    frame = next((it.frame for it in figures if it.figure.id == "pepo_5"), None)
    if frame is None:
        return []
    return [
        (str(row["run"]), Strips(tables[row["run"]], scales, f"pair {row['answer']}").strip(row))
        for _, row in frame.drop_duplicates("answer").iterrows()
    ]
