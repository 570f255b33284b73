"""Settings that cannot be measured with are refused in a sentence."""

from typing import Any

import pytest

from saccade import SaccadeError
from saccade.probes import Probing


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"signals": ("kl", "saliency")},
            "no signal is called 'saliency'; there are: logprob, ent",
        ),
        ({"signals": ()}, "signals must name at least one of: logprob, .*; got none"),
        ({"ablation": "dark"}, "no ablation is called 'dark'; there are: blind, remove, blacken"),
        ({"draws": 0, "ablation": "noise"}, "draws must be at least 1, got 0"),
        (
            {"draws": 2, "ablation": "blur"},
            "blur leaves nothing to chance, so draws must be 1, got 2",
        ),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"temperature": 0.0}, "temperature must be a positive number, got 0.0"),
        ({"temperature": float("nan")}, "temperature must be a positive number, got nan"),
        ({"layers": (1, -1)}, r"layers must count hidden states from 0 .* got \[1, -1\]"),
        ({"layers": ()}, "name at least one"),
        ({"maps": ("heat",)}, "no map is called 'heat'; there are: layers, images, patches"),
        (
            {"signals": ("entropy", "hidden_shift"), "maps": ("layers", "patches")},
            "the map 'patches' needs a signal that has one, .* add one of: visual_similarity,",
        ),
    ],
)
def test_refused(settings: Any, message: str) -> None:
    with pytest.raises(SaccadeError, match=message):
        Probing(**settings)


@pytest.mark.parametrize(
    ("set_", "sampling", "temperature"),
    [
        (None, {"temperature": 0.6}, 0.6),
        (None, {"temperature": 0}, 1.0),
        (None, {"temperature": None}, 1.0),
        (None, {}, 1.0),
        (0.7, {"temperature": 0.6}, 0.7),
    ],
    ids=["sampled", "greedy", "unknown", "absent", "set"],
)
def test_the_temperature_is_that_of_sampling_unless_set(
    set_: float | None, sampling: Any, temperature: float
) -> None:
    assert Probing(temperature=set_).temperature_of(sampling) == temperature


def test_what_is_asked_for_twice_is_asked_for_once():
    twice = Probing(("kl", "entropy", "kl"), maps=())
    assert twice.signals == ("kl", "entropy")
