"""`credit`: the weights of a batch by a rule's name, for the trainer, the explorer and anyone."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

from array_api_compat import array_namespace

from saccade.errors import SaccadeError
from saccade.samples import signal_column
from saccade.trainers.credit.rows import Array, valid
from saccade.trainers.credit.table import RULES, Rule


def credit(rule: str, signals: Mapping[str, Array], mask: Array, **settings: Any) -> Array:
    """The weight of every token: (batch, time) like the signals, or (time,) for one response.

    `signals` by name as in a trace, where `kl` means `kl.blind`; `mask` is true on the response's
    tokens. A rule of the global batch takes this batch for it. A response that lacks a signal on
    any of its tokens, a text-only one for instance, has weight 1 on each.

    >>> import numpy as np
    >>> similarity, entropy = np.array([0.1, 0.35, 0.22]), np.array([0.0, 0.4, 2.0])
    >>> given = {"visual_similarity": similarity, "entropy": entropy}
    >>> credit("pepo", given, np.array([True, True, True]), alpha=0.05).round(3)
    array([0.877, 1.132, 0.991])
    """
    known = checked(rule, settings)
    arrays = [named(signals, name, mask) for name in known.needs]
    if mask.ndim == 1:
        return weigh(known, [each[None] for each in arrays], mask[None], **settings)[0]
    return weigh(known, arrays, mask, **settings)


def weigh(rule: Rule, signals: list[Array], mask: Array, **settings: Any) -> Array:
    """The weights of a batch that is the whole batch."""
    measured = measured_rows(signals, mask)
    if rule.of_batch is None:
        return weigh_rows(rule, signals, mask, measured, **settings)
    values = rule.of_batch.values(*signals, measured)
    return weigh_rows(rule, signals, mask, measured, **settled(rule, values, settings))


def weigh_rows(
    rule: Rule, signals: list[Array], mask: Array, measured: Array, **settings: Any
) -> Array:
    """The weights where all that a rule takes from the global batch is known."""
    xp = array_namespace(mask)
    plain = xp.astype(mask, xp.float32)
    if not rule.needs:
        return plain
    weights = rule.function(*signals, measured, **settings)
    return xp.where(xp.any(measured, axis=-1, keepdims=True), weights, plain)


def settled(rule: Rule, values: Array, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the rule's function, with what the values of all ranks say."""
    assert rule.of_batch is not None
    asked = signature(rule.of_batch.settle).parameters
    own = {name: value for name, value in settings.items() if name not in asked}
    known = {name: value for name, value in settings.items() if name in asked}
    return own | dict(rule.of_batch.settle(values, **known))


def measured_rows(signals: list[Array], mask: Array) -> Array:
    """The mask without the rows of responses that lack a signal on any token."""
    xp = array_namespace(mask)
    there = mask
    for values in signals:
        there = there & xp.isfinite(valid(values, mask))
    return mask & xp.all(there == mask, axis=-1, keepdims=True)


def checked(name: str, settings: Mapping[str, Any]) -> Rule:
    """The rule of this name, if it has these settings."""
    if name not in RULES:
        raise SaccadeError(f"There is no credit rule {name!r}; there is {', '.join(RULES)}.")
    rule = RULES[name]
    unknown = [each for each in settings if each not in rule.settings]
    if unknown:
        has = ", ".join(f"{key}={value}" for key, value in rule.settings.items()) or "none"
        raise SaccadeError(f"The rule {name} has no setting {unknown[0]!r}; its settings: {has}.")
    return rule


def named(signals: Mapping[str, Array], name: str, mask: Array) -> Array:
    """One signal, as long and wide as the mask."""
    column = signal_column(name, list(signals)) or _only(signals, name)
    if column is None:
        raise SaccadeError(
            f"The rule needs the signal {name!r}; got {', '.join(signals) or 'no signals'}."
        )
    if signals[column].shape != mask.shape or mask.ndim not in (1, 2):
        raise SaccadeError(
            "Signals and mask must have one shape, (batch, time) or (time,); "
            f"{column} has {tuple(signals[column].shape)}, the mask {tuple(mask.shape)}."
        )
    detached = getattr(signals[column], "detach", None)  # torch's: no gradient through weights
    return detached() if detached else signals[column]


def _only(signals: Mapping[str, Array], name: str) -> str | None:
    """The one signal by which the response depends on the image, whatever the ablation."""
    depending = [each for each in signals if each.partition(".")[0] in ("kl", "k3")]
    return depending[0] if name == "kl" and len(depending) == 1 else None
