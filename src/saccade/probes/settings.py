"""What to measure and how: one frozen dataclass, checked when it is made. Loads no torch."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from saccade.errors import SaccadeError
from saccade.probes.table import ABLATIONS, SIGNALS, Signal

PAPER_SIGNALS = ("logprob", "entropy", "visual_similarity", "hidden_shift", "kl")


@dataclass(frozen=True)
class Probing:
    """The signals to take, the ablation to take them against, and `batch_size` responses per pass.

    `temperature` is that of the distributions in `entropy` and `kl`: by default the one each
    response was sampled at. `layers` picks among the L+1 hidden states (0 is the embeddings, L the
    last, after the final norm), all of them by default.
    """

    signals: tuple[str, ...] = PAPER_SIGNALS
    ablation: str = "blind"
    batch_size: int = 8
    temperature: float | None = None
    layers: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be measured."""
        _must_be_known("signal", self.signals, SIGNALS)
        _must_be_known("ablation", (self.ablation,), ABLATIONS)
        if not self.signals:
            raise SaccadeError(
                f"signals must name at least one of: {', '.join(SIGNALS)}; got none."
            )
        if self.batch_size < 1:
            raise SaccadeError(f"batch_size must be at least 1, got {self.batch_size}.")
        if self.temperature is not None and not 0 < self.temperature < float("inf"):
            raise SaccadeError(f"temperature must be a positive number, got {self.temperature}.")
        if self.layers is not None and (not self.layers or min(self.layers) < 0):
            raise SaccadeError(
                "layers must count hidden states from 0 (the embeddings) and name at least one,"
                f" got {list(self.layers)}; leave layers out to average all of them."
            )

    def temperature_of(self, sampling: Mapping[str, Any]) -> float:
        """The temperature set, else the one a response was sampled at.

        1 where that is unknown, and where it is 0: being greedy leaves no distribution to measure.
        """
        if self.temperature is not None:
            return float(self.temperature)
        own = sampling.get("temperature")
        return float(own) if isinstance(own, int | float) and 0 < own < float("inf") else 1.0

    def wanted(self, *, image: bool) -> list[Signal]:
        """The signals to take of a response whose prompt has an image, or has none."""
        chosen = (SIGNALS[name] for name in self.signals)
        return [signal for signal in chosen if image or not signal.visual]


def _must_be_known(kind: str, names: Collection[str], known: Collection[str]) -> None:
    """Name the unknown ones and list what there is."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SaccadeError(
            f"no {kind} is called {', '.join(map(repr, unknown))}; there are: {', '.join(known)}."
        )
