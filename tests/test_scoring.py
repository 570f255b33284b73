"""Rewards, worked by hand."""

import pytest

from saccade import SaccadeError, Sample
from saccade.scoring import REWARDS, extract_answer, iou, parse_box, score


def sample(answer, scorer="answer"):
    return Sample(id="s", question="?", images=(), answer=answer, task="t", scorer=scorer)


def said(answer):
    return f"<think>so</think><answer>{answer}</answer>"


class TestFormat:
    @pytest.mark.parametrize(
        ("text", "reward"),
        [
            ("<think>a</think><answer>b</answer>", 1),
            ("  <think>a\nb</think>\n<answer>b</answer>\n", 1),
            ("<answer>b</answer><think>a</think>", 0),
            ("<think>a</think><answer>b</answer> and more", 0),
            ("<think>a</think><answer>b</answer><answer>c</answer>", 0),
            ("<think>a<think>b</think></think><answer>b</answer>", 0),
            ("<think>a</think><answer>b", 0),
            ("", 0),
        ],
    )
    def test_one_think_then_one_answer(self, text, reward):
        assert score(sample("b"), text)[0]["format"] == reward


class TestAnswer:
    @pytest.mark.parametrize("answer", ["3", " 3 ", "3.0", "03"])
    def test_numbers_are_compared_by_value(self, answer):
        assert score(sample("3"), said(answer)) == ({"format": 1.0, "answer": 1.0}, True)

    @pytest.mark.parametrize("answer", ["4", "", "three", "3 3", "-3"])
    def test_other_answers_are_wrong(self, answer):
        assert score(sample("3"), said(answer))[1] is False

    def test_words_are_compared_without_case_and_space(self):
        assert score(sample("red star"), said("Red\n star"))[1]

    def test_no_answer_is_wrong_even_if_the_gold_one_is_none(self):
        assert score(sample("none"), "<think>x</think>")[1] is False

    def test_the_last_answer_counts(self):
        assert extract_answer("<answer>1</answer> <answer>2</answer>") == "2"


class TestIou:
    @pytest.mark.parametrize(
        ("box", "reward", "correct"),
        [
            ("[0, 0, 10, 10]", 1, True),
            ("[0, 0, 10, 5]", 0.5, True),
            ("(5, 0, 15, 10)", 1 / 3, False),
            ("[20, 20, 30, 30]", 0, False),
            ("[10, 10, 0, 0]", 0, False),
            ("nowhere", 0, False),
        ],
    )
    def test_overlap(self, box, reward, correct):
        rewards, verdict = score(sample("[0, 0, 10, 10]", "iou"), said(box))
        assert rewards["iou"] == pytest.approx(reward)
        assert verdict is correct

    def test_a_gold_answer_without_box_is_refused(self):
        with pytest.raises(SaccadeError, match=r"iou reward needs a gold answer .* 'left'"):
            score(sample("left", "iou"), said("[0, 0, 1, 1]"))

    def test_boxes_without_area(self):
        assert iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0
        assert parse_box("[1.5, 2, 3, 4.25]") == (1.5, 2, 3, 4.25)


def test_an_unknown_scorer_is_named():
    with pytest.raises(SaccadeError, match=f"'taste'; there are: {', '.join(REWARDS)}"):
        score(sample("3", "taste"), said("3"))
