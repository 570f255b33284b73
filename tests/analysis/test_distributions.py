"""The numbers behind PEPO's figure 2, against a loop that does the same one token at a time."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import make_run
from scipy.stats import gaussian_kde as scipy_kde

from saccade.analysis import describe_similarity, similarity_distributions
from saccade.analysis.density import gaussian_kde, why_no_curve
from saccade.analysis.distributions import contrast, over_steps
from saccade.errors import SaccadeError

Key = tuple[str, str, int, str, bool]


def by_loop(tokens: pd.DataFrame, top: float, signal: str) -> dict[Key, tuple[float, int, int]]:
    """Panel, task, step, sample and verdict to mean, tokens and rollouts, without any vectors."""
    responses: dict[tuple[Any, ...], list[float]] = {}
    for row in tokens.to_dict("records"):
        if row["correct"] is pd.NA or row["correct"] is None or not math.isfinite(row[signal]):
            continue
        key = (row["task"], row["sample_id"], row["step"], row["index"], bool(row["correct"]))
        responses.setdefault(key, []).append(row[signal])
    pooled: dict[Key, list[list[float]]] = {}
    for (task, sample, step, _, verdict), values in responses.items():
        k = (
            min(len(values), top)
            if isinstance(top, int)
            else math.ceil(round(top * len(values), 9))
        )
        ranked = sorted(values)
        for panel, part in (
            ("all", ranked),
            ("top", ranked[len(ranked) - int(k) :]),
            ("bottom", ranked[: int(k)]),
        ):
            pooled.setdefault((panel, task, step, sample, verdict), []).append(part)
    return {
        key: (float(np.mean(np.concatenate(parts))), sum(map(len, parts)), len(parts))
        for key, parts in pooled.items()
    }


def as_dict(frame: pd.DataFrame) -> dict[Key, tuple[float, int, int]]:
    """The frame in the loop's form."""
    return {
        (row["panel"], row["task"], row["step"], row["sample_id"], row["correct"]): (
            row["value"],
            row["n_tokens"],
            row["n_rollouts"],
        )
        for row in frame.to_dict("records")
    }


@pytest.fixture(scope="module")
def awkward() -> pd.DataFrame:
    """Tokens with ties, responses shorter than K, missing verdicts and missing values, shuffled."""
    tokens = make_run(questions=12, n=5, seed=3).tokens()
    rng = np.random.default_rng(0)
    tokens["visual_similarity"] = tokens["visual_similarity"].round(1)
    tokens["step"] = (tokens["index"] >= 3).astype(int)
    tokens.loc[tokens["sample_id"] == "q2", "correct"] = pd.NA
    tokens.loc[(tokens["sample_id"] == "q3") & (tokens["index"] == 1), "visual_similarity"] = np.nan
    tokens.loc[rng.random(len(tokens)) < 0.05, "visual_similarity"] = np.nan
    tokens = tokens[~((tokens["sample_id"] == "q4") & (tokens["position"] > 1))]
    twin = tokens[tokens["sample_id"] == "q5"].assign(task="lab/other")
    return pd.concat([tokens, twin]).sample(frac=1, random_state=1)


@pytest.mark.parametrize("top", [0.2, 0.37, 1.0, 1, 3, 50])
@pytest.mark.parametrize("signal", ["visual_similarity", "kl.blind"])
def test_the_same_as_a_loop(awkward: pd.DataFrame, top: float, signal: str) -> None:
    """Every mean and every count."""
    found = as_dict(similarity_distributions(awkward, top=top, signal=signal))
    wanted = by_loop(awkward, top, signal)
    assert found.keys() == wanted.keys()
    for key, (value, n_tokens, n_rollouts) in wanted.items():
        assert found[key] == (pytest.approx(value), n_tokens, n_rollouts)


def test_what_is_left_out_is_counted(awkward: pd.DataFrame) -> None:
    """Responses without a verdict, without the signal, and single tokens."""
    frame = similarity_distributions(awkward)
    left = frame.attrs["left_out"]
    judged = awkward[awkward["correct"].notna()]
    assert left["responses_without_verdict"] == 5
    assert left["responses_without_signal"] >= 1
    assert left["tokens_without_signal"] == judged["visual_similarity"].isna().sum()
    assert "q2" not in set(frame["sample_id"])
    assert "Left out: 5 responses without verdict" in describe_similarity(frame).sentence


def test_a_share_counts_by_hand() -> None:
    """Of ten tokens 0..9, 25 % are three: 9, 8, 7 and 0, 1, 2."""
    tokens = pd.DataFrame(
        {"sample_id": "a", "index": 0, "correct": True, "visual_similarity": np.arange(10.0)}
    )
    frame = similarity_distributions(tokens, top=0.25).set_index("panel")
    assert frame["value"].to_dict() == {"all": 4.5, "top": 8.0, "bottom": 1.0}
    assert frame["n_tokens"].to_dict() == {"all": 10, "top": 3, "bottom": 3}


@pytest.mark.parametrize("top", [0, 0.0, -0.1, 1.5, -2, True, float("nan")])
def test_refuses_a_meaningless_top(top: float) -> None:
    """The message says what was given."""
    with pytest.raises(SaccadeError, match="top must be"):
        similarity_distributions(make_run(questions=1).tokens(), top=top)


def test_says_how_to_get_a_missing_signal() -> None:
    """In a folder of its own, since a run is probed once; and which columns tokens have."""
    tokens = make_run(questions=1).tokens()
    advice = "saccade trace MODEL TASK --signals kl --ablation grey --out ANOTHER"
    with pytest.raises(SaccadeError, match=advice):
        similarity_distributions(tokens, signal="kl.grey")
    with pytest.raises(SaccadeError, match="--signals kl --ablation noise --draws 4 --out ANOTHER"):
        similarity_distributions(tokens, signal="kl.noise.spread")
    with pytest.raises(SaccadeError, match=r"run\.tokens\(\)"):
        similarity_distributions(tokens.drop(columns="correct"))


def test_a_signal_without_its_ablation_means_blind() -> None:
    """As it does for `run.tokens`."""
    tokens = make_run(questions=3).tokens()
    short, full = (similarity_distributions(tokens, signal=name) for name in ("kl", "kl.blind"))
    pd.testing.assert_frame_equal(short, full)
    assert short.attrs == full.attrs


def test_contrast_and_sentence_agree() -> None:
    """The sentence holds the numbers, and no verdict that the numbers do not carry."""
    frame = similarity_distributions(make_run(questions=60).tokens(), top=4)
    numbers = contrast(frame).set_index("panel")
    sentence = describe_similarity(frame).sentence
    values = frame[(frame["panel"] == "top") & frame["correct"]]["value"]
    assert numbers.loc["top", "mean_correct"] == pytest.approx(values.mean())
    assert f"{numbers.loc['top', 'difference']:+.3f}" in sentence
    assert f"n = {numbers.loc['all', 'n_correct']} questions" in sentence
    assert "top 4 tokens of each response" in sentence
    top = numbers.loc["top"]
    assert f"95 % interval {top['low']:+.3f} to {top['high']:+.3f}" in sentence
    assert f"Hedges' g {top['hedges_g']:+.2f}" in sentence
    assert "the 60 questions as units" in sentence
    assert (numbers["p_holm"] >= numbers["p"]).all()
    assert "significant" not in sentence


def two_tasks(steps: int = 1) -> pd.DataFrame:
    """The task with more similarity is the easier one; in either, verdicts make no difference.

    With steps, similarity and accuracy also rise from step to step.
    """
    rng = np.random.default_rng(0)
    rows = []
    for task, step, question in np.ndindex(2, steps, 30):
        for index in range(4):
            correct = bool(rng.random() < 0.15 + 0.6 * task + 0.15 * step / steps)
            level = 0.2 + 0.1 * task + 0.02 * step + 0.02 * rng.normal()
            name = ("hard", "easy")[task]
            rows += [
                (name, f"{name}{question}", step, index, k, 4, correct, level) for k in range(4)
            ]
    columns = ["task", "sample_id", "step", "index", "position", "length", "correct"]
    return pd.DataFrame(rows, columns=[*columns, "visual_similarity"])


@pytest.mark.parametrize("steps", [1, 3])
def test_differences_between_tasks_and_steps_are_none_between_verdicts(steps: int) -> None:
    """By least squares with a column for each task and step; each task has rows of its own."""
    frame = similarity_distributions(two_tasks(steps))
    numbers = contrast(frame)
    assert numbers["task"].tolist() == ["all tasks"] * 3 + ["easy"] * 3 + ["hard"] * 3
    rows = frame[frame["panel"] == "all"]
    stratum = rows["task"] + rows["step"].astype(str)
    columns = [rows["correct"], *(stratum == one for one in stratum.unique())]
    design = np.column_stack(columns).astype(float)
    whole = numbers.iloc[0]
    want = np.linalg.lstsq(design, rows["value"].to_numpy(), rcond=None)[0][0]
    assert whole["difference"] == pytest.approx(want)
    assert whole["low"] < 0 < whole["high"] and whole["p"] > 0.05
    assert steps > 1 or whole["mean_correct"] - whole["mean_incorrect"] > 0.02
    assert whole["questions"] == whole["clusters"] == 60
    found = describe_similarity(frame)
    within = "tasks" if steps == 1 else "tasks and training steps"
    assert f"a difference within {within} of {want:+.4f}"[:-2] in found.sentence
    assert "corrected over all rows of the table" in found.sentence


def test_one_point_per_question_and_verdict_is_drawn() -> None:
    """Whatever the number of steps, a question's tokens are pooled."""
    tokens = two_tasks(3)
    drawn = over_steps(similarity_distributions(tokens))
    drawn = drawn[drawn["panel"] == "all"].set_index(["task", "sample_id", "correct"])["value"]
    want = tokens.groupby(["task", "sample_id", "correct"])["visual_similarity"].mean()
    pd.testing.assert_series_equal(drawn.sort_index(), want, check_names=False)


def test_tasks_with_one_verdict_each_are_no_contrast() -> None:
    tokens = two_tasks()
    tokens["correct"] = tokens["task"] == "easy"
    sentence = describe_similarity(similarity_distributions(tokens)).sentence
    assert "within tasks" in sentence and "no contrast to show" in sentence
    tokens.loc[tokens["task"] == "easy", "correct"] = two_tasks()["correct"]
    sentence = describe_similarity(similarity_distributions(tokens)).sentence
    assert "30 more have nothing to be compared with within tasks" in sentence


def test_questions_of_one_image_are_one_cluster() -> None:
    """They are drawn together, so the same numbers say less; the frame keeps who belongs where."""
    tokens = make_run(questions=60).tokens()
    shared = tokens.assign(cluster=tokens["sample_id"].str[-1])
    frame = similarity_distributions(shared)
    apart, together = (contrast(f) for f in (similarity_distributions(tokens), frame))
    assert set(frame["cluster"]) == set("0123456789")
    assert apart["clusters"].tolist() == [60] * 3 and together["clusters"].tolist() == [10] * 3
    assert apart["difference"].tolist() == pytest.approx(together["difference"].tolist())
    assert apart["low"].tolist() != together["low"].tolist()
    assert "60 questions in 10 clusters by image" in describe_similarity(frame).sentence


def test_honest_about_small_and_missing_groups() -> None:
    """Few questions are called few; one verdict is no contrast; none is nothing."""
    few = describe_similarity(similarity_distributions(make_run(questions=4).tokens()))
    assert "not as evidence" in few.sentence
    assert "no interval: there are" in few.sentence
    tokens = make_run(questions=4, accuracy=1.0).tokens()
    assert "no contrast" in describe_similarity(similarity_distributions(tokens)).sentence
    tokens["correct"] = pd.NA
    nothing = similarity_distributions(tokens)
    assert len(nothing) == 0
    assert "nothing to compare" in describe_similarity(nothing).sentence


def test_density_is_scipys() -> None:
    """Same bandwidth, same curve."""
    values = np.random.default_rng(0).normal(size=40)
    grid, density = gaussian_kde(values)
    np.testing.assert_allclose(density, scipy_kde(values)(grid), rtol=1e-10)


@pytest.mark.parametrize(
    ("values", "reason"),
    [([], "none"), ([1.0], "n < 5"), ([0.3] * 9, "all equal"), ([1.0, 2.0], "n < 5")],
)
def test_no_curve_and_why(values: list[float], reason: str) -> None:
    """A curve over too little would show the kernel."""
    said = why_no_curve(np.array(values))
    assert said is not None
    assert reason in said
