"""Demonstrations are a function of their numbers."""

from collections import Counter

import pytest

from saccade.tasks.lab import LAB_TASKS
from saccade.trainers.lab.demonstrations import TASK_SHARES, Demonstrations


def test_a_batch_is_a_function_of_its_step():
    one, two = (Demonstrations(80, seed=3) for _ in range(2))
    one.batch(1, 4)
    assert [d.response for d in one.batch(5, 4)] == [d.response for d in two.batch(5, 4)]
    assert [d.response for d in one.batch(5, 4)] != [d.response for d in one.batch(6, 4)]
    other = Demonstrations(80, seed=4)
    assert [d.response for d in one.batch(5, 4)] != [d.response for d in other.batch(5, 4)]


def test_a_batch_mixes_tasks_and_begins_with_the_shortest():
    batch = Demonstrations(200, seed=0).batch(0, 20)
    assert len({d.question.split()[0] for d in batch}) >= 4
    one_picture = [len(d.response) for d in batch if len(d.pictures) == 1]
    assert one_picture == sorted(one_picture)
    assert len(set(map(id, batch))) == 20


def test_every_task_is_shown_and_only_misreading_narrators_are_wrong():
    data = Demonstrations(100, seed=0, misread={"lab/counting": 0.9})
    right = Demonstrations(100, seed=0)
    assert [right[i].question for i in range(100)] == [data[i].question for i in range(100)]
    differ = Counter()
    for index in range(100):
        asked = right[index].question.split()[0]
        differ[asked] += data[index].response != right[index].response
    assert differ.pop("How") > 100 * TASK_SHARES["lab/counting"] * 0.7
    assert not any(differ.values())


def test_tasks_are_shown_as_often_as_their_shares_say():
    data = Demonstrations(2000, seed=1)
    asked = Counter(data[i].question.split()[0] for i in range(2000))
    words = {"counting": "How", "geometry": "What", "grounding": "Where"}
    words |= {"fewshot": "The", "puzzle": "Which"}
    assert set(TASK_SHARES) == set(LAB_TASKS)
    assert {f"lab/{task}": asked[word] / 2000 for task, word in words.items()} == pytest.approx(
        TASK_SHARES, abs=0.035
    )


def test_texts_are_questions_and_responses():
    data = Demonstrations(10, seed=0)
    assert data.texts(2) == [
        text for i in range(2) for text in (data[i].question, data[i].response)
    ]
