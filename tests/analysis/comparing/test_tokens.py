"""How far single tokens moved: shares of all tokens, and what lies beyond the bins."""

import numpy as np
import pandas as pd
import pytest
from planted import pair

from saccade.analysis.comparing import Pair, forced_tokens
from saccade.analysis.comparing.tokens import describe_tokens
from saccade.analysis.dependency import percent
from saccade.analysis.plots.histograms import plot_tokens


def test_shares_are_those_of_a_loop() -> None:
    before, after = pair(questions=6)
    frame = forced_tokens({"base": Pair(before, after), "tuned": Pair(after, before)})
    changes = (after["kl.blind"] - before["kl.blind"]).to_numpy()
    rows = frame[(frame["series"] == "base") & (frame["signal"] == "kl.blind")]
    for row in rows.iloc[:-1].to_dict("records"):
        inside = sum(row["low"] <= change < row["high"] for change in changes)
        assert row["share"] == pytest.approx(inside / len(changes), abs=1.01 / len(changes))
    facts = pd.DataFrame(frame.attrs["moved"]).set_index(["series", "signal"])
    assert facts.loc[("base", "kl.blind"), "beyond"] == pytest.approx(1 - rows["share"].sum())
    assert facts.loc[("base", "kl.blind"), "median"] == pytest.approx(np.median(changes), abs=1e-5)
    assert facts.loc[("base", "kl.blind"), "mean"] == pytest.approx(changes.mean(), abs=1e-5)
    assert f"n = {len(changes):,} tokens" in describe_tokens(frame).sentence
    figure = plot_tokens(frame)
    assert [len(ax.patches) for ax in figure.axes] == [2, 2]
    figure.draw_without_rendering()
    beyond = facts.xs("kl.blind", level="signal")["beyond"].max()
    assert f"({percent(beyond)} lie further out)" in figure.axes[1].get_xlabel()


def test_a_model_that_has_not_moved_is_drawn() -> None:
    before, _ = pair(questions=2)
    frame = forced_tokens({"base": Pair(before, before)})
    assert frame.groupby("signal")["share"].max().tolist() == [1, 1]
    plot_tokens(frame).draw_without_rendering()
