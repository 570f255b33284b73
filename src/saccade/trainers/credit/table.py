"""RULES: every credit rule, by name, with what it reads and what may be set.

To add one: write its function in `rules.py`, taking its signals and the mask by position and its
settings by name, and give it one entry here under the same name. Defaults live in the function's
signature alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

from saccade.trainers.credit import rules, statistics
from saccade.trainers.credit.rows import Array


@dataclass(frozen=True)
class OfBatch:
    """What a rule takes from the global batch before it weighs any response."""

    values: Callable[..., Array]
    """(signals..., mask) to the values of this rank, in one row."""
    settle: Callable[..., Mapping[str, Array]]
    """The values of all ranks to numbers by name; its settings are the rule's too."""
    gives: tuple[str, ...]
    """Those names, which are arguments of the rule's function."""


@dataclass(frozen=True)
class Rule:
    """One way to share a response's advantage out among its tokens."""

    name: str
    line: str
    formula: str
    paper: str
    needs: tuple[str, ...] = ()
    """The signals, in the order of the function's arguments."""
    of_batch: OfBatch | None = None

    @property
    def function(self) -> Callable[..., Array]:
        """(signals..., mask, settings by name) to weights."""
        found: Callable[..., Array] = getattr(rules, self.name)
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """What may be set, with the defaults."""
        known = _defaults(self.function)
        if self.of_batch is None:
            return known
        own = {name: value for name, value in known.items() if name not in self.of_batch.gives}
        return _defaults(self.of_batch.settle) | own


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("uniform", "Every token alike: GRPO and DAPO.", "w = 1", ""),
        Rule(
            name="pepo",
            line="More to tokens near the image, gated by near and undecided at once.",
            formula="w = T softmax((1 + alpha tanh g) VS / temperature), g = (VS^ + H^) - mean",
            paper="PEPO, arXiv 2603.22847",
            needs=("visual_similarity", "entropy"),
        ),
        Rule(
            name="perception_only",
            line="PEPO without its gate: near the image alone.",
            formula="w = T softmax(VS / temperature)",
            paper="PEPO's component ablation",
            needs=("visual_similarity",),
        ),
        Rule(
            name="exploration_only",
            line="PEPO's other half alone: undecided tokens.",
            formula="w = T softmax(H^ / temperature); the paper gives no formula",
            paper="PEPO's component ablation",
            needs=("entropy",),
        ),
        Rule(
            name="high_entropy",
            line="Only the most undecided fifth of the global batch's tokens.",
            formula="w = 1 where H is in the top share of all tokens, else 0",
            paper="arXiv 2506.01939",
            needs=("entropy",),
            of_batch=OfBatch(statistics.of_tokens, statistics.entropy_threshold, ("threshold",)),
        ),
        Rule(
            name="vppo",
            line="Only each response's most dependent tokens; dependent responses count more.",
            formula="w = [S in the top k T] (beta_min + (beta_max - beta_min) minmax(mean S))",
            paper="VPPO, arXiv 2510.09285",
            needs=("kl",),
            of_batch=OfBatch(
                statistics.of_responses, statistics.dependency_range, ("low", "high", "middle")
            ),
        ),
        Rule(
            name="pgpo",
            line="More to tokens that depend on the image, the sum kept.",
            formula="w = u T / sum u, u = I / tau below tau, else 1 + beta (I - tau) / (1 - tau)",
            paper="PGPO, arXiv 2604.01840",
            needs=("kl",),
        ),
    )
}


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    """The arguments that a function takes by name alone, with their defaults."""
    return {
        name: None if parameter.default is Parameter.empty else parameter.default
        for name, parameter in signature(function).parameters.items()
        if parameter.kind is Parameter.KEYWORD_ONLY
    }
