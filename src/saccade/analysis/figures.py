"""FIGURES: every figure by id. To add one: write compute, plot and describe, and list them here.

Functions are named as `module:function` and fetched when used, so that reading this table costs
nothing: `saccade list figures` loads neither pandas nor matplotlib.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Canvas

    from saccade.store import Source


@dataclass(frozen=True)
class Finding:
    """What a figure's numbers say: a sentence computed from them, and the numbers themselves."""

    sentence: str
    numbers: "pd.DataFrame"


@dataclass(frozen=True)
class Figure:
    """One figure: which table it reads, and the names of the functions that make it."""

    id: str
    title: str
    paper: str
    """The published figure it redraws; empty for one of our own."""
    line: str
    """What it shows, in one line."""
    signals: tuple[str, ...]
    """Token columns it cannot do without."""
    reads: Literal["tokens", "rollouts", "run"]
    """What `compute` takes: a table of the run, or `run`: the run itself, to ask it in SQL."""
    compute: str
    """Table or run to tidy frame."""
    plot: str
    """Frame to a whole matplotlib figure."""
    describe: str
    """Frame to `Finding`."""

    def frame(self, table: "Source", **options: Any) -> "pd.DataFrame":
        """The numbers behind the figure."""
        frame: pd.DataFrame = _fetch(self.compute)(table, **options)
        return frame

    def draw(self, frame: "pd.DataFrame") -> "Canvas":
        """The drawing of `frame`."""
        canvas: Canvas = _fetch(self.plot)(frame)
        return canvas

    def find(self, frame: "pd.DataFrame") -> Finding:
        """What `frame` says, in words and in numbers."""
        finding: Finding = _fetch(self.describe)(frame)
        return finding


def _fetch(name: str) -> Callable[..., Any]:
    """The function named `module:function`, the module relative to this package."""
    module, function = name.split(":")
    found: Callable[..., Any] = getattr(import_module(f"saccade.analysis.{module}"), function)
    return found


FIGURES: dict[str, Figure] = {
    figure.id: figure
    for figure in (
        Figure(
            id="pepo_2",
            title="Visual similarity of correct and incorrect responses",
            paper="PEPO, figure 2",
            line="Distribution over questions of visual similarity: all, top and bottom tokens.",
            signals=("visual_similarity",),
            reads="tokens",
            compute="distributions:similarity_distributions",
            plot="plots.similarity:plot_similarity_panels",
            describe="distributions:describe_similarity",
        ),
        Figure(
            id="pepo_3",
            title="Hidden shift of tokens near the image",
            paper="PEPO, figure 3",
            line="Hidden shift of the tokens of highest visual similarity against the others.",
            signals=("visual_similarity", "hidden_shift.blind"),
            reads="run",
            compute="shift:shift_by_similarity",
            plot="plots.shift:plot_shift",
            describe="shift:describe_shift",
        ),
        Figure(
            id="layers",
            title="Visual similarity by layer",
            paper="",
            line="Visual similarity at every hidden state, correct against incorrect.",
            signals=("visual_similarity",),
            reads="run",
            compute="layers:layer_profiles",
            plot="plots.profiles:plot_layers",
            describe="layers:describe_layers",
        ),
        Figure(
            id="positions",
            title="Signals along the response",
            paper="",
            line="The mean of every signal from the first token of a response to its last.",
            signals=(),
            reads="run",
            compute="positions:position_profiles",
            plot="plots.profiles:plot_positions",
            describe="positions:describe_positions",
        ),
        Figure(
            id="agreement",
            title="Agreement between signals",
            paper="",
            line="Rank correlation of signals within responses, and overlap of their top tokens.",
            signals=(),
            reads="run",
            compute="agreement:signal_agreement",
            plot="plots.agreement:plot_agreements",
            describe="agreement:describe_agreement",
        ),
        Figure(
            id="groups",
            title="Where correct and incorrect responses part",
            paper="",
            line="Within questions answered both ways: a signal so far, and shared first tokens.",
            signals=("visual_similarity",),
            reads="run",
            compute="groups:parting_responses",
            plot="plots.groups:plot_groups",
            describe="groups:describe_groups",
        ),
        Figure(
            id="pepo_3_words",
            title="Words of high entropy, and of high visual similarity",
            paper="PEPO, figure 3",
            line="Word clouds of the tokens with most entropy and with most visual similarity.",
            signals=("entropy", "visual_similarity"),
            reads="tokens",
            compute="words.clouds:top_words",
            plot="plots.words:plot_word_clouds",
            describe="words.clouds:describe_clouds",
        ),
        Figure(
            id="pgpo_2b",
            title="Dependency of content and function words",
            paper="PGPO, figure 2b",
            line="Mean dependency on the image of content and function words, and by class.",
            signals=("kl.blind",),
            reads="tokens",
            compute="words.dependency:word_dependency",
            plot="plots.dependency:plot_word_dependency",
            describe="words.dependency:describe_dependency",
        ),
        Figure(
            id="pgpo_5",
            title="Words that depend most on the image",
            paper="PGPO, figure 5",
            line="Word cloud of the 200 tokens that depend most on the image.",
            signals=("kl.blind",),
            reads="tokens",
            compute="words.clouds:dependent_words",
            plot="plots.words:plot_word_clouds",
            describe="words.clouds:describe_clouds",
        ),
    )
}
