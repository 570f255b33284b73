"""Numbers, drawings and reports from a run's tidy tables. Nothing here loads a model or torch.

Each figure is two functions in two files: one computes a DataFrame, one only draws it. Names are
fetched on first use, so listing the figures loads neither pandas nor matplotlib.
"""

from saccade.lazy import lazy

_HOMES = {
    "FIGURES": "saccade.analysis.figures",
    "FINDERS": "saccade.analysis.finders",
    "Figure": "saccade.analysis.figures",
    "Finder": "saccade.analysis.finders",
    "Finding": "saccade.analysis.figures",
    "Scale": "saccade.analysis.scales",
    "Tables": "saccade.analysis.tables",
    "accuracy_by_kept": "saccade.analysis.kept",
    "accuracy_by_task": "saccade.analysis.accuracy",
    "analyze": "saccade.analysis.report",
    "beside_published": "saccade.analysis.published",
    "clustered": "saccade.analysis.sources",
    "collapse_curves": "saccade.analysis.curves",
    "compare_accuracy": "saccade.analysis.accuracy",
    "dependency_curves": "saccade.analysis.curves",
    "dependency_frequencies": "saccade.analysis.dependency",
    "dependency_histogram": "saccade.analysis.dependency",
    "dependency_sparsity": "saccade.analysis.sparsity",
    "describe_similarity": "saccade.analysis.distributions",
    "joint_density": "saccade.analysis.joint",
    "layer_profiles": "saccade.analysis.layers",
    "marked_response": "saccade.analysis.marked",
    "paired_case": "saccade.analysis.report.cases",
    "parting_responses": "saccade.analysis.groups",
    "pinned_scales": "saccade.analysis.scales",
    "plot_accuracy_by_kept": "saccade.analysis.plots.kept",
    "plot_agreement": "saccade.analysis.plots.agreement",
    "plot_benchmark": "saccade.analysis.plots.published",
    "plot_beside_published": "saccade.analysis.plots.published",
    "plot_curves": "saccade.analysis.plots.curves",
    "plot_dependency_frequencies": "saccade.analysis.plots.dependency",
    "plot_dependency_histogram": "saccade.analysis.plots.dependency",
    "plot_dependency_sparsity": "saccade.analysis.plots.sparsity",
    "plot_joint_density": "saccade.analysis.plots.joint",
    "plot_layer_profile": "saccade.analysis.plots.profiles",
    "plot_marked_response": "saccade.analysis.plots.marked",
    "plot_position_profile": "saccade.analysis.plots.profiles",
    "plot_ridges": "saccade.analysis.plots.ridges",
    "plot_running_difference": "saccade.analysis.plots.groups",
    "plot_running_means": "saccade.analysis.plots.groups",
    "plot_shared_tokens": "saccade.analysis.plots.groups",
    "plot_shift_bars": "saccade.analysis.plots.shift",
    "plot_signal_ridges": "saccade.analysis.plots.ridges",
    "plot_similarity_distributions": "saccade.analysis.plots.similarity",
    "plot_similarity_panels": "saccade.analysis.plots.similarity",
    "plot_training_curve": "saccade.analysis.plots.curves",
    "plot_trajectory_dependency": "saccade.analysis.plots.dependency",
    "position_profiles": "saccade.analysis.positions",
    "published_numbers": "saccade.analysis.published",
    "render": "saccade.analysis.report",
    "shift_by_similarity": "saccade.analysis.shift",
    "signal_agreement": "saccade.analysis.agreement",
    "signal_ridges": "saccade.analysis.ridges",
    "similarity_distributions": "saccade.analysis.distributions",
    "style": "saccade.analysis.plots.style",
    "token_profiles": "saccade.analysis.positions",
    "token_strip": "saccade.analysis.report.strip",
    "training_curves": "saccade.analysis.curves",
    "trajectory_dependency": "saccade.analysis.dependency",
    "typical_cases": "saccade.analysis.report.cases",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list

__getattr__, __dir__ = lazy(__name__, _HOMES)
