"""What may be asked of a run, and with which settings."""

import numpy as np
import pytest

from saccade.analysis.sources import check_count
from saccade.errors import SaccadeError


@pytest.mark.parametrize("value", [0, -1, 2.5, "3", True, None])
def test_counts_are_whole_numbers(value):
    with pytest.raises(SaccadeError, match=r"bins must be a whole number from 1 on; got"):
        check_count("bins", value)
    assert check_count("bins", np.int64(3)) == 3
