"""From weights to token advantages, and how uneven they are."""

from typing import Any

from array_api_compat import array_namespace

from saccade.trainers.credit.rows import Array, length, ratio, total


def spread(advantages: Array, weights: Array, *, share: float = 1.0) -> Array:
    """A_t = ((1 - λ) + λ w_t) A: a response's advantage on each token, (batch, time); λ = `share`.

    PEPO lets λ grow with the training, from GRPO at its start; VPPO and PGPO keep it at 1.
    """
    return advantages[..., None] * ((1 - share) + share * weights)


def effective_share(weights: Array, mask: Array) -> Array:
    """(Σw)² / Σw² / T of each response: 1 if all tokens count alike; 0 for an empty one."""
    squares = total(weights * weights, mask) * length(weights, mask)
    return ratio(total(weights, mask) ** 2, squares)[..., 0]


def percentiles(values: Array, at: tuple[float, ...] = (5, 50, 95)) -> dict[str, float]:
    """These percentiles of a row of values, linear between two."""
    xp: Any = array_namespace(values)
    ranked = xp.sort(values)
    found = {}
    for percent in at:
        place = (ranked.shape[0] - 1) * percent / 100
        low = int(place)
        high = min(low + 1, ranked.shape[0] - 1)
        found[f"p{percent:g}"] = float(ranked[low] + (place - low) * (ranked[high] - ranked[low]))
    return found
