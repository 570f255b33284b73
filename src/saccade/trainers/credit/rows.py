"""What the rules do within a response: least, most, mean and order of its valid tokens.

A batch is (batch, time) with a mask of the valid tokens. What lies beneath the mask, NaN even, is
put away first and changes nothing. Torch and NumPy alike: the trainer has the one, the explorer the
other.
"""

import math
from typing import Any

from array_api_compat import array_namespace

Array = Any
"""A torch tensor or a NumPy array."""


def valid(values: Array, mask: Array, beneath: float = 0.0) -> Array:
    """The values as float32, with `beneath` in the place of what the mask leaves out."""
    xp = array_namespace(values)
    wide = values if values.dtype == xp.float64 else xp.astype(values, xp.float32)
    return xp.where(mask, wide, beneath)


def total(values: Array, mask: Array) -> Array:
    """The sum over each response's valid tokens, (batch, 1)."""
    xp = array_namespace(values)
    return xp.sum(valid(values, mask), axis=-1, keepdims=True)


def length(values: Array, mask: Array) -> Array:
    """T, the number of valid tokens of each response, (batch, 1)."""
    return total(array_namespace(values).ones_like(values), mask)


def mean(values: Array, mask: Array) -> Array:
    """The mean over each response's valid tokens, (batch, 1); 0 of an empty response."""
    return ratio(total(values, mask), length(values, mask))


def ratio(above: Array, below: Array) -> Array:
    """`above / below`, and 0 where that would be a division by 0."""
    xp = array_namespace(below)
    nothing = below == 0
    return xp.where(nothing, 0.0, above / xp.where(nothing, 1.0, below))


def minmax(values: Array, mask: Array) -> Array:
    """Each response's values from 0, its least, to 1, its most; 0 where all are the same."""
    xp = array_namespace(values)
    low = _edge(xp.min(valid(values, mask, math.inf), axis=-1, keepdims=True), mask)
    high = _edge(xp.max(valid(values, mask, -math.inf), axis=-1, keepdims=True), mask)
    return valid(ratio(valid(values, mask) - low, high - low), mask)


def softmax(values: Array, mask: Array) -> Array:
    """Shares of each response's valid tokens that sum to 1; zeros for an empty response."""
    xp = array_namespace(values)
    most = _edge(xp.max(valid(values, mask, -math.inf), axis=-1, keepdims=True), mask)
    raised = valid(xp.exp(valid(values, mask) - most), mask)
    return ratio(raised, xp.sum(raised, axis=-1, keepdims=True))


def _edge(edge: Array, mask: Array) -> Array:
    """A least or most of each response, 0 of an empty one."""
    xp = array_namespace(edge)
    return xp.where(xp.any(mask, axis=-1, keepdims=True), edge, 0.0)


def place(values: Array, mask: Array) -> Array:
    """The place of each valid token by value in its response, from 0, the largest.

    Of equal ones the earlier comes first; what the mask leaves out comes last.
    """
    xp = array_namespace(values)
    order = xp.argsort(-valid(values, mask, -math.inf), axis=-1, stable=True)
    return xp.argsort(order, axis=-1, stable=True)


def constant(values: Array, mask: Array) -> Array:
    """Whether all valid tokens of a response have one value, (batch, 1)."""
    xp = array_namespace(values)
    return xp.all(minmax(values, mask) == 0, axis=-1, keepdims=True)
