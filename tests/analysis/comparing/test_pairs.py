"""Two models' numbers on the same responses: joined token by token, whatever the order."""

import numpy as np
import pandas as pd
import pytest
from frames import make_run, stored
from planted import pair

from saccade.analysis.comparing import Pair
from saccade.errors import SaccadeError

KEY = ["task", "sample_id", "step", "index", "position"]


def shuffled(tokens: pd.DataFrame, *, without: str) -> pd.DataFrame:
    """The responses in another order, and one question fewer."""
    parts = [rows for _, rows in tokens.groupby(["sample_id", "index"])]
    parts = [rows for rows in parts if rows["sample_id"].iloc[0] != without]
    order = np.random.default_rng(3).permutation(len(parts))
    return pd.concat([parts[place] for place in order], ignore_index=True)


def test_every_token_meets_its_own() -> None:
    before, after = pair(questions=5)
    after.loc[7, "logprob"] = np.nan
    joined = Pair(before, shuffled(after, without="q3"))
    both = before.merge(after, on=KEY, suffixes=("", "_after"))
    both = both[both["sample_id"] != "q3"].reset_index(drop=True)
    assert joined.tokens["token"].tolist() == both["token"].tolist()
    for name in ("logprob", "kl.blind"):
        want = (both[f"{name}_after"] - both[name]).to_numpy(dtype=float)
        np.testing.assert_allclose(joined.change[name], want, atol=1e-6)
        assert np.isnan(joined.start[name]).tolist() == np.isnan(want).tolist()
    assert len(joined.responses) == 16 and joined.questions["sample_id"].tolist() == [
        *("q0", "q1", "q2", "q4")
    ]
    means = joined.per_question(joined.change["logprob"])
    for number, name in enumerate(joined.questions["sample_id"]):
        rows = both[both["sample_id"] == name]
        loop = [b - a for a, b in zip(rows["logprob"], rows["logprob_after"], strict=True)]
        assert means[number] == pytest.approx(np.nanmean(loop), abs=1e-6)


def test_a_stored_run_answers_as_its_table_does(tmp_path) -> None:
    run = make_run(questions=3)
    read = Pair(stored(tmp_path / "run", run), run.tokens())
    assert set(read.signals) == {
        *("logprob", "entropy", "visual_similarity", "hidden_shift.blind", "kl.blind", "k3.blind"),
    }
    for change in read.change.values():
        assert np.abs(change).max() == 0


@pytest.mark.parametrize("other", ["longer", "said otherwise", "elsewhere"])
def test_other_responses_are_refused(other) -> None:
    before, after = pair(questions=2)
    if other == "longer":
        after = after.drop(index=after.index[-1])
    elif other == "said otherwise":
        after.loc[3, "token_id"] += 1
    else:
        after["sample_id"] = "x" + after["sample_id"]
    with pytest.raises(SaccadeError, match="the same responses"):
        _ = Pair(before, after).tokens


def test_responses_without_a_task_pair_up() -> None:
    """A question is then named by its sample alone."""
    before, after = (each.assign(task=None) for each in pair(questions=3))
    joined = Pair(before, after)
    assert joined.responses["question"].tolist() == [n for n in range(3) for _ in range(4)]
    assert joined.questions["sample_id"].tolist() == ["q0", "q1", "q2"]
    assert np.isfinite(joined.per_question(joined.change["kl.blind"])).all()
