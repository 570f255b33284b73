"""What `credit` says to what it cannot weigh."""

import numpy as np
import pytest

import saccade
from saccade.errors import SaccadeError
from saccade.trainers.credit import credit

MASK = np.ones((2, 3), dtype=bool)
GIVEN = {"entropy": np.ones((2, 3)), "visual_similarity": np.ones((2, 3))}


@pytest.mark.parametrize(
    ("rule", "signals", "settings", "said"),
    [
        ("ppo", GIVEN, {}, "no credit rule 'ppo'; there is uniform, pepo,"),
        ("pepo", GIVEN, {"tau": 1}, "no setting 'tau'; its settings: alpha=0.05, temperature=1.0"),
        ("uniform", GIVEN, {"k": 1}, "its settings: none"),
        ("high_entropy", GIVEN, {"threshold": 1}, "no setting 'threshold'"),
        ("vppo", GIVEN, {}, "needs the signal 'kl'; got entropy, visual_similarity"),
        ("pgpo", {"kl.grey": MASK, "k3.noise": MASK}, {}, "needs the signal 'kl'"),
        ("pgpo", {"kl": np.ones((2, 4))}, {}, r"kl has \(2, 4\), the mask \(2, 3\)"),
    ],
)
def test_mistakes_get_a_sentence(rule, signals, settings, said):
    with pytest.raises(SaccadeError, match=said):
        credit(rule, signals, MASK, **settings)


def test_a_dependency_is_found_by_its_ablation():
    s = np.array([[0.1, 0.2, 0.9], [0.3, 0.1, 0.2]])
    expected = credit("pgpo", {"kl": s}, MASK)
    for name in ("kl.blind", "kl.blacken", "k3.blacken"):
        assert (credit("pgpo", {name: s, **GIVEN}, MASK) == expected).all()


def test_the_package_offers_it():
    assert saccade.credit is credit
