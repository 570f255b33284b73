"""The words for an ablation: read, written back at their shortest, refused in a sentence."""

import pytest

from saccade.errors import SaccadeError
from saccade.probes import ABLATIONS, Probing
from saccade.probes.chosen import Chosen


@pytest.mark.parametrize(
    ("words", "shortest"),
    [
        ("blind", "blind"),
        (" blur () ", "blur"),
        ("blacken(p=0.6, per=prompt, grid=vppo)", "blacken(p=0.6, per=prompt, grid=vppo)"),
        ("blacken( grid = vppo,p=.6 )", "blacken(p=0.6, grid=vppo)"),
        ("blacken(p=0.50,per=rollout)", "blacken"),
        ("noise(std=100)", "noise(std=100)"),
        ("noise(std=1e2,seed=03)", "noise(std=100, seed=3)"),
        ("swap(seed=0)", "swap"),
    ],
)
def test_the_same_wish_has_one_shortest_form(words: str, shortest: str) -> None:
    assert str(Chosen.read(words)) == shortest
    assert Probing(ablation=words).ablation == shortest
    assert Chosen.read(shortest) == Chosen.read(words)


def test_what_is_left_out_has_its_default() -> None:
    chosen = Chosen.read("blacken(per=prompt)")
    assert chosen.ablation is ABLATIONS["blacken"]
    assert chosen.values == {"p": 0.5, "per": "prompt", "grid": "model", "seed": 0}
    assert chosen.own == {"p": 0.5}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "must be written like blacken or .*, got ''"),
        ("blacken(p=0.6", r"must be written like .*, got 'blacken\(p=0.6'"),
        ("dark(p=1)", "no ablation is called 'dark'; there are: blind, remove, .*, swap"),
        ("blind(p=1)", "blind has no setting 'p'; it has no settings"),
        ("blacken(q=1)", "no setting 'q'; its settings are: p, per, grid, seed"),
        ("blacken(0.6)", "no setting '0.6'"),
        ("noise(std=1, std=2)", "must be told std once, but is told it twice"),
        ("blacken(p)", "p of blacken must be a number from 0 to 1, got ''"),
        ("blacken(p=1.5)", "p of blacken must be a number from 0 to 1, got '1.5'"),
        ("blacken(p=nan)", "from 0 to 1, got 'nan'"),
        ("blacken(per=image)", "per of blacken must be one of: rollout, prompt, got 'image'"),
        ("blur(radius=-1)", "radius of blur must be a number from 0 to 1000, got '-1'"),
        ("swap(seed=1.5)", "seed of swap must be a whole number from 0, got '1.5'"),
    ],
)
def test_refused(words: str, told: str) -> None:
    with pytest.raises(SaccadeError, match=told):
        Chosen.read(words)
