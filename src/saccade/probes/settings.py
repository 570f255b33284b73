"""What to measure and how: one frozen dataclass, checked when it is made. Loads no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saccade.errors import SaccadeError
from saccade.probes.chosen import Chosen
from saccade.probes.signal_table import MAPS, SIGNALS, Signal

PAPER_SIGNALS = ("logprob", "entropy", "visual_similarity", "hidden_shift", "kl")


MANY = ("signals", "layers", "maps")
KINDS: Mapping[str, tuple[Any, str]] = {
    "signals": (str, "a sequence of names"),
    "ablation": (str, "a name"),
    "draws": (int, "a whole number"),
    "batch_size": (int, "a whole number"),
    "temperature": (int | float, "a number"),
    "layers": (int, "a sequence of whole numbers"),
    "maps": (str, "a sequence of names"),
}
"""What each setting must be made of."""


@dataclass(frozen=True)
class Probing:
    """The signals to take, the ablation to take them against, and `batch_size` responses per pass.

    The ablation may come with settings: `blacken(p=0.6, per=prompt)`. Of several `draws` of a
    random one each signal is the mean, and one more column, `kl.blacken.spread`, the standard
    deviation.
    `temperature` is that of the distributions in `entropy` and `kl`: by default the one each
    response was sampled at. `layers` picks among the L+1 hidden states (0 is the embeddings, L the
    last, after the final norm), all of them by default. `maps` (see `MAPS`) are kept besides, of
    the signals that have them.
    """

    signals: tuple[str, ...] = PAPER_SIGNALS
    ablation: str = "blind"
    draws: int = 1
    batch_size: int = 8
    temperature: float | None = None
    layers: tuple[int, ...] | None = None
    maps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be measured; what is asked for twice is asked for."""
        self._check_types()
        for name in ("signals", "maps"):
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))
        object.__setattr__(self, "ablation", str(self.chosen))
        self._check_signals()
        self._check_maps()
        if self.draws < 1:
            raise SaccadeError(f"draws must be at least 1, got {self.draws}.")
        if self.draws > 1 and not self.chosen.ablation.drawing:
            raise SaccadeError(
                f"{self.ablation} leaves nothing to chance, so draws must be 1, got {self.draws}."
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

    @property
    def chosen(self) -> Chosen:
        """The ablation and its settings, read from their words."""
        return Chosen.read(self.ablation)

    @property
    def compares(self) -> bool:
        """Whether any signal needs the pass without the image."""
        return any(signal.passes == "seen+ablated" for signal in self.wanted(image=True))

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

    def mapped(self, name: str) -> list[Signal]:
        """The signals to keep a map of, if that is wanted."""
        wanted = self.wanted(image=True) if name in self.maps else []
        return [signal for signal in wanted if MAPS[name].of(signal)]

    def columns(self, *, image: bool) -> dict[str, str]:
        """What each of these signals is called in a trace."""
        ablation = self.chosen.ablation.name
        return {signal.name: signal.column(ablation) for signal in self.wanted(image=image)}

    def _check_types(self) -> None:
        """Refuse values of another kind, which would fail deep inside or pass unseen."""
        for name, (kind, must) in KINDS.items():
            value = getattr(self, name)
            many = value if name in MANY else [value]
            if value is None and name in ("temperature", "layers"):
                continue
            wrong = name in MANY and not isinstance(value, tuple)
            if wrong or any(isinstance(v, bool) or not isinstance(v, kind) for v in many):
                raise SaccadeError(f"{name} must be {must}, got {value!r}.")

    def _check_signals(self) -> None:
        """Name the unknown ones and list what there is."""
        unknown = [repr(name) for name in self.signals if name not in SIGNALS]
        if unknown:
            raise SaccadeError(
                f"no signal is called {', '.join(unknown)}; there are: {', '.join(SIGNALS)}."
            )
        if not self.signals:
            raise SaccadeError(
                f"signals must name at least one of: {', '.join(SIGNALS)}; got none."
            )

    def _check_maps(self) -> None:
        """Name the unknown ones, and those that no signal here has."""
        for name in self.maps:
            if name not in MAPS:
                raise SaccadeError(f"no map is called {name!r}; there are: {', '.join(MAPS)}.")
            if not self.mapped(name):
                having = ", ".join(
                    signal.name for signal in SIGNALS.values() if MAPS[name].of(signal)
                )
                raise SaccadeError(
                    f"the map {name!r} needs a signal that has one, but signals are"
                    f" {', '.join(self.signals)}; add one of: {having}."
                )
