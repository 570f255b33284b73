"""Signals against hand-worked values and plain loops, at parameters that are not the default."""

import doctest
import math
from typing import Any

import pytest
import torch

from saccade.probes import (
    SIGNALS,
    entropy,
    hidden_shift,
    hidden_shift_cosine,
    hidden_shift_l2,
    k3,
    kl,
    logprob,
    visual_similarity,
    visual_similarity_dot,
    visual_similarity_l1,
    visual_similarity_l2,
)
from saccade.probes.signals import K3_BOUND

LAYERS, TIME, PATCHES, DIM, VOCAB = 4, 5, 3, 6, 11


@pytest.fixture
def given() -> dict[str, Any]:
    """Random logits and states of one response."""
    torch.manual_seed(0)
    return {
        "logits": torch.randn(TIME, VOCAB) * 3,
        "ablated_logits": torch.randn(TIME, VOCAB) * 3,
        "token_ids": torch.randint(VOCAB, (TIME,)),
        "states": torch.randn(LAYERS, TIME, DIM),
        "ablated_states": torch.randn(LAYERS, TIME, DIM),
        "image_states": torch.randn(LAYERS, PATCHES, DIM),
    }


def softmax(row: list[float], temperature: float) -> list[float]:
    """Probabilities, one by one."""
    top = max(row)
    weights = [math.exp((value - top) / temperature) for value in row]
    return [weight / sum(weights) for weight in weights]


def length(vector: list[float]) -> float:
    """Euclidean norm."""
    return math.sqrt(sum(x * x for x in vector))


# --- hand-worked --------------------------------------------------------------------------------


def test_k3_test_vector() -> None:
    seen = torch.tensor([-0.1, -1.2, -0.5, -2, -0.02])
    ablated = torch.tensor([-0.1, -3.2, -0.9, -1.5, -0.03])
    expected = torch.tensor([0, 1.135335, 0.070320, 0.148721, 0.000050])
    assert torch.allclose(k3(seen, ablated), expected, atol=5e-7)


def test_k3_is_clamped_as_in_the_public_codes() -> None:
    seen, ablated = torch.tensor([-9.0, -0.1, -50.0]), torch.tensor([-0.1, -9.0, -1.0])
    assert k3(seen, ablated)[0] == K3_BOUND
    assert k3(seen, ablated)[1] == pytest.approx(math.exp(-8.9) - 1 + 8.9, rel=1e-6)
    assert k3(torch.tensor([-0.0]), torch.tensor([-400.0])).item() == K3_BOUND


def test_logprob_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3), math.log(4)], [5.0, 5.0, 5.0]])
    found = logprob(logits, torch.tensor([2, 0]))
    assert found.tolist() == pytest.approx([math.log(1 / 2), math.log(1 / 3)])


def test_entropy_by_hand() -> None:
    logits = torch.tensor([[0.0, 2 * math.log(3)]])  # odds of 1 to 3 at temperature 2
    expected = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert entropy(logits, 2.0).tolist() == pytest.approx([expected])


def test_entropy_of_a_certain_token_is_zero_not_nan() -> None:
    assert entropy(torch.tensor([[0.0, -300.0]]), 0.5).tolist() == [0.0]


def test_kl_by_hand() -> None:
    seen = torch.tensor([[0.0, 0.5 * math.log(3)]])  # odds of 1 to 3 at temperature 1/2
    blind = torch.tensor([[0.0, 0.0]])
    expected = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    assert kl(seen, blind, 0.5).tolist() == pytest.approx([expected])


def test_visual_similarity_by_hand() -> None:
    states = torch.tensor([[[3.0, 0.0]], [[1.0, 1.0]], [[0.0, 2.0]]])
    image = torch.tensor([[[9.0, 9.0]] * 2, [[0.0, 5.0], [7.0, 0.0]], [[0.0, -1.0], [0.0, 4.0]]])
    found = visual_similarity(states, image, [1, 2])
    assert found.tolist() == pytest.approx([(math.sqrt(0.5) + 0) / 2])


def test_hidden_shift_by_hand() -> None:
    states = torch.tensor([[[9.0, 9.0]], [[3.0, 4.0]], [[0.0, 2.0]]])
    ablated = torch.tensor([[[0.0, 0.0]], [[0.0, 0.0]], [[0.0, 1.0]]])
    assert hidden_shift(states, ablated, [1, 2]).tolist() == pytest.approx([(1 + 0.5) / 2])


def test_variants_by_hand() -> None:
    states = torch.tensor([[[9.0, 9.0]], [[3.0, 4.0]], [[0.0, 2.0]]])
    others = torch.tensor([[[0.0, 0.0]] * 2, [[0.0, 0.0], [4.0, 3.0]], [[0.0, -1.0], [0.0, 5.0]]])
    found = {
        metric: similarity(states, others, [1, 2]).tolist()
        for metric, similarity in (
            ("dot", visual_similarity_dot),
            ("l2", visual_similarity_l2),
            ("l1", visual_similarity_l1),
        )
    }
    assert found == {
        "dot": pytest.approx([((0 + 24) / 2 + (-2 + 10) / 2) / 2]),
        "l2": pytest.approx([-((5 + math.sqrt(2)) / 2 + (3 + 3) / 2) / 2]),
        "l1": pytest.approx([-((7 + 2) / 2 + (3 + 3) / 2) / 2]),
    }
    ablated = torch.tensor([[[0.0, 0.0]], [[8.0, 6.0]], [[1.0, 0.0]]])
    shift, turn = math.hypot(5, 2) + math.hypot(1, 2), (1 - 24 / 25) + 1
    assert hidden_shift_l2(states, ablated, [1, 2]).tolist() == pytest.approx([shift / 2])
    assert hidden_shift_cosine(states, ablated, [1, 2]).tolist() == pytest.approx([turn / 2])


# --- plain loops --------------------------------------------------------------------------------


def test_entropy_and_kl_as_loops(given: Any) -> None:
    for t in range(TIME):
        p = softmax(given["logits"][t].tolist(), 1.7)
        q = softmax(given["ablated_logits"][t].tolist(), 1.7)
        h = -sum(x * math.log(x) for x in p)
        divergence = sum(x * math.log(x / y) for x, y in zip(p, q, strict=True))
        assert entropy(given["logits"], 1.7)[t].item() == pytest.approx(h, abs=1e-5)
        found = kl(given["logits"], given["ablated_logits"], 1.7)[t].item()
        assert found == pytest.approx(divergence, abs=1e-5)


def test_logprob_as_a_loop(given: Any) -> None:
    found = logprob(given["logits"], given["token_ids"])
    for t, token in enumerate(given["token_ids"].tolist()):
        p = softmax(given["logits"][t].tolist(), 1.0)
        assert found[t].item() == pytest.approx(math.log(p[token]), abs=1e-5)


@pytest.mark.parametrize("layers", [None, (0, 3), [2]])
def test_similarity_and_shift_as_loops(given: Any, layers: Any) -> None:
    similarity = visual_similarity(given["states"], given["image_states"], layers)
    shift = hidden_shift(given["states"], given["ablated_states"], layers)
    chosen = range(LAYERS) if layers is None else layers
    for t in range(TIME):
        cosines, shifts = [], []
        dots, far, steps, moves, turns = [], [], [], [], []
        for layer in chosen:
            h = given["states"][layer, t].tolist()
            moved = (given["states"] - given["ablated_states"])[layer, t].tolist()
            shifts.append(length(moved) / length(h))
            moves.append(length(moved))
            blind = given["ablated_states"][layer, t].tolist()
            meet = sum(a * b for a, b in zip(h, blind, strict=True))
            turns.append(1 - meet / length(h) / length(blind))
            for n in range(PATCHES):
                v = given["image_states"][layer, n].tolist()
                dot = sum(a * b for a, b in zip(h, v, strict=True))
                cosines.append(dot / length(h) / length(v))
                apart = [a - b for a, b in zip(h, v, strict=True)]
                dots.append(dot)
                far.append(-length(apart))
                steps.append(-sum(map(abs, apart)))
        assert similarity[t].item() == pytest.approx(sum(cosines) / len(cosines), abs=1e-6)
        assert shift[t].item() == pytest.approx(sum(shifts) / len(shifts), rel=1e-5)
        for function, other, values in (
            (visual_similarity_dot, "image_states", dots),
            (visual_similarity_l2, "image_states", far),
            (visual_similarity_l1, "image_states", steps),
            (hidden_shift_l2, "ablated_states", moves),
            (hidden_shift_cosine, "ablated_states", turns),
        ):
            found = function(given["states"], given[other], layers)[t].item()
            assert found == pytest.approx(sum(values) / len(values), rel=1e-5, abs=1e-6), function


@pytest.mark.parametrize("layers", [None, (0, 3)])
def test_nearness_is_what_the_similarity_to_one_image_token_is(given: Any, layers: Any) -> None:
    for signal in SIGNALS.values():
        if not signal.towards_image:
            continue
        picked = [
            given[name] if layers is None else given[name][list(layers)]
            for name in ("states", "image_states")
        ]
        every = signal.nearness(*picked).mean(0)
        for n in range(PATCHES):
            one = signal.function(given["states"], given["image_states"][:, [n]], layers)
            torch.testing.assert_close(every[:, n], one, msg=signal.name)


# --- what always holds --------------------------------------------------------------------------


def test_nothing_ablated_nothing_moves(given: Any) -> None:
    assert kl(given["logits"], given["logits"] + 4, 0.7).max() < 1e-6
    assert kl(given["logits"], given["logits"] + 4, 0.7).min() >= 0
    assert hidden_shift(given["states"], given["states"]).tolist() == [0.0] * TIME
    assert k3(given["logits"][:, 0], given["logits"][:, 0]).tolist() == [0.0] * TIME


def test_batches_are_rows(given: Any) -> None:
    two = torch.stack([given["logits"], given["ablated_logits"]])
    flipped = two.flip(0)
    assert torch.equal(entropy(two, 0.8)[0], entropy(two[0], 0.8))
    assert torch.equal(kl(two, flipped, 0.8)[1], kl(two[1], two[0], 0.8))


def test_sums_run_in_float32_whatever_the_model() -> None:
    torch.manual_seed(1)
    half, other = torch.randn(3, 5000).bfloat16(), torch.randn(3, 5000).bfloat16()
    token_ids = torch.tensor([1, 2, 3])
    assert torch.equal(entropy(half, 0.9), entropy(half.float(), 0.9))
    assert torch.equal(kl(half, other, 0.9), kl(half.float(), other.float(), 0.9))
    assert torch.equal(logprob(half, token_ids), logprob(half.float(), token_ids))
    states, image = half.view(3, 50, 100), other.view(3, 50, 100)
    similar = visual_similarity(states, image)
    assert similar.dtype == torch.float32
    for signal in SIGNALS.values():
        if signal.layered:
            found = signal.function(states, image)
            assert torch.equal(found, signal.function(states.float(), image.float())), signal.name


def test_the_examples_in_the_docstrings() -> None:
    from saccade.probes import signals

    result = doctest.testmod(signals)
    assert result.attempted >= 2
    assert result.failed == 0
