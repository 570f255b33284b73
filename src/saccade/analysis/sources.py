"""Which signals a run, or a table of its tokens, can be asked for."""

from saccade.errors import SaccadeError
from saccade.store import Source, signals_of

TOKEN_COLUMNS = frozenset(
    ("task", "sample_id", "index", "step", "position", "length", "token", "token_id", "correct")
)
"""The columns of `Run.tokens` that are no signals."""


def present_signals(source: Source) -> list[str]:
    """The signals measured, in their own order, without the spreads of several draws."""
    names = [
        name
        for name in signals_of(source)
        if name not in TOKEN_COLUMNS and not name.endswith(".spread")
    ]
    if not names:
        raise SaccadeError(
            "This run has no signals, so there is nothing to draw. Measure some: "
            "`saccade probe RUN`."
        )
    return names
