"""What words are joined from: whole responses in order, the same ones drawn each time."""

from pathlib import Path

import pandas as pd
from frames import make_run, stored

from saccade.analysis.words.reading import drawn_words, read_tokens


def test_whole_responses_in_order(tmp_path: Path) -> None:
    """From a stored run, held or not, and from a table of its tokens alike."""
    run = stored(tmp_path / "run", make_run(questions=5))
    tokens = run.tokens()
    read = read_tokens(run, ["kl.blind"])
    for name in ("sample_id", "index", "position", "token"):
        assert read[name].tolist() == tokens[name].tolist()
    pd.testing.assert_series_equal(
        read["value_0"], tokens["kl.blind"].astype("float64"), check_names=False
    )
    assert read.attrs == {"read": 20, "responses": 20} and drawn_words(read.attrs) == []
    pd.testing.assert_frame_equal(read_tokens(tokens, ["kl.blind"]), read)
    pd.testing.assert_frame_equal(read_tokens(run.hold(), ["kl.blind"]), read)


def test_of_more_some_are_drawn(tmp_path: Path) -> None:
    """Seven whole responses of twenty, the same from the run and from its table; and it is said."""
    run = stored(tmp_path / "run", make_run(questions=5))
    read = read_tokens(run, [], most=7)
    assert read["response"].nunique() == 7
    whole = run.tokens().groupby("response").size()
    assert read.groupby("response").size().equals(whole[read["response"].unique()])
    pd.testing.assert_frame_equal(read_tokens(run.tokens(), [], most=7), read)
    assert drawn_words(read.attrs) == ["Read of 7 responses drawn from 20."]
