"""How much of a signal there is, counted by pandas."""

import numpy as np
import pandas as pd
import pytest
from frames import make_run, stored

from saccade.analysis.measured import measured
from saccade.errors import SaccadeError


def test_counts_what_is_there_and_what_lacks(tmp_path):
    run = make_run(questions=4)
    tokens = run.tokens()
    assert measured(stored(tmp_path / "run", run), "kl") == measured(tokens, "kl")
    first = (tokens["sample_id"] == "q0") & (tokens["index"] == 0)
    tokens.loc[first, "kl.blind"] = np.nan
    tokens.loc[len(tokens) - 1, "kl.blind"] = np.inf
    found, kept = measured(tokens, "kl"), tokens["kl.blind"][:-1].dropna()
    assert (found.signal, found.responses) == ("kl.blind", 15)
    assert (found.tokens, found.missing) == (len(kept), first.sum() + 1)
    assert (found.low, found.high) == (kept.min(), kept.max())
    assert found.mean == pytest.approx(kept.astype(float).mean())


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
def test_refuses_where_nothing_was_measured(nothing):
    tokens = make_run(questions=1).tokens().assign(**{"kl.blind": nothing})
    for table in (tokens, tokens[:0]):
        with pytest.raises(SaccadeError, match="has a number for kl.blind"):
            measured(table, "kl")
    with pytest.raises(SaccadeError, match="no signal 'k3.grey'"):
        measured(pd.DataFrame(tokens), "k3.grey")
