"""Distributions summed up in tiles, against the signals' own definitions on whole logits."""

import pytest
import torch

from saccade.probes import vocabulary
from saccade.probes.signals import entropy, kl, logprob

WORDS, DIM, TOKENS = 101, 16, 20


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    """Tiles that divide neither the tokens nor the words."""
    monkeypatch.setattr(vocabulary, "ROWS", 7)
    monkeypatch.setattr(vocabulary, "TILE", 13)


def drawn(seed=0, scale=2.0):
    """A head, states with and without the image, and the tokens spoken."""
    rng = torch.Generator().manual_seed(seed)
    head = scale * torch.randn(WORDS, DIM, generator=rng)
    seen = torch.randn(TOKENS, DIM, generator=rng)
    ablated = seen + 0.3 * torch.randn(TOKENS, DIM, generator=rng)
    return head, seen, ablated, torch.randint(0, WORDS, (TOKENS,), generator=rng)


def summed_up(head, seen, ablated, ids, temperature):
    return vocabulary.summed_up(
        lambda states, words: states @ head[words].T,
        seen,
        ablated,
        ids,
        words=WORDS,
        temperature=temperature,
    )


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("scale", [0.1, 2.0, 30.0])
def test_tiles_come_to_what_whole_logits_do(mixed, scale):
    head, seen, ablated, ids = drawn(scale=scale)
    heat = torch.linspace(0.3, 1.7, TOKENS) if mixed else torch.ones(TOKENS)
    told = summed_up(head, seen, ablated, ids, heat)
    z, ablated_z = seen @ head.T, ablated @ head.T
    expected = {"logprobs": logprob(z, ids), "ablated_logprobs": logprob(ablated_z, ids)}
    rows = list(zip(z, ablated_z, heat.tolist(), strict=True))
    expected["entropy"] = torch.cat([entropy(a[None], t) for a, _, t in rows])
    expected["kl"] = torch.cat([kl(a[None], b[None], t) for a, b, t in rows])
    assert told.keys() == expected.keys()
    for name, values in told.items():
        torch.testing.assert_close(values, expected[name], atol=1e-5, rtol=1e-5, msg=name)


def test_without_a_second_pass_there_is_nothing_to_compare():
    head, seen, _, ids = drawn()
    assert set(summed_up(head, seen, None, ids, torch.ones(TOKENS))) == {"logprobs", "entropy"}


def test_equal_passes_have_no_divergence():
    head, seen, _, ids = drawn()
    told = summed_up(head, seen, seen.clone(), ids, torch.ones(TOKENS))
    assert (told["kl"] >= 0).all() and told["kl"].max() < 1e-5


def test_a_logit_that_is_no_number_stays_visible():
    head, seen, ablated, ids = drawn()
    head[50, 3] = torch.nan
    told = summed_up(head, seen, ablated, ids, torch.ones(TOKENS))
    assert all(not values.isfinite().any() for values in told.values())
