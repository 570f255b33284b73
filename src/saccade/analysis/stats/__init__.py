"""Differences that come with an effect size, an interval and a corrected p; items are the unit.

Pure functions of arrays and frames. What is resampled is clusters: an item with all its responses,
and all items that share an image. `docs/statistics.md` says which interval and test, and why.
"""

from saccade.lazy import lazy

_HOMES = {
    "Estimate": "saccade.analysis.stats.differences",
    "GroupDifference": "saccade.analysis.stats.differences",
    "PairedDifference": "saccade.analysis.stats.differences",
    "RankCorrelation": "saccade.analysis.stats.correlations",
    "RankTests": "saccade.analysis.stats.ranks",
    "benjamini_hochberg": "saccade.analysis.stats.corrections",
    "cliffs_delta": "saccade.analysis.stats.effects",
    "compare_columns": "saccade.analysis.stats.many",
    "compare_groups": "saccade.analysis.stats.differences",
    "compare_pairs": "saccade.analysis.stats.differences",
    "corrected": "saccade.analysis.stats.corrections",
    "dominance": "saccade.analysis.stats.effects",
    "hedges_g": "saccade.analysis.stats.effects",
    "hedges_gz": "saccade.analysis.stats.effects",
    "holm": "saccade.analysis.stats.corrections",
    "image_clusters": "saccade.analysis.stats.clusters",
    "mean_with_interval": "saccade.analysis.stats.differences",
    "rank_correlation": "saccade.analysis.stats.correlations",
    "rank_tests": "saccade.analysis.stats.ranks",
    "superiority": "saccade.analysis.stats.effects",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list

__getattr__, __dir__ = lazy(__name__, _HOMES)
