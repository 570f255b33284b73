"""The one error a user's mistake raises: what must hold, what came, what to do."""


class SaccadeError(ValueError):
    """A user's mistake. The CLI prints its message without a traceback and exits with 1."""
