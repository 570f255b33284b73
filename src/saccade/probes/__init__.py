"""Probes: what every token of a response did, with the image and without it.

`SIGNALS`, `MAPS` and `ABLATIONS` are the tables of what can be measured and how sight is taken
away; `probe` measures. Reading the tables loads no torch: each public name is fetched from its
module on first use.
"""

from saccade.lazy import lazy

_HOMES = {
    "ABLATIONS": "saccade.probes.ablation_table",
    "SIGNALS": "saccade.probes.signal_table",
    "Ablation": "saccade.probes.ablation_table",
    "MAPS": "saccade.probes.signal_table",
    "Probing": "saccade.probes.settings",
    "Signal": "saccade.probes.signal_table",
    "Traces": "saccade.samples",
    "blacken": "saccade.probes.ablations",
    "blind": "saccade.probes.ablations",
    "blur": "saccade.probes.ablations",
    "entropy": "saccade.probes.signals",
    "grey": "saccade.probes.ablations",
    "hidden_shift": "saccade.probes.signals",
    "hidden_shift_cosine": "saccade.probes.signals",
    "hidden_shift_l2": "saccade.probes.signals",
    "iter_traces": "saccade.probes.traces",
    "k3": "saccade.probes.signals",
    "kl": "saccade.probes.signals",
    "logprob": "saccade.probes.signals",
    "noise": "saccade.probes.ablations",
    "probe": "saccade.probes.traces",
    "remove": "saccade.probes.ablations",
    "shuffle": "saccade.probes.ablations",
    "swap": "saccade.probes.ablations",
    "visual_similarity": "saccade.probes.signals",
    "visual_similarity_dot": "saccade.probes.signals",
    "visual_similarity_l1": "saccade.probes.signals",
    "visual_similarity_l2": "saccade.probes.signals",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list

__getattr__, __dir__ = lazy(__name__, _HOMES)
