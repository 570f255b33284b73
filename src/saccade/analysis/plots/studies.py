"""Draws a case study: image, question and gold answer at the left, the answers' tokens beside."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from saccade.analysis.labels import counted, label
from saccade.analysis.plots.glyphs import SANS, drawable, named
from saccade.analysis.plots.style import CORRECT, INCORRECT, INK, MUTED, PAGE, style
from saccade.analysis.plots.tokens import HEIGHT, MARKS, Place, draw_tokens, wrapped
from saccade.analysis.studies import told
from saccade.samples import Sample

WIDTH, LEFT, GAP = PAGE, 1.5, 0.25
TOP, BOTTOM, EDGE = 0.4, 0.6, 0.06
"""Inches: the figure, the column of the question, and between that and the answers; margins."""
COLUMNS, LINES, ANSWERS = 72, 16, 4
"""Characters in a line, lines of an answer and answers that are drawn at most."""
LINE, HEAD, LETTERS = 0.145, 0.22, 27
"""Height of a line of the question and of an answer's head; characters of the question's lines."""
QUESTION_LINES, IMAGES = 14, 3
"""Lines of the question and images that are drawn at most."""
SIDE = 480
"""Pixels of an image's longer side that are kept."""
MARKS_OF = {"correct": ("✓", CORRECT), "incorrect": ("✗", INCORRECT), "no verdict": ("–", MUTED)}


@dataclass(frozen=True)
class _Answer:
    """One answer, laid out."""

    head: str
    colour: str
    rows: pd.DataFrame
    places: Sequence[Place]

    @property
    def lines(self) -> int:
        """How many are drawn."""
        return min(LINES, 1 + max((line for line, _ in self.places), default=0))

    @property
    def height(self) -> float:
        """Inches, with the head."""
        return HEAD + (WIDTH - LEFT - GAP - EDGE) * HEIGHT * self.lines / COLUMNS


def plot_case_study(frame: pd.DataFrame) -> Figure:
    """The question with its images, and each answer with verdict and coloured tokens."""
    sample: Sample | None = frame.attrs["sample"]
    groups = [rows for _, rows in frame.groupby("answer", sort=False)][:ANSWERS]
    answers = [_answer(rows) for rows in groups]
    lines = _question_lines(frame, sample)
    images = [_small(image) for image in (sample.images if sample else ())[:IMAGES]]
    tall = [(LEFT - EDGE) * image.height / image.width for image in images]
    left = sum(tall) + 0.1 * len(tall) + LINE * len(lines)
    right = sum(answer.height for answer in answers) + 0.15 * (len(answers) - 1)
    height = TOP + max(left, right) + BOTTOM
    with style():
        figure = Figure(figsize=(WIDTH, height))
        figure.suptitle(_title(frame), x=0.006, y=1 - EDGE / height, ha="left", va="top")
        _draw_question(figure, images, tall, lines, height)
        _draw_answers(figure, frame, answers, height)
    return figure


def _answer(rows: pd.DataFrame) -> _Answer:
    """The head that names run, response and verdict, and the places of the tokens."""
    first, verdict = rows.iloc[0], told(rows["correct"].iloc[0])
    mark, colour = MARKS_OF[verdict]
    tokens = [str(token) for token in rows["token"]]
    places = list(wrapped(tokens, COLUMNS))
    drawn = sum(line < LINES for line, _ in places)
    cut = f", the first {drawn} shown" if drawn < len(tokens) else ""
    step = f", step {first['step']}" if first["step"] else ""
    head = (
        f"{mark} {verdict}   {named(first['run'])}, response {first['index']}{step} "
        f"(n = {counted(len(tokens), 'token')}{cut})"
    )
    return _Answer(head, colour, rows, places)


def _title(frame: pd.DataFrame) -> str:
    """What is shown, and the n."""
    count = frame["answer"].nunique()
    shown = f", {ANSWERS} shown" if count > ANSWERS else ""
    return f"One question, n = {counted(count, 'answer')}{shown}"


def _question_lines(frame: pd.DataFrame, sample: Sample | None) -> list[str]:
    """Question and gold answer, wrapped; the id alone where nothing more is known."""
    if sample is None:
        return wrap(drawable(frame["sample_id"].iloc[0], SANS), LETTERS)
    question = wrap(drawable(" ".join(sample.question.split()), SANS), LETTERS)
    if len(question) > QUESTION_LINES:
        question = [*question[: QUESTION_LINES - 1], "…"]
    gold = wrap("Gold answer: " + drawable(" ".join(sample.answer.split()), SANS), LETTERS)
    return [*question, "", *gold[:3]]


def _small(image: Image) -> Image:
    """As many pixels as can be seen."""
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Resampling.LANCZOS)
    return small


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes by their place in inches, from the upper left."""
    across, down = figure.get_size_inches()
    ax = figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
    ax.set_axis_off()
    return ax


def _draw_question(
    figure: Figure,
    images: Sequence[Image],
    tall: Sequence[float],
    lines: Sequence[str],
    height: float,
) -> None:
    """The images in a column, the words below."""
    top = TOP
    for image, size in zip(images, tall, strict=True):
        ax = _axes(figure, EDGE, top, LEFT - EDGE, size)
        ax.imshow(np.asarray(image), aspect="auto")
        ax.set_axis_on()
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=MUTED)
        top += size + 0.1
    text = "\n".join(lines)
    figure.text(EDGE / WIDTH, 1 - top / height, text, va="top", color=INK, linespacing=1.25)


def _draw_answers(
    figure: Figure, frame: pd.DataFrame, answers: Sequence[_Answer], height: float
) -> None:
    """One below the other, and what the colours mean."""
    top, left, width = TOP, LEFT + GAP, WIDTH - LEFT - GAP - EDGE
    shades = _shades(frame)
    for answer in answers:
        at = (left / WIDTH, 1 - top / height)
        figure.text(*at, answer.head, va="top", color=answer.colour, weight="bold")
        ax = _axes(figure, left, top + HEAD, width, answer.height - HEAD)
        tokens = [str(token) for token in answer.rows["token"]]
        colours = _colours(answer.rows, shades)
        draw_tokens(ax, tokens, answer.places, colours, columns=COLUMNS, lines=answer.lines)
        ax.set_anchor("NW")
        top += answer.height + 0.15
    if shades is not None:
        key = _axes(figure, left, height - 0.45, 1.5, 0.09)
        key.set_axis_on()
        bar = figure.colorbar(shades, cax=key, orientation="horizontal")
        bar.set_label(f"{label(frame.attrs['signal']).text} of a token")
        bar.outline.set_visible(False)


def _shades(frame: pd.DataFrame) -> ScalarMappable | None:
    """The colours of the signal, by its scale over all runs."""
    scale = frame.attrs["scale"]
    if scale is None:
        return None
    low, high = sorted((scale.zero, scale.full))
    return ScalarMappable(Normalize(low, high if high > low else low + 1, clip=True), MARKS)


def _colours(rows: pd.DataFrame, shades: ScalarMappable | None) -> NDArray[np.float64]:
    """A colour per token; none where there is no number."""
    values = rows["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    if shades is None:
        return np.zeros((len(values), 4))
    colours: NDArray[np.float64] = shades.to_rgba(np.nan_to_num(values))
    colours[~np.isfinite(values)] = 0
    return colours
