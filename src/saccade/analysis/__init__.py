"""Numbers, drawings and reports from a run's tidy tables. Nothing here loads a model or torch.

Each figure is two functions in two files: one computes a DataFrame, one only draws it. Names are
fetched on first use, so listing the figures loads neither pandas nor matplotlib.
"""

from saccade.lazy import lazy

_HOMES = {
    "FIGURES": "saccade.analysis.figures",
    "Figure": "saccade.analysis.figures",
    "Finding": "saccade.analysis.figures",
    "Scale": "saccade.analysis.scales",
    "accuracy_by_task": "saccade.analysis.accuracy",
    "analyze": "saccade.analysis.report",
    "compare_accuracy": "saccade.analysis.accuracy",
    "describe_similarity": "saccade.analysis.distributions",
    "pinned_scales": "saccade.analysis.scales",
    "plot_similarity_distributions": "saccade.analysis.plots.similarity",
    "plot_similarity_panels": "saccade.analysis.plots.similarity",
    "render": "saccade.analysis.report",
    "similarity_distributions": "saccade.analysis.distributions",
    "token_strip": "saccade.analysis.report.strip",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list

__getattr__, __dir__ = lazy(__name__, _HOMES)
