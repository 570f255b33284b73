"""Agreement of signals, against scipy's rank correlation and sets of tokens."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from frames import SIGNALS, make_run
from scipy.stats import spearmanr

from saccade.analysis.agreement import describe_agreement, signal_agreement
from saccade.analysis.labels import label
from saccade.analysis.plots.agreement import plot_agreement, plot_agreements
from saccade.analysis.ranking import ranked
from saccade.errors import SaccadeError


@pytest.fixture(scope="module")
def tokens() -> pd.DataFrame:
    """With ties in two signals and with missing numbers."""
    tokens = make_run(questions=5, n=3, seed=8).tokens()
    tokens[["entropy", "kl.blind"]] = tokens[["entropy", "kl.blind"]].round(1)
    tokens.loc[np.random.default_rng(0).random(len(tokens)) < 0.05, "k3.blind"] = np.nan
    return tokens


def top_set(rows: pd.DataFrame, signal: str, k: int) -> set[int]:
    """The places of the k most remarkable tokens; ties fall to the earlier one."""
    sign = 1 if label(signal).falls else -1
    ranked = sorted(zip(sign * rows[signal], rows["position"], strict=True))
    return {position for _, position in ranked[:k]}


def test_the_same_as_scipy_and_sets(tokens: pd.DataFrame) -> None:
    """Each pair of signals in each response, then questions, then their mean."""
    frame = signal_agreement(tokens, top=0.3).set_index(["measure", "a", "b"])
    assert len(frame) == 2 * 15
    measured = tokens.dropna(subset=list(SIGNALS))
    for a, b in combinations(SIGNALS, 2):
        spearman: dict[str, list[float]] = {}
        overlap: dict[str, list[float]] = {}
        for (sample_id, _), rows in measured.groupby(["sample_id", "index"]):
            if len(rows) < 3:
                continue
            k = math.ceil(round(0.3 * len(rows), 9))
            shared = top_set(rows, a, k) & top_set(rows, b, k)
            spearman.setdefault(sample_id, []).append(spearmanr(rows[a], rows[b]).statistic)
            overlap.setdefault(sample_id, []).append(len(shared) / k)
        for measure, found in (("spearman", spearman), ("overlap", overlap)):
            wanted = np.mean([np.mean(values) for values in found.values()])
            assert frame.loc[(measure, a, b), "mean"] == pytest.approx(wanted), (measure, a, b)


def test_a_signal_agrees_with_itself_and_not_with_a_constant(tokens: pd.DataFrame) -> None:
    """Correlation 1 and all tokens in common; a constant has no ranks and is left out."""
    twin = tokens[["task", "sample_id", "index", "step", "position", "correct", "entropy"]].assign(
        twin=tokens["entropy"], flat=1.0
    )
    frame = signal_agreement(twin).set_index(["measure", "a", "b"])
    assert frame.loc[("spearman", "entropy", "twin"), "mean"] == pytest.approx(1)
    assert frame.loc[("overlap", "entropy", "twin"), "mean"] == 1
    assert ("spearman", "entropy", "flat") not in frame.index


def test_drawn_and_said(tokens: pd.DataFrame) -> None:
    """A number for each pair; the extremes in words."""
    frame = signal_agreement(tokens)
    ax = plot_agreement(frame)
    assert len(ax.texts) == 30
    by_chance = frame.loc[frame["measure"] == "overlap", "chance"].iloc[0]
    assert f"overlap by chance {by_chance:.2f}" in ax.get_title(loc="left")
    pair = frame.set_index(["measure", "a", "b"])["mean"]
    shown = {text.get_position(): text.get_text() for text in ax.texts}
    for measure, place in (("spearman", (0.5, 1.5)), ("overlap", (1.5, 0.5))):
        value = pair[(measure, frame["a"].iloc[0], frame["b"].iloc[0])]
        assert shown[place] == f"{value:.2f}".replace("-", "−")
    plot_agreements(frame).draw_without_rendering()
    best = frame[frame["measure"] == "spearman"].nlargest(1, "mean").iloc[0]
    assert f"{best['mean']:+.2f}" in describe_agreement(frame).sentence


def test_samples_the_same_responses_every_time(tokens: pd.DataFrame) -> None:
    """And says how many."""
    frame = signal_agreement(tokens, most=4)
    assert frame.attrs["responses"] == 4
    pd.testing.assert_frame_equal(frame, signal_agreement(tokens.sample(frac=1), most=4))


def test_what_cannot_be_ranked_is_said(tokens: pd.DataFrame) -> None:
    """One signal, or too few tokens."""
    others = [name for name in SIGNALS if name != "entropy"]
    with pytest.raises(SaccadeError, match="only 'entropy'"):
        signal_agreement(tokens.drop(columns=others))
    with pytest.raises(SaccadeError, match="three tokens"):
        signal_agreement(tokens[tokens["position"] < 2])


def test_ranks_by_a_loop() -> None:
    """With ties, groups of one, and either end as the top."""
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], [1, 7, 12])
    values = rng.integers(0, 5, len(group)).astype(np.float32)
    for falls in (False, True):
        ranks, places = ranked(values, group, falls=falls)
        for number in range(3):
            mine = values[group == number].tolist()
            below = [sum(x < v for x in mine) + (mine.count(v) - 1) / 2 for v in mine]
            best = sorted(range(len(mine)), key=lambda i: mine[i] if falls else -mine[i])
            assert ranks[group == number].tolist() == below
            assert places[group == number].tolist() == [best.index(i) for i in range(len(mine))]
