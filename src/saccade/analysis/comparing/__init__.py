"""Two models on the same questions: each in its own words (free), and on the same words (forced).

Pure functions of runs, in tidy frames; `plots/` draws them. The question is the unit everywhere.
"""

from saccade.lazy import lazy

_HOMES = {
    "Pair": "saccade.analysis.comparing.pairs",
    "change_and_accuracy": "saccade.analysis.comparing.calibration",
    "check_common": "saccade.analysis.comparing.common",
    "forced_changes": "saccade.analysis.comparing.changes",
    "forced_tokens": "saccade.analysis.comparing.tokens",
    "forced_verdicts": "saccade.analysis.comparing.verdicts",
    "free_changes": "saccade.analysis.comparing.changes",
    "moved_words": "saccade.analysis.comparing.moved",
    "sampled_otherwise": "saccade.analysis.comparing.common",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list

__getattr__, __dir__ = lazy(__name__, _HOMES)
