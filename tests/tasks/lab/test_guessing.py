"""The blind guesser, against cases whose best answer is known."""

import pytest

from saccade.tasks.lab import LabTask
from saccade.tasks.lab.guessing import best_answer, blind_accuracy


def test_the_most_frequent_answer_is_best():
    assert best_answer(["2", "3", "3", "1"], "answer") == "3"


def test_a_box_between_others_scores_on_most():
    golds = ["[0, 0, 40, 40]", "[4, 4, 44, 44]", "[8, 8, 48, 48]", "[90, 90, 110, 110]"]
    assert best_answer(golds, "iou") == "[4, 4, 44, 44]"


@pytest.mark.parametrize(("name", "chance"), [("lab/counting", 1 / 5), ("lab/fewshot", 1 / 3)])
def test_guessing_reaches_chance_and_no_more(name, chance):
    assert blind_accuracy(LabTask(name, size=300)) == pytest.approx(chance, abs=0.08)
