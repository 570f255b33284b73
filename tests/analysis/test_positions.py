"""Signals along the response."""

import numpy as np
import pandas as pd
import pytest
from frames import SIGNALS, make_run

from saccade.analysis.plots.profiles import plot_position_profile, plot_positions
from saccade.analysis.positions import describe_positions, position_profiles, token_profiles
from saccade.analysis.sources import clustered
from saccade.errors import SaccadeError


def test_the_same_as_a_loop() -> None:
    """Every bin of every signal; missing numbers are left out."""
    tokens = make_run(questions=5, n=3, seed=6).tokens()
    tokens.loc[np.random.default_rng(0).random(len(tokens)) < 0.1, "entropy"] = np.nan
    frame = position_profiles(tokens, bins=4).set_index(["signal", "bin"])
    assert set(frame.index.get_level_values("signal")) == set(SIGNALS)
    for (signal, place), row in frame.iterrows():
        pooled: dict[str, list[float]] = {}
        for token in tokens.to_dict("records"):
            inside = place <= 4 * token["position"] / token["length"] < place + 1
            if inside and np.isfinite(token[signal]):
                pooled.setdefault(token["sample_id"], []).append(token[signal])
        means = [np.mean(values) for values in pooled.values()]
        assert row["mean"] == pytest.approx(np.mean(means), rel=1e-5)
        assert row["n_questions"] == len(means)
        assert row["at"] == (place + 0.5) / 4


def test_a_question_without_a_cluster_is_one_of_its_own() -> None:
    """Missing names in a table of tokens do not join their questions into one."""
    tokens = make_run(questions=12).tokens()
    some = tokens["sample_id"].where(tokens["sample_id"].isin(["q0", "q1"])).replace("q1", "q0")
    items = clustered(tokens[["sample_id"]].drop_duplicates(), tokens.assign(cluster=some))
    assert items["cluster"].nunique() == 11
    frame = position_profiles(tokens.assign(cluster=None))
    pd.testing.assert_frame_equal(frame, position_profiles(tokens))


def test_one_token_is_in_the_first_bin() -> None:
    """And the other bins are not there."""
    tokens = make_run(questions=3).tokens().query("position == 0").assign(length=1)
    frame = position_profiles(tokens)
    assert set(frame["bin"]) == {0}
    assert "to" in describe_positions(frame).sentence


def test_drawn_with_a_line_per_task_and_said() -> None:
    """A panel per signal; of many tasks as many as there are colours."""
    tokens = make_run(questions=3).tokens()
    many = [tokens.assign(task=f"t{number}") for number in range(8)]
    frame = position_profiles(pd.concat(many))
    assert len(plot_position_profile(frame, signal="entropy").get_lines()) == 6
    figure = plot_positions(frame)
    assert [ax.get_title(loc="left") for ax in figure.axes][1] == "entropy"
    assert "rising in" in describe_positions(frame).sentence


def test_refuses_no_signals_and_no_bins() -> None:
    """With what to do."""
    tokens = make_run(questions=1).tokens()
    with pytest.raises(SaccadeError, match="saccade probe RUN"):
        position_profiles(tokens.drop(columns=list(SIGNALS)))
    with pytest.raises(SaccadeError, match="bins must be a whole number from 1 on; got 0"):
        position_profiles(tokens, bins=0)


def test_token_by_token_is_the_same_as_a_loop() -> None:
    """Bins of as many tokens each, as far as enough responses reach."""
    tokens = make_run(questions=5, n=4, seed=6).tokens()
    lengths = sorted(tokens.query("position == 0")["length"])
    longest = lengths[-(-19 * 95 // 100)]
    frame = token_profiles(tokens, bins=4)
    width = -(-longest // 4)
    assert frame.attrs == {"along": "tokens", "bins": -(-longest // width), "width": width}
    for row in frame.to_dict("records"):
        pooled: dict[str, list[float]] = {}
        for token in tokens.to_dict("records"):
            inside = (
                row["bin"] * width <= token["position"] < min(longest, (row["bin"] + 1) * width)
            )
            if inside:
                pooled.setdefault(token["sample_id"], []).append(token[row["signal"]])
        assert row["mean"] == pytest.approx(np.mean([np.mean(of) for of in pooled.values()]), 1e-5)
        assert row["n_questions"] == len(pooled)
        assert row["at"] == row["bin"] * width + (width - 1) / 2


def test_token_by_token_is_drawn_along_tokens_and_said() -> None:
    """Not along shares."""
    frame = token_profiles(make_run(questions=3).tokens(), bins=8)
    ax = plot_position_profile(frame)
    assert ax.get_xlabel() == "token of the response, from 0"
    assert ax.get_xlim()[0] == 0 and ax.get_xlim()[1] > 10
    assert "token by token; n counts questions" in plot_positions(frame).get_suptitle()
    facts = frame.attrs
    assert f"{facts['bins']} places of {facts['width']} tokens each" in (
        describe_positions(frame).sentence
    )
    with pytest.raises(SaccadeError, match="no tokens"):
        token_profiles(make_run(questions=1).tokens().head(0))
