"""One contract for all rules: what every way of sharing out an advantage must keep to."""

import math

import numpy as np
import pytest
import references
import torch

from saccade.trainers.credit import RULES, credit

SETTINGS = {
    "uniform": [{}],
    "pepo": [{}, {"alpha": 0.4, "temperature": 0.3}],
    "perception_only": [{}, {"temperature": 0.2}],
    "exploration_only": [{}, {"temperature": 0.5}],
    "high_entropy": [{}, {"top": 0.35}],
    "vppo": [{}, {"k": 0.28, "beta_min": 0.7}, {"k": 0.3, "divide": "kept"}],
    "pgpo": [{}, {"tau": 0.7, "beta": 5.0}, {"tau": 1.0}, {"max_weight": 1.7}],
}
CASES = [(rule, settings) for rule, each in SETTINGS.items() for settings in each]
KEEPS_MASS = ("uniform", "pepo", "perception_only", "exploration_only", "pgpo")
OF_BATCH = [name for name, rule in RULES.items() if rule.of_batch]


def batch(rule: str, *, seed: int = 0, rows: int = 5, time: int = 25, dtype=torch.float64):
    """Random signals of responses of different lengths: one empty, one of one token, one full."""
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, time, (rows,), generator=draw)
    lengths[:3] = torch.tensor([time, 0, 1])
    mask = torch.arange(time) < lengths[:, None]
    made = (torch.rand(rows, time, generator=draw, dtype=torch.float64) ** 3 for _ in "ab")
    signals = {name: next(made).to(dtype) for name in RULES[rule].needs}
    return signals, mask


def weights(rule, signals, mask, **settings):
    return credit(rule, signals, mask, **settings)


@pytest.mark.parametrize(("rule", "settings"), CASES)
class TestEveryRule:
    def test_is_what_plain_loops_say(self, rule, settings):
        signals, mask = batch(rule)
        found = weights(rule, signals, mask, **settings)
        expected = getattr(references, rule)(
            [signals[name].tolist() for name in RULES[rule].needs], mask.tolist(), **settings
        )
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_what_lies_beneath_the_mask_changes_nothing(self, rule, settings):
        signals, mask = batch(rule)
        found = weights(rule, signals, mask, **settings)
        for beneath in (math.nan, math.inf, -1e30, 7.0):
            odd = {name: torch.where(mask, each, beneath) for name, each in signals.items()}
            assert torch.equal(weights(rule, odd, mask, **settings), found)
        assert (found[~mask] == 0).all()
        longer = {n: torch.nn.functional.pad(x, (3, 4), value=9.0) for n, x in signals.items()}
        padded = weights(rule, longer, torch.nn.functional.pad(mask, (3, 4)), **settings)
        torch.testing.assert_close(padded[:, 3:-4], found)

    def test_responses_see_each_other_only_through_the_batch(self, rule, settings):
        signals, mask = batch(rule)
        found = weights(rule, signals, mask, **settings)
        order = torch.tensor([3, 0, 4, 2, 1])
        shuffled = {name: each[order] for name, each in signals.items()}
        torch.testing.assert_close(weights(rule, shuffled, mask[order], **settings), found[order])
        if rule not in OF_BATCH:
            for row in range(len(mask)):
                alone = {name: each[row] for name, each in signals.items()}
                torch.testing.assert_close(weights(rule, alone, mask[row], **settings), found[row])

    def test_constant_signals_are_plain_grpo(self, rule, settings):
        signals, mask = batch(rule)
        same = {name: torch.full_like(each, 0.37) for name, each in signals.items()}
        torch.testing.assert_close(
            weights(rule, same, mask, **settings).double(), mask.double(), check_dtype=False
        )

    def test_no_tokens_and_one_token(self, rule, settings):
        signals, mask = batch(rule)
        found = weights(rule, signals, mask, **settings)
        assert (found[1] == 0).all()
        nothing = {name: each[1:2] for name, each in signals.items()}
        assert (weights(rule, nothing, mask[1:2], **settings) == 0).all()
        if rule not in OF_BATCH:
            assert found[2, 0] == 1

    def test_keeps_the_mass_that_it_says_it_keeps(self, rule, settings):
        signals, mask = batch(rule)
        found = weights(rule, signals, mask, **settings)
        assert (found >= 0).all()
        if rule in KEEPS_MASS:
            torch.testing.assert_close(found.sum(-1), mask.sum(-1).to(found.dtype))

    def test_float32_detached_and_the_same_each_time(self, rule, settings):
        signals, mask = batch(rule, dtype=torch.float32)
        given = {name: each.clone().requires_grad_() for name, each in signals.items()}
        found = weights(rule, given, mask, **settings)
        assert found.dtype == torch.float32
        assert not found.requires_grad
        assert torch.equal(found, weights(rule, given, mask, **settings))
        half = {name: each.bfloat16() for name, each in signals.items()}
        assert weights(rule, half, mask, **settings).dtype == torch.float32

    def test_numpy_gives_what_torch_gives(self, rule, settings):
        signals, mask = batch(rule, dtype=torch.float32)
        found = weights(rule, signals, mask, **settings)
        plain = {name: each.numpy() for name, each in signals.items()}
        other = weights(rule, plain, mask.numpy(), **settings)
        assert isinstance(other, np.ndarray)
        assert other.dtype == np.float32
        np.testing.assert_allclose(other, found, rtol=2e-6, atol=1e-7)

    def test_a_response_without_the_signal_is_weighed_as_in_grpo(self, rule, settings):
        signals, mask = batch(rule)
        if not signals:
            return
        last = list(signals)[-1]
        signals[last][3, 1] = math.nan
        found = weights(rule, signals, mask, **settings)
        assert torch.equal(found[3], mask[3].to(found.dtype))
        others = [0, 1, 2, 4]
        without = {name: each[others] for name, each in signals.items()}
        torch.testing.assert_close(weights(rule, without, mask[others], **settings), found[others])


def test_every_rule_is_held_to_the_contract():
    assert list(SETTINGS) == list(RULES)
    for name, rule in RULES.items():
        tried = {key for settings in SETTINGS[name] for key in settings}
        assert tried == set(rule.settings), "a setting that no case sets is not tested"
        assert rule.line.endswith(".")
        assert "w =" in rule.formula
