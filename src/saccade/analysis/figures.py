"""FIGURES: every figure by id. To add one: write compute, plot and describe, and list them here.

Functions are named as `module:function` and fetched when used, so that reading this table costs
nothing: `saccade list figures` loads neither pandas nor matplotlib.
"""

from collections.abc import Callable, Mapping
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

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        html: str = _fetch("report.notebook:finding_html")(self)
        return html


@dataclass(frozen=True)
class Figure:
    """One figure: what it reads, and the names of the functions that make it."""

    id: str
    title: str
    paper: str
    """The published figure it redraws; empty for one of our own."""
    line: str
    """What it shows, in one line."""
    signals: tuple[str, ...]
    """Token columns it cannot do without."""
    reads: Literal["run", "runs"]
    """What `compute` takes: a run, to ask it in SQL, or a table of its tokens; or `runs`, all runs
    of a report by name, in order, one at least."""
    compute: str
    """Table or run to tidy frame."""
    plot: str
    """Frame to Axes, or to a whole matplotlib figure."""
    describe: str
    """Frame to `Finding`."""

    def frame(self, source: "Source | Mapping[str, Source]", **options: Any) -> "pd.DataFrame":
        """The numbers behind the figure."""
        frame: pd.DataFrame = _fetch(self.compute)(source, **options)
        return frame

    def draw(self, frame: "pd.DataFrame") -> "Canvas":
        """The drawing of `frame`, which pyplot no longer holds."""
        from matplotlib.pyplot import close

        drawn = _fetch(self.plot)(frame)
        canvas: Canvas = getattr(drawn, "figure", drawn)
        close(canvas)
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
            reads="run",
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
            id="vppo_3",
            title="Token dependency",
            paper="VPPO, figure 3",
            line="Histogram of how much each token's prediction depends on the image, log counts.",
            signals=("kl.blind",),
            reads="run",
            compute="dependency:dependency_histogram",
            plot="plots.dependency:plot_dependency_histogram",
            describe="dependency:describe_histogram",
        ),
        Figure(
            id="vppo_4",
            title="Mean dependency of responses",
            paper="VPPO, figure 4",
            line="Histogram and density of each response's mean token dependency.",
            signals=("kl.blind",),
            reads="run",
            compute="dependency:trajectory_dependency",
            plot="plots.dependency:plot_trajectory_dependency",
            describe="dependency:describe_trajectories",
        ),
        Figure(
            id="vppo_7",
            title="The tokens that VPPO keeps",
            paper="VPPO, figure 7",
            line="A typical response with its top 40 % of tokens by dependency marked.",
            signals=("kl.blind",),
            reads="run",
            compute="marked:marked_response",
            plot="plots.marked:plot_marked_response",
            describe="marked:describe_marked",
        ),
        Figure(
            id="pgpo_2a",
            title="Frequency of token dependency",
            paper="PGPO, figure 2a",
            line="Share of tokens in equal bins up to the largest dependency, log frequency.",
            signals=("kl.blind",),
            reads="run",
            compute="dependency:dependency_frequencies",
            plot="plots.dependency:plot_dependency_frequencies",
            describe="dependency:describe_frequencies",
        ),
        Figure(
            id="sparsity",
            title="Sparsity of token dependency",
            paper="",
            line="Lorenz curve and Gini of dependency, over all tokens and within responses.",
            signals=("kl.blind",),
            reads="run",
            compute="sparsity:dependency_sparsity",
            plot="plots.sparsity:plot_dependency_sparsity",
            describe="sparsity:describe_sparsity",
        ),
        Figure(
            id="joint",
            title="Dependency and entropy together",
            paper="",
            line="Joint density of dependency and entropy, its quadrants and their typical tokens.",
            signals=("kl.blind", "entropy"),
            reads="run",
            compute="joint:joint_density",
            plot="plots.joint:plot_joint_density",
            describe="joint:describe_joint",
        ),
        Figure(
            id="pepo_3_words",
            title="Words of high entropy, and of high visual similarity",
            paper="PEPO, figure 3",
            line="Word clouds of the tokens with most entropy and with most visual similarity.",
            signals=("entropy", "visual_similarity"),
            reads="run",
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
            reads="run",
            compute="words.kinds:word_dependency",
            plot="plots.content:plot_word_dependency",
            describe="words.kinds:describe_dependency",
        ),
        Figure(
            id="pgpo_5",
            title="Words that depend most on the image",
            paper="PGPO, figure 5",
            line="Word cloud of the 200 tokens that depend most on the image.",
            signals=("kl.blind",),
            reads="run",
            compute="words.clouds:dependent_words",
            plot="plots.words:plot_word_clouds",
            describe="words.clouds:describe_clouds",
        ),
    )
}
