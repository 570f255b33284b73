"""The top K tokens of a response: one rule, and its words, for every figure that ranks tokens."""

from saccade.errors import SaccadeError


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


def check_top(top: float) -> None:
    """A share in (0, 1], or a whole number of tokens from 1."""
    whole = isinstance(top, int) and not isinstance(top, bool)
    share = isinstance(top, float) and 0 < top <= 1
    if not share and not (whole and top >= 1):
        raise SaccadeError(
            "top must be a share of the tokens (a float above 0, up to 1) or a number of tokens "
            f"(an int from 1); got {top!r}."
        )


def panel_title(panel: str, top: float | None = None) -> str:
    """`Top 20 % of tokens`, `Bottom 5 tokens`, `All response tokens`."""
    if panel == "all":
        return "All response tokens"
    if top is None:
        return f"{panel.capitalize()} tokens"
    if isinstance(top, int):
        return f"{panel.capitalize()} {top} token{'s' if top != 1 else ''} of each response"
    return f"{panel.capitalize()} {top:.0%} of each response's tokens".replace("%", " %")
