"""Rewards: pure functions of a sample and a response text, each a number from 0 to 1.

One table, `REWARDS`; the same functions score rollouts, training and evaluation. A sample's
`scorer` names the reward that decides whether a response is correct. Nothing here knows a model.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from saccade.errors import SaccadeError
from saccade.samples import Box, Sample

_FORM = re.compile(r"\s*<think>(?P<think>.*?)</think>\s*<answer>(?P<answer>.*?)</answer>\s*", re.S)
_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_NUMBER = r"-?\d+(?:\.\d+)?"
_BOX = re.compile(
    rf"[\[(]\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*[\])]"
)


def extract_answer(text: str) -> str | None:
    """The body of the last `<answer>…</answer>`; None where there is none."""
    bodies = re.findall(r"<answer>(.*?)</answer>", text, re.S)
    return bodies[-1].strip() if bodies else None


def format_reward(sample: Sample, text: str) -> float:
    """1 iff the text is one `<think>…</think>` and then one `<answer>…</answer>`."""
    once = all(text.count(tag) == 1 for tag in _TAGS)
    return float(once and _FORM.fullmatch(text) is not None)


def answer_reward(sample: Sample, text: str) -> float:
    """1 iff the answer equals the gold one, case and white space aside; numbers by value."""
    answer = extract_answer(text)
    return float(answer is not None and _same(answer, sample.answer))


def _same(answer: str, gold: str) -> bool:
    if re.fullmatch(_NUMBER, answer.strip()) and re.fullmatch(_NUMBER, gold.strip()):
        return float(answer) == float(gold)
    return " ".join(answer.casefold().split()) == " ".join(gold.casefold().split())


def iou_reward(sample: Sample, text: str) -> float:
    """Intersection over union of the box in the answer and the gold box; 0 without a box."""
    gold = parse_box(sample.answer)
    if gold is None:
        raise SaccadeError(
            f"The iou reward needs a gold answer [x0, y0, x1, y1]; sample {sample.id!r} has "
            f"{sample.answer!r}. Give the sample another scorer."
        )
    box = parse_box(extract_answer(text) or "")
    return 0.0 if box is None else iou(box, gold)


def parse_box(text: str) -> Box | None:
    """The last `[x0, y0, x1, y1]` of a text."""
    found = _BOX.findall(text)
    if not found:
        return None
    x0, y0, x1, y1 = map(float, found[-1])
    return x0, y0, x1, y1


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes; boxes turned inside out have no area."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    union = _area(a) + _area(b) - shared
    return shared / union if union > 0 else 0.0


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


@dataclass(frozen=True)
class Reward:
    """A reward, what it says in a line, and the value from which a response counts as correct."""

    line: str
    function: Callable[[Sample, str], float]
    correct_from: float = 1.0


REWARDS: Mapping[str, Reward] = {
    "format": Reward(
        "exactly one <think>…</think>, then exactly one <answer>…</answer>", format_reward
    ),
    "answer": Reward("the answer equals the gold answer", answer_reward),
    "iou": Reward(
        "overlap of the answered box with the gold box (correct from 0.5)", iou_reward, 0.5
    ),
}


def score(sample: Sample, text: str) -> tuple[dict[str, float], bool]:
    """The rewards by name (format and the sample's scorer), and whether the response is correct."""
    if sample.scorer not in REWARDS:
        known = ", ".join(REWARDS)
        raise SaccadeError(
            f"Sample {sample.id!r} asks for the scorer {sample.scorer!r}; there are: {known}."
        )
    rewards = {
        name: REWARDS[name].function(sample, text)
        for name in dict.fromkeys(("format", sample.scorer))
    }
    return rewards, rewards[sample.scorer] >= REWARDS[sample.scorer].correct_from
