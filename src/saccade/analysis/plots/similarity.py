"""Draws the distributions of `distributions.py`: curves, one tick per question, medians, n."""

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from saccade.analysis.density import gaussian_kde, why_no_curve
from saccade.analysis.distributions import PANELS, over_steps
from saccade.analysis.labels import counted, label
from saccade.analysis.plots.fitting import fitted, headed, room, titled
from saccade.analysis.plots.panels import HANDLE
from saccade.analysis.plots.style import (
    COLUMN,
    CORRECT,
    INCORRECT,
    INK,
    MUTED,
    PAGE,
    axes_of,
    style,
)
from saccade.analysis.ranking import panel_title
from saccade.errors import SaccadeError

if TYPE_CHECKING:
    from saccade.analysis.density import Floats

Dashes = Literal["-"] | tuple[float, tuple[float, float]]

GROUPS: dict[bool, tuple[str, str, Dashes]] = {
    True: ("correct", CORRECT, "-"),
    False: ("incorrect", INCORRECT, (0, (4, 1.6))),
}
"""Name, colour and line of either verdict, in the order drawn."""
RUG = {True: -0.045, False: -0.105}
"""Where each group's ticks stand below the curves, as a share of the highest curve."""
BARE = {True: 0.62, False: 0.3}
"""The same where no group has a curve."""
NOTHING = "no response has a verdict and this signal"
TICKS = 1000
"""Questions of a group that have ticks."""


def plot_similarity_distributions(
    frame: pd.DataFrame, *, panel: str = "all", ax: Axes | None = None
) -> Axes:
    """One panel: the distribution over questions of correct and of incorrect responses.

    A group too small or too uniform for a curve keeps its ticks and median, and the panel says so.
    """
    if panel not in PANELS:
        raise SaccadeError(f"panel must be one of {', '.join(PANELS)}; got {panel!r}.")
    with style():
        ax = axes_of(ax, (COLUMN, 2.5))
        groups = {verdict: _values(frame, panel, verdict=verdict) for verdict in GROUPS}
        peak = _draw_curves(ax, groups)
        _draw_ticks(ax, groups, peak)
        entries = [_entry(ax, name, groups[verdict]) for verdict, (name, *_) in GROUPS.items()]
        _finish(ax, frame, panel, peak, lines=sum(1 + e.count("\n") for e in entries))
        if not _bare(groups):
            ax.set_ylabel("density of questions")
            ax.axhline(0, color=MUTED, linewidth=0.7, zorder=0.5)
        _legend(ax, groups, entries)
    return ax


def plot_similarity_panels(frame: pd.DataFrame) -> Figure:
    """The three panels side by side, lettered, with the number of questions and responses."""
    with style():
        layout = ConstrainedLayoutEngine(wspace=0.06, h_pad=0.07)
        figure = Figure(figsize=(PAGE, 2.9), layout=layout)
        for letter, panel, ax in zip("abc", PANELS, figure.subplots(1, len(PANELS)), strict=True):
            plot_similarity_distributions(frame, panel=panel, ax=ax)
            titled(ax, f"{letter}   {panel_title(panel, frame.attrs.get('top'))}")
            if panel != PANELS[0]:
                ax.set_ylabel("")
        headed(figure, _overall_title(frame))
    return figure


def _overall_title(frame: pd.DataFrame) -> str:
    """The signal, and the n behind all panels."""
    name = label(frame.attrs.get("signal", "visual_similarity")).text
    part = frame[frame["panel"] == "all"]
    keys = [key for key in ("task", "sample_id") if key in frame]
    questions, responses = len(part[keys].drop_duplicates()), int(part["n_rollouts"].sum())
    n = f"{counted(questions, 'question')}, {counted(responses, 'response')}"
    return f"{name.capitalize()} per question ({n})"


def _values(frame: pd.DataFrame, panel: str, *, verdict: bool) -> "Floats":
    """The values of one group in one panel."""
    rows = frame[(frame["panel"] == panel) & (frame["correct"] == verdict)]
    return over_steps(rows)["value"].to_numpy(dtype=np.float64)


def _bare(groups: dict[bool, "Floats"]) -> bool:
    """Whether no group has enough for a curve."""
    return all(why_no_curve(values) is not None for values in groups.values())


def _draw_curves(ax: Axes, groups: dict[bool, "Floats"]) -> float:
    """Filled curves where there is enough to draw one; the height of the highest."""
    peak = 0.0
    for verdict, values in groups.items():
        if why_no_curve(values) is not None:
            continue
        _, colour, dashes = GROUPS[verdict]
        grid, density = gaussian_kde(values)
        ax.fill_between(grid, density, color=colour, alpha=0.13, linewidth=0)
        ax.plot(grid, density, color=colour, linestyle=dashes)
        peak = max(peak, float(density.max()))
        middle = float(np.median(values))
        height = float(np.interp(middle, grid, density))
        ax.plot([middle, middle], [0, height], color=colour, linewidth=0.9, linestyle=dashes)
        ax.plot([middle], [height], "o", color=colour, markersize=3.6, markeredgecolor="#ffffff")
    return peak or 1.0


def _draw_ticks(ax: Axes, groups: dict[bool, "Floats"], peak: float) -> None:
    """One tick per question: below the curves, or filling the panel where there are none.

    Of very many, one in so many by value: each would be a line of its own in the vector file.
    """
    rows, half = (BARE, 0.08) if _bare(groups) else (RUG, 0.021)
    for verdict, values in groups.items():
        _, colour, _ = GROUPS[verdict]
        low, high = (rows[verdict] - half) * peak, (rows[verdict] + half) * peak
        alpha = float(np.clip(12 / max(len(values), 1), 0.18, 0.75))
        ticks = np.sort(values)[:: 1 + len(values) // TICKS]
        ax.vlines(ticks, low, high, color=colour, linewidth=0.8, alpha=alpha)
        if len(values) and why_no_curve(values) is not None:
            ax.plot([np.median(values)], [rows[verdict] * peak], "D", color=colour, markersize=3.6)


def _finish(ax: Axes, frame: pd.DataFrame, panel: str, peak: float, *, lines: int) -> None:
    """Title, axis words and limits, with room for so many lines above the curves."""
    name = label(frame.attrs.get("signal", "visual_similarity")).text
    titled(ax, panel_title(panel, frame.attrs.get("top")))
    ax.set_xlabel(f"mean {name} of a question")
    ax.set_ylim(-0.15 * peak, (1 + 0.16 * lines) * peak)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.margins(x=0.02)


def _legend(ax: Axes, groups: dict[bool, "Floats"], entries: list[str]) -> None:
    """Who is who, with n and median, and for every group without a curve the reason."""
    if not any(len(values) for values in groups.values()):
        ax.set_xticks([])
        ax.text(0.5, 0.5, NOTHING, transform=ax.transAxes, ha="center", color=INK, style="italic")
        return
    handles = [
        Line2D([], [], color=colour, linestyle=dashes, label=entry)
        for entry, (_, colour, dashes) in zip(entries, GROUPS.values(), strict=True)
    ]
    ax.legend(handles=handles, loc="upper left").set_in_layout(False)


def _entry(ax: Axes, name: str, values: "Floats") -> str:
    """What the legend says of one group, in lines that the panel has room for."""
    if len(values) == 0:
        said = f"no {name} responses: nothing to compare"
    else:
        reason = why_no_curve(values)
        note = "" if reason is None else f" ({reason})"
        said = f"{name}, n = {len(values)}, median {np.median(values):.3f}{note}".replace("-", "−")
    inches, size = room(ax) - HANDLE, rcParams["legend.fontsize"]
    return fitted(fitted(said, inches, size=size, between=", "), inches, size=size)
