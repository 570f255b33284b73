"""What a figure draws of its frame: the one that is named, or as many as there is room for.

What is left out is told in the figure's title and stands in the table behind it.
"""

import pandas as pd

from saccade.analysis.plots.style import SERIES
from saccade.errors import SaccadeError

MOST = {"panels": 12, "tasks": 6, "runs": len(SERIES)}
"""How many of each kind one figure draws."""


def chosen(frame: pd.DataFrame, column: str, name: str | None) -> str:
    """The name that is asked for, the first if none is; refused where the frame has no such."""
    known = list(dict.fromkeys(map(str, frame[column])))
    if name is not None and name not in known:
        raise SaccadeError(f"{column} must be one of {', '.join(known)}; got {name!r}.")
    return known[0] if name is None else name


def tasks_drawn(frame: pd.DataFrame) -> list[str]:
    """The tasks with most questions, in the order of their names."""
    sizes = frame.groupby("task")["n_questions"].max()
    return sorted(map(str, sizes.nlargest(MOST["tasks"]).index))


def left_out(kind: str, total: int) -> str:
    """`, 6 of 9 tasks drawn`; nothing where all are."""
    return f", {MOST[kind]} of {total} {kind} drawn" if total > MOST[kind] else ""
