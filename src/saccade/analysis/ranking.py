"""The top K tokens of a response, in SQL: one rule for every figure that ranks tokens."""

RESPONSE = "hash(task, step, sample_id, index)"
"""A response as one number of 64 bits, so that tokens are grouped without comparing names."""


def among_top(place: str, top: float, *, n: str = "n") -> str:
    """Whether the token at this place (from 1) of `n` is among the top K.

    K is a share of the tokens as a float, rounded up and at least one; or a number of tokens.
    """
    return f"{place} <= {how_many(top, n=n)}"


def how_many(top: float, *, n: str = "n") -> str:
    """K; rounding first, so that .07 of 100 is 7 and not 8."""
    if isinstance(top, int):
        return f"least({top}, {n})"
    return f"greatest(1, ceil(round({n} * {top!r}::DOUBLE, 9)))"
