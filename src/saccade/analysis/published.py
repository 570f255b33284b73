"""Numbers that the papers published, and one's own accuracy beside them: never one for the other.

`published.csv` holds the papers' tables, each row with its paper; a field that our source does not
state is empty. Whoever compares should know that prompts, budgets and graders differ. Only numbers
here; `plots/published.py` draws them.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from saccade.analysis.figure import Finding
from saccade.analysis.intervals import interval_words, over_questions
from saccade.analysis.kept import last_accuracy
from saccade.analysis.series import Sources
from saccade.errors import SaccadeError
from saccade.store import Run, Source

DATA = Path(__file__).with_name("published.csv")
COMPARED = ("main", "grounding", "few-shot", "puzzles", "scale")
"""Tables that compare methods; the others are ablations and costs."""
SPLITS = {"validation": "val", "testmini": "mini"}
"""What the papers call a split."""
COLUMNS = ["benchmark", "kind", "name", "backbone", "source", "metric", "value", "low", "high", "n"]


def published_numbers() -> pd.DataFrame:
    """The papers' tables: paper, arxiv, table, backbone, method, setting, benchmark, metric, value.

    `value` is missing where the paper gives none; `note` says why.
    """
    return pd.read_csv(DATA, dtype={"arxiv": str}, keep_default_na=False, na_values={"value": [""]})


def beside_published(
    sources: Sources, *, benchmarks: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """One's own accuracy and the published numbers of the same benchmarks, in percent.

    `benchmarks` says which task is which benchmark; by default that is read from the names of task
    and split. `kind` is measured or published. A run is judged at its last step.
    """
    published = published_numbers().query("table in @COMPARED").dropna(subset="value")
    names = list(dict.fromkeys(published["benchmark"]))
    parts = [_measured(name, of, names, benchmarks) for name, of in sources.items()]
    measured = pd.concat(parts, ignore_index=True)
    if measured.empty:
        raise SaccadeError(
            "No task of these runs is a benchmark of the papers' tables, such as "
            f"{', '.join(names[:3])}, so no published number belongs beside them. Where one is, "
            'say so: beside_published(runs, benchmarks={"my/task": "Geometry3K test"}).'
        )
    beside = published[published["benchmark"].isin(measured["benchmark"])]
    rows = beside.rename(columns={"method": "name", "paper": "source"}).assign(kind="published")
    frame = pd.concat([measured, rows.reindex(columns=COLUMNS)], ignore_index=True)
    order = frame["benchmark"].map({name: place for place, name in enumerate(names)})
    frame = frame.loc[order.sort_values(kind="stable").index, COLUMNS].reset_index(drop=True)
    frame.attrs = {"runs": list(sources)}
    return frame


def _measured(
    name: str, source: Source, names: list[str], benchmarks: Mapping[str, str] | None
) -> pd.DataFrame:
    """The accuracy of one run on those of its tasks that are benchmarks."""
    items = last_accuracy(source)
    split = str(source.manifest.task.get("split") or "") if isinstance(source, Run) else ""
    known = {
        task: _benchmark(task, split, names) if benchmarks is None else benchmarks.get(task)
        for task in items["task"].unique()
    }
    items = items.assign(benchmark=items["task"].map(known)).dropna(subset="benchmark")
    if items.empty:
        return pd.DataFrame(columns=COLUMNS)
    found = over_questions(items, ["benchmark"]).rename(columns={"n_questions": "n"})
    percent = found[["mean", "low", "high"]].mul(100).rename(columns={"mean": "value"})
    return (
        found[["benchmark", "n"]]
        .join(percent)
        .assign(kind="measured", name=name, backbone="", source="", metric="accuracy")[COLUMNS]
    )


def _benchmark(task: str, split: str, names: list[str]) -> str | None:
    """The benchmark that has the whole name of the task, with or without its split."""
    meant = {_plain(task), _plain(task + split), _plain(task + SPLITS.get(split, ""))}
    return next((name for name in names if _plain(name) in meant), None)


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def describe_published(frame: pd.DataFrame) -> Finding:
    """Per benchmark: one's own accuracy, and the range of what was published."""
    said = [_words(str(name), rows) for name, rows in frame.groupby("benchmark", sort=False)]
    how = "Published numbers come from other prompts, budgets and graders; they are no baseline."
    return Finding(" ".join([*said, how]), frame)


def _words(benchmark: str, rows: pd.DataFrame) -> str:
    """One benchmark."""
    published = rows[rows["kind"] == "published"].sort_values("value")
    ends = [_published(row) for row in published.iloc[[0, -1]].itertuples()]
    own = ", ".join(_own(rows[rows["kind"] == "measured"]))
    return f"{benchmark}: measured {own}; published, {len(published)} numbers: {' to '.join(ends)}."


def _own(rows: pd.DataFrame) -> Iterator[str]:
    """Each run's accuracy with its interval."""
    for row in rows.to_dict("records"):
        interval = interval_words(row["low"], row["high"], ".1f")
        yield f"{row['name']} {row['value']:.1f} % {interval} (n = {row['n']:.0f})"


def _published(row: Any) -> str:
    """`14.25 (Base, Qwen2.5-VL-3B; PEPO)`."""
    who = ", ".join(part for part in (row.name, row.backbone) if part)
    return f"{row.value:g} ({who}; {row.source})"
