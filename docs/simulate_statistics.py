"""Write `docs/statistics.json`: how often intervals hold the truth, and tests cry wolf.

Run from the root of the repository: `python docs/simulate_statistics.py`. It takes some minutes;
`docs/statistics.md` shows the numbers, and the tests run the same functions.
"""

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from saccade.analysis.stats import (
    Estimate,
    benjamini_hochberg,
    compare_groups,
    compare_pairs,
    holm,
    mean_with_interval,
    rank_correlation,
)

REPETITIONS = 1000
HARD_REPETITIONS = 300
FAMILIES = 200
CLUSTERS = (12, 40)
ACCURACY = 0.6
"""The true mean of the design `one mean`; the true differences are 0."""

SHIFT = 1.5
"""A planted difference: one standard deviation of a value is 1.5."""
FAMILY_CLUSTERS = 30

Rng = np.random.Generator
Draw = Callable[[int], np.ndarray]


def one_mean(rng: Rng, clusters: int, *, shift: float = 0.0) -> Estimate:
    """Accuracy: 8 responses to a question, 1 to 4 questions to an image."""
    cluster = images(rng, clusters)
    level = rng.beta(6, 4, clusters)[cluster]
    return mean_with_interval(rng.binomial(8, level) / 8 + shift, cluster=cluster)


def pairs(rng: Rng, clusters: int, *, shift: float = 0.0) -> Estimate:
    """The same questions in two runs, 1 to 4 to an image."""
    cluster = images(rng, clusters)
    before, after = (clustered(rng.normal, cluster) for _ in range(2))
    return compare_pairs(before + shift, after, cluster=cluster)


def groups_apart(rng: Rng, clusters: int, *, shift: float = 0.0) -> Estimate:
    """All questions of an image in one group, half of the images in each."""
    cluster = images(rng, clusters)
    first = (rng.permutation(clusters) < clusters // 2)[cluster]
    return compare_groups(clustered(rng.normal, cluster) + shift * first, first, cluster=cluster)


def groups_mixed(rng: Rng, clusters: int, *, shift: float = 0.0) -> Estimate:
    """Four responses to a question, 60 % correct: it is in one group or in both."""
    return compare_groups(**mixed(rng, clusters, rng.normal, 0.6, shift))


def groups_skewed(rng: Rng, clusters: int, *, shift: float = 0.0) -> Estimate:
    """The same with exponential values and 80 % correct: groups of unequal size."""
    return compare_groups(**mixed(rng, clusters, rng.exponential, 0.8, shift))


def medians(rng: Rng, clusters: int, *, shift: float = 0.0) -> Estimate:
    """The medians of mixed groups."""
    return compare_groups(**mixed(rng, clusters, rng.normal, 0.6, shift), statistic="median")


DESIGNS = {
    design.__name__.replace("_", " "): design
    for design in (one_mean, pairs, groups_apart, groups_mixed, groups_skewed, medians)
}


def skewed_pairs(rng: Rng) -> Estimate:
    """Twelve differences that lie no more on one side of 0, but farther on it."""
    return compare_pairs(rng.exponential(size=12) - 1, np.zeros(12))


def few_against_many(rng: Rng, *, both: int) -> Estimate:
    """Skewed values of 12 questions against 100, and of so many more that are in both groups."""
    item = np.r_[np.arange(112 + both), np.arange(112, 112 + both)]
    first = (item < 12) | (np.arange(len(item)) >= 112 + both)
    return compare_groups(rng.lognormal(size=len(item)), first, item=item)


def two_tasks(rng: Rng) -> Estimate:
    """Two tasks of 30 questions that differ in level and accuracy, four responses to a question."""
    task = np.repeat([0, 1], 30)
    n_right = rng.binomial(4, rng.beta(np.where(task, 4, 1), np.where(task, 1, 4)))
    item = np.r_[np.flatnonzero(n_right > 0), np.flatnonzero(n_right < 4)]
    first = np.arange(len(item)) < (n_right > 0).sum()
    values = (2 * task + rng.normal(size=60))[item] + 0.5 * rng.normal(size=len(item))
    return compare_groups(values, first, item=item, stratum=task[item])


def ranks(rng: Rng, *, questions: int, r: float) -> Estimate:
    """Two normal columns of a given correlation."""
    x, other = rng.normal(size=(2, questions))
    return rank_correlation(x, r * x + math.sqrt(1 - r * r) * other)


HARD: dict[str, tuple[Callable[[Rng], Estimate], float]] = {
    "12 pairs, skewed differences": (skewed_pairs, 0.0),
    **{
        f"12 against 100 questions, skewed, {both or 'none'} in both groups": (
            partial(few_against_many, both=both),
            0.0,
        )
        for both in (0, 1, 3)
    },
    "two tasks of different level and accuracy": (two_tasks, 0.0),
    **{
        f"rank correlation, {questions} questions, r = {r:g}": (
            partial(ranks, questions=questions, r=r),
            6 / math.pi * math.asin(r / 2),
        )
        for questions in (20, 60)
        for r in (0, 0.5, 0.8, 0.95)
    },
}
"""Data that are hard for the methods, and the truth in them."""


def images(rng: Rng, clusters: int) -> np.ndarray:
    """The image of each question, 1 to 4 questions to an image."""
    return np.repeat(np.arange(clusters), rng.integers(1, 5, clusters))


def clustered(draw: Callable[..., np.ndarray], cluster: np.ndarray) -> np.ndarray:
    """Values of which half the variance is the image's."""
    return draw(size=cluster.max() + 1)[cluster] + draw(size=len(cluster))


def mixed(
    rng: Rng, clusters: int, draw: Callable[..., np.ndarray], correct: float, shift: float
) -> dict[str, np.ndarray]:
    """Questions that are in the first group, in the second, or in both."""
    cluster = images(rng, clusters)
    own = clustered(draw, cluster)
    n_right = rng.binomial(4, rng.beta(2 * correct, 2 * (1 - correct), len(cluster)))
    item = np.concatenate([np.flatnonzero(n_right > 0), np.flatnonzero(n_right < 4)])
    first = np.arange(len(item)) < (n_right > 0).sum()
    values = own[item] + 0.5 * draw(size=len(item)) + shift * first
    return {"values": values, "first": first, "item": item, "cluster": cluster[item]}


def coverage(name: str, clusters: int, repetitions: int) -> tuple[float | None, float | None]:
    """How often an interval held the truth where one was given, and how often p was below .05.

    None where there never was an interval (too few clusters in a group), or a p (a mean has none).
    """
    rng = np.random.default_rng([clusters, *name.encode()])
    truth = ACCURACY if name == "one mean" else 0.0
    return _cell([DESIGNS[name](rng, clusters) for _ in range(repetitions)], truth)


def hard_coverage(name: str, repetitions: int) -> tuple[float | None, float | None]:
    """The same of a hard design; how often p was below .05 is told where there is no difference."""
    rng = np.random.default_rng([*name.encode()])
    draw, truth = HARD[name]
    held, claimed = _cell([draw(rng) for _ in range(repetitions)], truth)
    return held, None if truth else claimed


def _cell(found: list[Estimate], truth: float) -> tuple[float | None, float | None]:
    """How often intervals held the truth, and how often p was below .05."""
    held = [each.low <= truth <= each.high for each in found if np.isfinite(each.low)]
    claimed = [each.p < 0.05 for each in found if hasattr(each, "p")]
    return _share(held), _share(claimed)


def _share(claims: list[bool]) -> float | None:
    """How many of them are true, if there are any."""
    return float(np.mean(claims)) if claims else None


def families(repetitions: int, *, tests: int, planted: int) -> dict[str, float]:
    """Families of tests, `planted` with a difference: false claims and what was found.

    `any_*` is the share of families with a false claim, `false_share` the mean share of false
    claims among those of Benjamini-Hochberg, `power_*` the share of planted differences found.
    """
    rng = np.random.default_rng([tests, planted])
    shifts = SHIFT * (np.arange(tests) < planted)
    told: dict[str, list[float]] = {}
    for _ in range(repetitions):
        p = np.array([groups_mixed(rng, FAMILY_CLUSTERS, shift=shift).p for shift in shifts])
        for how, corrected in (("plain", p), ("holm", holm(p)), ("bh", benjamini_hochberg(p))):
            claimed = corrected < 0.05
            told.setdefault(f"any_{how}", []).append(claimed[planted:].any())
            if planted:
                told.setdefault(f"power_{how}", []).append(claimed[:planted].mean())
            share = claimed[planted:].sum() / max(claimed.sum(), 1)
            told.setdefault(f"false_share_{how}", []).append(share)
    return {name: round(float(np.mean(values)), 4) for name, values in told.items()}


if __name__ == "__main__":
    result = {
        "repetitions": REPETITIONS,
        "families": FAMILIES,
        "family_clusters": FAMILY_CLUSTERS,
        "shift": SHIFT,
        "coverage": {
            name: {str(n): coverage(name, n, REPETITIONS) for n in CLUSTERS} for name in DESIGNS
        },
        "hard_repetitions": HARD_REPETITIONS,
        "hard": {name: hard_coverage(name, HARD_REPETITIONS) for name in HARD},
        "null": families(FAMILIES, tests=10, planted=0),
        "planted": families(FAMILIES, tests=10, planted=3),
    }
    text = json.dumps(result, indent=1) + "\n"
    Path(__file__).with_name("statistics.json").write_text(text, encoding="utf-8")
