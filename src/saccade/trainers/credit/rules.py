r"""Credit rules: from signals to the weight w_t of every response token's advantage.

A rule takes its signals and the mask of valid tokens, all (batch, time), and its settings by name.
It returns float32 weights (float64 for float64), 0 beneath the mask and a sum of T, the response's
length, wherever the paper's has it. A response whose signals are constant gets 1 for each token.

The papers' notation: T response tokens, H entropy, VS visual similarity (PEPO), S visual dependency
(VPPO, PGPO), a hat for the min-max within the response. References: PEPO arXiv 2603.22847, VPPO
2510.09285, PGPO 2604.01840, high entropy 2506.01939.
"""

import math
from typing import Literal

from array_api_compat import array_namespace, device

from saccade.trainers.credit.rows import (
    Array,
    constant,
    length,
    mean,
    minmax,
    place,
    ratio,
    softmax,
    total,
    valid,
)

ROUNDING = 1e-6
"""Share by which a float32 sum may miss."""


def uniform(mask: Array) -> Array:
    """Weight 1: GRPO and DAPO as they are."""
    xp = array_namespace(mask)
    return xp.astype(mask, xp.float32)


def pepo(
    visual_similarity: Array,
    entropy: Array,
    mask: Array,
    *,
    alpha: float = 0.05,
    temperature: float = 1.0,
) -> Array:
    r"""Weights T · softmax((1 + α tanh g) · VS / τ), g = (V̂ + Ĥ) - mean(V̂ + Ĥ).

    The paper has no τ; its code divides by `gate_temperature`, 1.8 in the recipes.
    """
    xp = array_namespace(visual_similarity)
    both = minmax(visual_similarity, mask) + minmax(entropy, mask)
    gate = xp.tanh(both - mean(both, mask))
    z = (1 + alpha * gate) * valid(visual_similarity, mask) / temperature
    return length(z, mask) * softmax(z, mask)


def perception_only(visual_similarity: Array, mask: Array, *, temperature: float = 1.0) -> Array:
    """PEPO without its gate: w = T · softmax(VS / τ)."""
    z = valid(visual_similarity, mask) / temperature
    return length(z, mask) * softmax(z, mask)


def exploration_only(entropy: Array, mask: Array, *, temperature: float = 1.0) -> Array:
    """Weights T · softmax(Ĥ / τ): PEPO's other half, for which the paper has no formula."""
    z = minmax(entropy, mask) / temperature
    return length(z, mask) * softmax(z, mask)


def high_entropy(entropy: Array, mask: Array, *, threshold: Array) -> Array:
    """1 on the tokens whose entropy reaches the threshold of the global batch, else 0."""
    xp = array_namespace(entropy)
    return xp.astype(mask & (valid(entropy, mask) >= threshold), xp.float32)


def vppo(
    kl: Array,
    mask: Array,
    *,
    k: float = 0.4,
    low: Array,
    high: Array,
    middle: Array,
    beta_min: float = 0.9,
    divide: Literal["response", "kept"] = "response",
) -> Array:
    """VPPO: the ⌈k·T⌉ tokens of largest S, times what the response's mean S is worth.

    The paper's loss divides by the response's length, as here; `kept` makes up for the tokens that
    are masked, so that the weights of a response sum to T times its factor.
    """
    xp = array_namespace(kl)
    n, kept = length(kl, mask), top(kl, mask, k)
    scale = ratio(n, total(kept, mask)) if divide == "kept" else xp.ones_like(n)
    factor = trajectory_factor(mean(kl, mask), low=low, high=high, middle=middle, beta_min=beta_min)
    return kept * scale * factor


def top(values: Array, mask: Array, k: float) -> Array:
    """1 on each response's ⌈k·T⌉ largest, the earlier of equal ones, and on all if all are equal.

    Rounded to nine digits first, so that .28 of 25 tokens are 7 and not 8.
    """
    xp = array_namespace(values)
    n = length(values, mask)
    kept = xp.ceil(xp.round(n * k * 1e6) / 1e6)
    chosen = mask & ((place(values, mask) < kept) | constant(values, mask))
    return xp.astype(chosen, n.dtype)


def trajectory_factor(
    means: Array, *, low: Array, high: Array, middle: Array, beta_min: float = 0.9
) -> Array:
    r"""VPPO's scaling of a response by its mean S̄: β_min + (β_max - β_min) · minmax(S̄).

    Least, most and mean of S̄ are those of the global batch, and β_max makes the mean factor 1.
    """
    xp = array_namespace(means)
    spread, mean_above = high - low, middle - low
    grown = (1 - beta_min) * ratio(means - low, mean_above)  # β_max - β_min = (1 - β_min) / mean
    varies = spread > ROUNDING * xp.abs(high)
    return xp.where(varies, beta_min + grown, xp.ones_like(means))


def pgpo(
    kl: Array,
    mask: Array,
    *,
    tau: float = 0.4,
    beta: float = 2.0,
    max_weight: float = math.inf,
) -> Array:
    r"""Weights u·T/Σu, u = I/τ below τ and 1 + β(I - τ)/(1 - τ) from it on, I = minmax(log(1 + S)).

    Where few tokens depend on the image, one weight may be near T. `max_weight` caps them, and what
    is cut off is shared out in proportion, so that the sum stays T.
    """
    xp = array_namespace(kl)
    share = minmax(xp.log1p(valid(kl, mask)), mask)
    above = 1 + beta * (share - tau) / (1 - tau) if tau < 1 else share
    u = xp.where(share < tau, share / tau, above)
    u = valid(xp.where(constant(kl, mask), 1.0, u), mask)
    return capped(u, length(kl, mask), max_weight)


def capped(u: Array, mass: Array, cap: float) -> Array:
    """min(cap, s·u) with the s of each row that makes the sum `mass`; a cap too low for it is met.

    If the j largest are at the cap, the others share what is left of the mass. The fewest j for
    which their largest keeps to the cap is the one.
    """
    xp = array_namespace(u)
    if cap == math.inf:
        return u * ratio(mass, xp.sum(u, axis=-1, keepdims=True))
    count = xp.sum(xp.astype(u > 0, u.dtype), axis=-1, keepdims=True)
    cap = xp.maximum(cap * xp.ones_like(mass), ratio(mass, count))
    ranked = xp.sort(u, axis=-1)
    n = u.shape[-1]
    place = xp.arange(n, device=device(u))
    left = mass - xp.astype(n - 1 - place, u.dtype) * cap
    scale = ratio(left, xp.cumulative_sum(ranked, axis=-1))
    fits = scale * ranked <= cap * (1 + ROUNDING)
    last = xp.max(xp.where(fits, place, 0), axis=-1, keepdims=True)
    return xp.minimum(u * xp.take_along_axis(scale, last, axis=-1), cap)
