"""What a rule knows of the global batch: a few numbers, from one value per token or response.

The values are those of all ranks, gathered; a response that lacks the signal has none.
"""

import math

from array_api_compat import array_namespace

from saccade.trainers.credit.rows import Array, length, mean, valid


def of_tokens(entropy: Array, mask: Array) -> Array:
    """The entropies of all valid tokens, in one row."""
    return valid(entropy, mask)[mask]


def entropy_threshold(values: Array, *, top: float = 0.2) -> dict[str, Array]:
    """The least entropy among the top ⌈ρ·N⌉ of the batch's N tokens; ρ = `top` (2506.01939)."""
    xp = array_namespace(values)
    if values.shape[0] == 0:
        return {"threshold": math.inf}
    k = max(1, math.ceil(round(top * values.shape[0], 6)))
    return {"threshold": xp.sort(values, descending=True)[k - 1]}


def of_responses(kl: Array, mask: Array) -> Array:
    """The mean dependency S̄ of each response that has tokens."""
    return mean(kl, mask)[length(kl, mask) > 0]


def dependency_range(values: Array) -> dict[str, Array]:
    """Least, most and mean S̄ of the batch (VPPO's trajectory-level scaling)."""
    xp = array_namespace(values)
    if values.shape[0] == 0:
        return dict.fromkeys(("low", "high", "middle"), xp.sum(values))
    return {"low": xp.min(values), "high": xp.max(values), "middle": xp.mean(values)}
