"""Bars that lie, each with a whisker for its interval where there is one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from saccade.analysis.plots.style import INK, PAPER


def draw_bars(
    ax: Axes, rows: pd.DataFrame, places: Any, colour: str | Sequence[str], *, height: float
) -> None:
    """One bar per row at its place; whiskers have a pale rim, so that they show on dark bars."""
    ax.barh(places, rows["mean"], height=height, color=colour)
    ends = np.clip([rows["mean"] - rows["low"], rows["high"] - rows["mean"]], 0, None)
    whiskers = ax.errorbar(
        rows["mean"], places, xerr=ends, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2.2
    )
    for line in (*whiskers.lines[1], *whiskers.lines[2]):
        line.set_path_effects([withStroke(linewidth=2.4, foreground=PAPER)])
