"""Draws the response of `marked.py`: the kept tokens are coloured, the others grey."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize

from saccade.analysis.dependency import percent
from saccade.analysis.labels import counted, label
from saccade.analysis.marked import verdict
from saccade.analysis.plots.fitting import titled
from saccade.analysis.plots.powers import label_powers
from saccade.analysis.plots.style import COLUMN, axes_of, style
from saccade.analysis.plots.tokens import HEIGHT, MARKS, draw_tokens, wrapped

COLUMNS, LINES = 84, 40
"""Characters in a line, and lines drawn at most."""


def plot_marked_response(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Kept tokens on colour, by value, the others grey; long responses are cut, and say so."""
    with style():
        tokens = [str(token) for token in frame["token"]]
        places = list(wrapped(tokens, COLUMNS))
        lines = min(LINES, 1 + max((line for line, _ in places), default=0))
        size = 2 * COLUMN
        ax = axes_of(ax, (size, 0.85 + size * HEIGHT * lines / COLUMNS))
        shades = _shades(frame)
        colours = shades.to_rgba(frame["value"].to_numpy(dtype=np.float64))
        colours[~frame["kept"].to_numpy()] = 0
        drawn = draw_tokens(ax, tokens, places, colours, columns=COLUMNS, lines=lines)
        titled(ax, _title(frame, drawn), beside=0.2)
        _key(ax, frame, shades)
    return ax


def _shades(frame: pd.DataFrame) -> ScalarMappable:
    """Colours by value over the kept tokens; by its logarithm where all are above 0."""
    kept = frame.loc[frame["kept"], "value"]
    low, high = float(kept.min()), float(kept.max())
    if high > low > 0:
        return ScalarMappable(LogNorm(max(low, high / 1000), high, clip=True), MARKS)
    return ScalarMappable(Normalize(low, high if high > low else low + 1), MARKS)


def _title(frame: pd.DataFrame, drawn: int) -> str:
    """Which response, how many tokens, how much of it is shown."""
    facts = frame.attrs
    cut = f", the first {drawn} shown" if drawn < len(frame) else ""
    return (
        f"A response ({verdict(facts['correct'])}) of n = {counted(len(frame), 'token')}{cut}; "
        f"marked: the {int(frame['kept'].sum()):,} (top {percent(facts['top'], 0)}) of largest "
        f"{label(facts['signal']).text}"
    )


def _key(ax: Axes, frame: pd.DataFrame, shades: ScalarMappable) -> None:
    """What the colours mean, in a small bar below."""
    bar = ax.figure.colorbar(
        shades,
        ax=ax,
        pad=0.02,
        orientation="horizontal",
        anchor=(0, 1),
        panchor=(0, 1),
        shrink=0.32,
        aspect=26,
    )
    if isinstance(shades.norm, LogNorm):
        label_powers(bar.ax.xaxis)
    bar.set_label(f"{label(frame.attrs['signal']).text} of a marked token", loc="left")
    bar.outline.set_visible(False)
