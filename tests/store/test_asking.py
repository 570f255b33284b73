"""Asking a run and asking its tokens give one answer."""

import pandas as pd
import pytest
from runs import written

from saccade.errors import SaccadeError
from saccade.store import ask, column_of, open_run

MEANS = """
SELECT sample_id, correct, avg("kl.blind") AS value, count(*) AS n
FROM tokens GROUP BY sample_id, correct ORDER BY sample_id, correct
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return open_run(written(tmp_path_factory.mktemp("asking") / "run"))


def test_a_run_and_its_tokens_answer_alike(run):
    tokens = run.tokens()
    pd.testing.assert_frame_equal(ask(run, MEANS), ask(tokens, MEANS))
    by_hand = tokens.groupby(["sample_id", "correct"])["kl.blind"].mean()
    assert ask(run, MEANS)["value"].tolist() == pytest.approx(by_hand.tolist())


@pytest.mark.parametrize("query", ["DROP VIEW tokens", "SELECT 1; SELECT 2"])
def test_only_one_select_is_answered(run, query):
    for source in (run, run.tokens()):
        with pytest.raises(SaccadeError, match="answers one SELECT"):
            ask(source, query)


def test_a_table_of_tokens_sees_no_files(run):
    with pytest.raises(Exception, match=r"(?i)disabled|cannot"):
        ask(run.tokens(), f"SELECT * FROM '{run.path}/rollouts/000000.parquet'")


def test_a_signal_is_found_by_its_short_name_or_missed_with_advice(run):
    for source in (run, run.tokens()):
        assert column_of(source, "kl") == "kl.blind"
        with pytest.raises(SaccadeError, match=r"no signal 'k3.grey', .* --ablation grey"):
            column_of(source, "k3.grey")


@pytest.mark.parametrize("other", ["runs/x", None, [1]])
def test_what_is_neither_is_told_what_to_do(other):
    for question in (lambda: ask(other, MEANS), lambda: column_of(other, "kl")):
        with pytest.raises(SaccadeError, match="from a run or from a table .* saccade.open_run"):
            question()
