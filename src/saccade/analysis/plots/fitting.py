"""Text broken into lines that fit: a title over its panel, a name in a legend, words in a column.

Panels of a figure at the size it is printed are narrow, and matplotlib breaks no title at the next.
"""

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

BESIDE = 0.75
"""Inches that ticks and label take at the left of an axes."""
EDGE = 0.006
"""Where the title of a figure begins, as a share of its width."""


def fitted(
    text: str, inches: float, *, size: float, weight: str = "normal", between: str = " "
) -> str:
    """The same words in lines of so many inches at most; a longer word is broken too."""
    lines: list[str] = []
    for given in text.split("\n"):
        lines.append("")
        for word in given.split(between):
            longer = f"{lines[-1]}{between}{word}" if lines[-1] else word
            if lines[-1] and across(longer, size, weight) > inches:
                lines.append("")
                longer = word
            while len(longer) > 1 and across(longer, size, weight) > inches:
                fits = range(len(longer) - 1, 1, -1)
                cut = next((n for n in fits if across(longer[:n], size, weight) <= inches), 1)
                lines[-1:] = [longer[:cut], ""]
                longer = longer[cut:]
            lines[-1] = longer
    return "\n".join(lines)


def room(ax: Axes) -> float:
    """Inches across that an axes has about, told before the figure is laid out."""
    spec, figure = ax.get_subplotspec(), ax.get_figure(root=True)
    assert figure is not None
    width: float = figure.get_size_inches()[0]
    return width / (spec.get_gridspec().ncols if spec else 1) - BESIDE


def titled(ax: Axes, text: str, *, beside: float = BESIDE) -> None:
    """The title of a panel, no wider than the panel without the inches at its left."""
    size = rcParams["axes.titlesize"]
    inches = room(ax) + BESIDE - beside
    ax.set_title(fitted(text, inches, size=size, weight="bold"), loc="left")


def headed(figure: Figure, text: str) -> None:
    """The title of a figure, no wider than the figure."""
    width, size = figure.get_size_inches()[0], rcParams["figure.titlesize"]
    said = fitted(text, (1 - 3 * EDGE) * width, size=size, weight="bold")
    figure.suptitle(said, x=EDGE, ha="left")


def across(text: str, size: float, weight: str = "normal") -> float:
    """How wide a line is, in inches."""
    font = FontProperties(size=size, weight=weight)
    points: float = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
    return points / 72
