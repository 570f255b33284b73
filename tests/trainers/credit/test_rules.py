"""The papers' numbers, worked by hand, and what the papers say must hold."""

import math

import numpy as np
import pytest
import torch

from saccade.trainers.credit import credit
from saccade.trainers.credit.rules import capped, trajectory_factor
from saccade.trainers.credit.statistics import dependency_range, entropy_threshold

VS = np.array([0.10, 0.35, 0.22, 0.15, 0.30, 0.12])
H = np.array([0, 0.4, 2, 1.1, 0.05, 0.7])
S = np.array([0, 0.01, 0.2, 3, 0.05, 1])
ALL = np.ones(6, dtype=bool)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [0.890464, 1.155101, 1.013993, 0.938964, 1.091896, 0.909583]),
        ({"temperature": 1.8}, [0.938659, 1.084644, 1.008907, 0.966727, 1.051261, 0.949802]),
        ({"alpha": 0.0}, [0.894935, 1.149119, 1.009036, 0.940819, 1.093076, 0.913014]),
    ],
)
def test_pepo(settings, expected):
    signals = {"visual_similarity": VS, "entropy": H}
    np.testing.assert_allclose(credit("pepo", signals, ALL, **settings), expected, atol=5e-7)
    moved = {"visual_similarity": VS, "entropy": 3 * H + 2}
    np.testing.assert_allclose(credit("pepo", moved, ALL, **settings), expected, atol=5e-7)


def test_perception_only_is_pepo_without_its_gate():
    ungated = credit("pepo", {"visual_similarity": VS, "entropy": H}, ALL, alpha=0.0)
    np.testing.assert_allclose(
        credit("perception_only", {"visual_similarity": VS}, ALL), ungated, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [0, 0.022580, 0.413745, 3.775123, 0.110720, 1.677832]),
        ({"tau": 1.0}, [0, 0.025728, 0.471419, 3.584466, 0.126154, 1.792233]),
    ],
)
def test_pgpo(settings, expected):
    found = credit("pgpo", {"kl.blind": S}, ALL, **settings)
    np.testing.assert_allclose(found, expected, atol=5e-7)
    assert (np.argsort(found) == np.argsort(S)).all()


def test_pgpo_caps_single_weights_and_keeps_the_mass():
    alone = np.r_[np.full(28, 1e-9), 5.0]
    every = np.ones(29, dtype=bool)
    assert credit("pgpo", {"kl": alone}, every).max() > 28.9
    found = credit("pgpo", {"kl": alone}, every, max_weight=4.0)
    assert found.sum() == pytest.approx(29)
    assert found[-1] == pytest.approx(29), "one token alone depends: no cap can keep the mass"
    found = credit("pgpo", {"kl": S}, ALL, max_weight=2.0)
    assert found.max() == 2
    assert found.sum() == pytest.approx(6)
    assert found[2] / found[4] == pytest.approx(0.413745 / 0.110720, rel=1e-4)


def test_a_cap_is_met_to_rounding_in_float32():
    u, mass = torch.rand(50, 400) ** 8, torch.full((50, 1), 400.0)
    for cap in (1.0, 1.3, 5.0, 300.0):
        found = capped(u, mass, cap)
        torch.testing.assert_close(found.sum(-1, keepdim=True), mass, rtol=2e-4, atol=0)
        assert found.max() <= cap * 1.0001


def test_vppo_keeps_the_most_dependent_tokens():
    k3 = np.array([0, 1.135335, 0.070320, 0.148721, 0.000050])
    found = credit("vppo", {"k3.blacken": k3}, np.ones(5, dtype=bool), k=0.4)
    assert found.tolist() == [0, 1, 0, 1, 0]
    kept = credit("vppo", {"k3.blacken": k3}, np.ones(5, dtype=bool), k=0.4, divide="kept")
    assert kept.tolist() == [0, 2.5, 0, 2.5, 0]
    tied = credit("vppo", {"kl": np.array([3.0, 1, 1, 1, 0])}, np.ones(5, dtype=bool), k=0.4)
    assert tied.tolist() == [1, 1, 0, 0, 0], "the earlier of equal ones"


@pytest.mark.parametrize(("n", "k"), [(25, 0.28), (10, 0.3), (7, 0.4), (5, 0.2), (1, 0.1)])
def test_vppo_rounds_its_share_up(n, k):
    s = np.random.default_rng(0).random(n)
    found = credit("vppo", {"kl": s}, np.ones(n, dtype=bool), k=k)
    assert (found > 0).sum() == math.ceil(round(n * k, 9))


def test_vppo_scales_responses_about_a_mean_of_one():
    means = np.array([0.05, 0.09, 0.20, 0.12])
    found = trajectory_factor(means, **dependency_range(means))
    np.testing.assert_allclose(found, [0.9, 0.961538, 1.130769, 1.007692], atol=5e-7)
    assert found.mean() == pytest.approx(1)
    assert trajectory_factor(means, **dependency_range(means), beta_min=0.5).mean() == 1


def test_high_entropy_takes_a_share_of_the_whole_batch():
    entropy = np.arange(20.0).reshape(2, 10)
    every = np.ones((2, 10), dtype=bool)
    found = credit("high_entropy", {"entropy": entropy}, every, top=0.2)
    assert found.sum(axis=1).tolist() == [0, 4]
    assert entropy_threshold(entropy.ravel(), top=0.19) == {"threshold": 16}
    assert entropy_threshold(entropy.ravel()[:0]) == {"threshold": math.inf}
