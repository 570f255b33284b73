"""The one error a user's mistake raises."""

import pickle

from saccade import SaccadeError


def test_it_is_a_value_error_that_travels_between_processes():
    error = pickle.loads(pickle.dumps(SaccadeError("one sentence.")))
    assert isinstance(error, ValueError)
    assert str(error) == "one sentence."
