"""Advantages on tokens, by hand."""

import numpy as np
import pytest
import torch

from saccade.trainers.credit import credit, effective_share, percentiles, spread

SIGNALS = {
    "visual_similarity": np.array([0.10, 0.35, 0.22, 0.15, 0.30, 0.12]),
    "entropy": np.array([0, 0.4, 2, 1.1, 0.05, 0.7]),
}


def test_the_schedule_goes_from_grpo_to_the_rule():
    weights = credit("pepo", SIGNALS, np.ones(6, dtype=bool))
    found = spread(np.array([1.0, -2.0]), np.stack([weights, weights]), share=0.25)
    expected = [0.972616, 1.038775, 1.003498, 0.984741, 1.022974, 0.977396]
    np.testing.assert_allclose(found[0], expected, atol=5e-7)
    np.testing.assert_allclose(found[1], -2 * np.array(expected), atol=1e-6)
    grpo = spread(torch.tensor([0.3]), torch.tensor([[4.0, 0.0]]), share=0.0)
    assert torch.equal(grpo, torch.tensor([[0.3, 0.3]]))


def test_effective_share_counts_the_tokens_that_count():
    mask = np.array([[True, True, True, False], [True, True, True, True], [False] * 4])
    weights = np.array([[1.0, 1, 1, 0], [4, 0, 0, 0], [0, 0, 0, 0]])
    assert effective_share(weights, mask).tolist() == [1, 0.25, 0]


def test_percentiles_are_numpys():
    values = np.random.default_rng(0).random(37)
    found = percentiles(torch.tensor(values), (5, 50, 90))
    assert list(found) == ["p5", "p50", "p90"]
    assert list(found.values()) == pytest.approx(np.percentile(values, [5, 50, 90]).tolist())
