"""How a signal is distributed over questions, correct against incorrect (PEPO, figure 2).

Only numbers here; `plots/similarity.py` draws them. A question that was answered both ways counts
once in each group. What cannot be placed is left out and counted in `frame.attrs["left_out"]`.
"""

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saccade.analysis.figures import Finding
from saccade.analysis.labels import label
from saccade.analysis.stats.corrections import corrected
from saccade.analysis.stats.differences import compare_groups
from saccade.errors import SaccadeError
from saccade.samples import signal_column

PANELS = ("all", "top", "bottom")
COLUMNS = ("correct", "value", "n_tokens", "n_rollouts")
SMALL = 30
"""Groups of fewer questions are called small in the sentence."""


def similarity_distributions(
    tokens: pd.DataFrame, *, top: float = 0.2, signal: str = "visual_similarity"
) -> pd.DataFrame:
    """Mean signal per question and verdict, over all tokens and over each response's extremes.

    The mean is taken over the pooled tokens of the question's responses with that verdict.
    `top` is how many tokens of each response the panels `top` and `bottom` take: a share of its
    scored tokens as a float (rounded up), or an absolute number as an int; at least one, at most
    all. Tokens without the signal and responses without a verdict are left out and counted.
    A signal without its ablation means `blind`: `kl` is the column `kl.blind`. Where tokens have a
    `cluster`, the questions of one image, it is kept.
    """
    signal = signal_of(tokens, signal)
    check_top(top)
    question = [name for name in ("task", "sample_id") if name in tokens]
    keys = [*question, *(name for name in ("step", "index") if name in tokens)]
    cluster = [name for name in ("cluster",) if name in tokens]
    table = tokens[[*keys, *cluster, "correct"]].assign(
        value=pd.to_numeric(tokens[signal]).astype("float64"),
        rollout=tokens.groupby(keys, sort=False, dropna=False).ngroup(),
    )
    judged = table["correct"].notna()
    scored = pd.Series(np.isfinite(table["value"].to_numpy()), index=table.index)
    kept = table[judged & scored].astype({"correct": bool})
    panels = {"all": kept} | _extremes(kept, top)
    frame = pd.concat([_aggregate(panels[name], name, question) for name in PANELS])
    frame.attrs = {
        "signal": signal,
        "top": top,
        "left_out": _left_out(table, judged, scored),
    }
    return frame.reset_index(drop=True)


def signal_of(tokens: pd.DataFrame, signal: str) -> str:
    """The signal's column; or what is missing, and what to do about it."""
    missing = [name for name in ("sample_id", "index", "correct") if name not in tokens]
    if missing:
        raise SaccadeError(
            f"A table of tokens has the columns sample_id, index and correct; {missing} missing. "
            "Take it from run.tokens()."
        )
    column = signal_column(signal, tokens.columns)
    if column is None:
        name, ablation, spread = (*signal.split("."), "", "")[:3]
        words = (f" --ablation {ablation}" if ablation else "") + (" --draws 4" if spread else "")
        raise SaccadeError(
            f"This run has no signal {signal!r}, and a run keeps the signals it was probed with. "
            "Measure it in another folder: "
            f"`saccade trace MODEL TASK --signals {name}{words} --out ANOTHER`."
        )
    return column


def check_top(top: float) -> None:
    """A share in (0, 1], or a whole number of tokens from 1."""
    whole = isinstance(top, int) and not isinstance(top, bool)
    share = isinstance(top, float) and 0 < top <= 1
    if not share and not (whole and top >= 1):
        raise SaccadeError(
            "top must be a share of the tokens (a float above 0, up to 1) or a number of tokens "
            f"(an int from 1); got {top!r}."
        )


def _how_many(lengths: NDArray[np.int64], top: float) -> NDArray[np.int64]:
    """K for responses of these lengths; rounding first, so that .07 of 100 is 7 and not 8."""
    if isinstance(top, int):
        return np.minimum(lengths, int(top))
    return np.maximum(1, np.ceil(np.round(lengths * top, 9))).astype(np.int64)


def _extremes(kept: pd.DataFrame, top: float) -> dict[str, pd.DataFrame]:
    """The rows of each response's K highest and K lowest tokens; ties fall to the earlier row."""
    rollout, value = kept["rollout"].to_numpy(), kept["value"].to_numpy()
    return {
        "top": kept[first_ranked(rollout, -value, top)],
        "bottom": kept[first_ranked(rollout, value, top)],
    }


def first_ranked(
    rollout: NDArray[np.int64], value: NDArray[np.float64], top: float
) -> NDArray[np.bool_]:
    """Which rows are among the K smallest of their rollout: one stable sort, no Python loop."""
    order = np.lexsort((value, rollout))
    _, starts, lengths = np.unique(rollout[order], return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(starts, lengths)
    chosen = np.zeros(len(order), dtype=bool)
    chosen[order] = rank < np.repeat(_how_many(lengths, top), lengths)
    return chosen


def _aggregate(rows: pd.DataFrame, panel: str, question: list[str]) -> pd.DataFrame:
    """One row per question and verdict."""
    grouped = rows.groupby([*question, "correct"], sort=True, dropna=False)
    parts = {"n_tokens": ("value", "size"), "n_rollouts": ("rollout", "nunique")}
    if "cluster" in rows:
        parts["cluster"] = ("cluster", "first")
    frame = grouped.agg(value=("value", "mean"), **parts).reset_index()
    frame.insert(0, "panel", panel)
    return frame


def _left_out(table: pd.DataFrame, judged: pd.Series, scored: pd.Series) -> dict[str, int]:
    """How much was not used, and why; a response counts under its first reason."""
    unjudged = set(table.loc[~judged, "rollout"])
    measured = set(table.loc[scored, "rollout"])
    return {
        "responses_without_verdict": len(unjudged),
        "responses_without_signal": len(set(table["rollout"]) - unjudged - measured),
        "tokens_without_signal": int((judged & ~scored).sum()),
    }


def panel_title(panel: str, top: float | None = None) -> str:
    """`Top 20 % of tokens`, `Bottom 5 tokens`, `All response tokens`."""
    if panel == "all":
        return "All response tokens"
    if top is None:
        return f"{panel.capitalize()} tokens"
    if isinstance(top, int):
        return f"{panel.capitalize()} {top} token{'s' if top != 1 else ''} of each response"
    return f"{panel.capitalize()} {top:.0%} of each response's tokens".replace("%", " %")


def contrast(frame: pd.DataFrame) -> pd.DataFrame:
    """Per panel: either group, and the difference of the means with all that belongs to it.

    p is given as it is and corrected over the panels. Questions are the unit; a question that is
    in both groups, and questions of one image, are drawn and tested together.
    """
    return corrected(pd.DataFrame([_contrast_row(frame, panel) for panel in PANELS]))


def _contrast_row(frame: pd.DataFrame, panel: str) -> dict[str, str | float]:
    """One panel: n, mean and median of either group, responses behind them, and the difference."""
    rows = frame[frame["panel"] == panel]
    correct = rows["correct"].to_numpy(dtype=bool)
    row: dict[str, str | float] = {"panel": panel}
    for name, group in (("correct", rows[correct]), ("incorrect", rows[~correct])):
        row[f"n_{name}"] = len(group)
        row[f"responses_{name}"] = int(group["n_rollouts"].sum())
        row[f"mean_{name}"] = float(group["value"].mean()) if len(group) else math.nan
        row[f"median_{name}"] = float(group["value"].median()) if len(group) else math.nan
    question = [name for name in ("task", "sample_id") if name in rows]
    item = rows.groupby(question, sort=False, dropna=False).ngroup()
    found = compare_groups(rows["value"], correct, item=item, cluster=rows.get("cluster"))
    return row | {
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "hedges_g": found.hedges_g,
        "cliffs_delta": found.cliffs_delta,
        "superiority": found.superiority,
        "questions": found.items,
        "in_both": found.both,
        "clusters": found.clusters,
        "note": found.note,
        "p": found.p,
    }


def describe_similarity(frame: pd.DataFrame) -> Finding:
    """What the three panels say, with interval, test and effect size."""
    numbers = contrast(frame)
    n_correct, n_incorrect = (int(numbers[f"n_{g}"].iloc[0]) for g in ("correct", "incorrect"))
    if min(n_correct, n_incorrect) == 0:
        return Finding(" ".join([_no_contrast(n_correct, n_incorrect), *_counted(frame)]), numbers)
    name = label(frame.attrs.get("signal", "visual_similarity")).text
    rows = list(numbers.itertuples())
    panels = "; ".join(_panel_words(row, frame.attrs.get("top")) for row in rows)
    sentence = (
        f"Mean {name} of a question, correct responses (n = {n_correct} questions) against "
        f"incorrect ones (n = {n_incorrect}): {panels}."
    )
    said = [sentence, _basis(rows[0]), *_caution(min(n_correct, n_incorrect)), *_counted(frame)]
    return Finding(" ".join(said), numbers)


def _panel_words(row: Any, top: float | None) -> str:
    """One panel: the means, their difference with interval, p and effect size, the medians."""
    places = _decimals(row.difference)
    title = panel_title(row.panel, top)
    interval = row.note or f"95 % interval {row.low:+.{places}f} to {row.high:+.{places}f}"
    return (
        f"{title[0].lower()}{title[1:]} {row.mean_correct:.{places}f} and "
        f"{row.mean_incorrect:.{places}f}, a difference of {row.difference:+.{places}f} "
        f"({interval}, {_p_words(row.p_holm)}, Hedges' g {row.hedges_g:+.2f}; medians "
        f"{row.median_correct:.{places}f} and {row.median_incorrect:.{places}f})"
    )


def _p_words(p: float) -> str:
    """A p-value as one says it."""
    if not math.isfinite(p):
        return "no p"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _basis(row: Any) -> str:
    """What intervals and p-values rest on."""
    shared = f" in {row.clusters} clusters by image" if row.clusters < row.questions else ""
    return (
        f"Intervals and p-values take the {row.questions} questions{shared} as units, "
        f"{row.in_both} of them in both groups; p is corrected over the panels (Holm)."
    )


def _decimals(difference: float) -> int:
    """Enough of them to show two digits of the difference, and three at least."""
    size = abs(difference)
    if size == 0 or not math.isfinite(size):
        return 3
    return min(8, max(3, 1 - math.floor(math.log10(size))))


def _caution(smaller: int) -> list[str]:
    """How far the numbers carry, where that is not far."""
    if smaller >= SMALL:
        return []
    plural = "question" if smaller == 1 else "questions"
    return [
        f"The smaller group has only {smaller} {plural}: "
        "read this as a description of this run, not as evidence."
    ]


def _no_contrast(n_correct: int, n_incorrect: int) -> str:
    """The sentence where one group, or both, are empty."""
    if n_correct == n_incorrect == 0:
        return "No response has both a verdict and this signal, so there is nothing to compare."
    there, n = ("correct", n_correct) if n_correct else ("incorrect", n_incorrect)
    return (
        f"Every response that could be used is {there} (n = {n} questions), so there is no "
        "contrast to show."
    )


def _counted(frame: pd.DataFrame) -> list[str]:
    """What was left out, where anything was."""
    left = {name: n for name, n in frame.attrs.get("left_out", {}).items() if n}
    if not left:
        return []
    words = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in left.items())
    return [f"Left out: {words}."]
