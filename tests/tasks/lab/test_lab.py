"""Every lab task, held to the same contract; pixels are the oracle where they can be."""

import re

import numpy as np
import pytest

from saccade import SaccadeError, load_task
from saccade.scoring import score
from saccade.tasks.lab import LAB_TASKS, SPLITS, LabTask, find_mentions, respond, split_bucket
from saccade.tasks.lab.scene import COLOURS, SIZE, Eyes

CASES = [(name, level) for name in LAB_TASKS for level in (1, 2, 3)]


def pixels(image, colour):
    """Where a picture bears exactly this colour."""
    return (np.asarray(image) == COLOURS[colour]).all(-1)


@pytest.mark.parametrize(("name", "level"), CASES)
class TestEveryTask:
    def test_a_sample_depends_on_its_number_and_seed_alone(self, name, level):
        first, again = (load_task(name, level=level, limit=n)[7] for n in (8, 30))
        other = load_task(name, level=level, limit=8, seed=1)[7]
        assert first.images[0].tobytes() == again.images[0].tobytes()
        assert (first.question, first.answer, first.regions) == (
            again.question,
            again.answer,
            again.regions,
        )
        assert first.images[0].tobytes() != other.images[0].tobytes()
        assert first.id != other.id

    def test_splits_share_no_picture(self, name, level):
        shown = {
            split: {
                "|".join(p.key for p in LabTask(name, split, level).problem(i).pictures)
                for i in range(60)
            }
            for split in SPLITS
        }
        assert not shown["train"] & shown["test"]
        assert not shown["train"] & shown["validation"]
        assert not shown["validation"] & shown["test"]

    def test_the_worked_chain_is_correct_and_in_form(self, name, level):
        for sample in load_task(name, level=level, limit=20):
            rewards, correct = score(sample, sample.solution)
            assert correct and rewards["format"] == 1, sample.solution

    def test_regions_lie_in_their_image(self, name, level):
        for sample in load_task(name, level=level, limit=20):
            assert len({region.name for region in sample.regions}) == len(sample.regions)
            for region in sample.regions:
                x0, y0, x1, y1 = region.box
                assert 0 <= x0 < x1 <= SIZE and 0 <= y0 < y1 <= SIZE
                assert region.image < len(sample.images)

    def test_mentions_are_spans_of_the_chain_that_name_regions(self, name, level):
        for sample in load_task(name, level=level, limit=10):
            names = {region.name for region in sample.regions}
            assert sample.mentions
            for mention in sample.mentions:
                assert 0 <= mention.start < mention.end <= len(sample.solution)
                assert set(mention.regions) <= names
            ends = [mention.end for mention in sample.mentions]
            assert all(m.start >= end for m, end in zip(sample.mentions[1:], ends, strict=False))

    def test_failing_eyes_tell_wrong_answers_and_good_eyes_none(self, name, level):
        wrong = [s for s in LabTask(name, "train", level, size=60, misread=0.5) if not _right(s)]
        assert len(wrong) > 10
        assert all(score(sample, sample.solution)[0]["format"] == 1 for sample in wrong)

    def test_the_question_says_nothing_of_what_is_shown(self, name, level):
        """Problems with one and the same question have different answers."""
        task = LabTask(name, "train", level, size=400)
        answers: dict[str, set[str]] = {}
        for index in range(400):
            problem = task.problem(index)
            answers.setdefault(problem.question, set()).add(problem.answer)
        often = max(answers, key=lambda question: len(answers[question]))
        assert len(answers[often]) > 1


def _right(sample):
    return score(sample, sample.solution)[1]


def test_counting_counts_what_is_drawn():
    for sample in load_task("lab/counting", limit=40):
        wanted = re.fullmatch(r"How many (.*) are there\?", sample.question)[1]
        colour = next((c for c in COLOURS if c in wanted), None)
        shape = wanted.split()[-1]
        named = [re.sub(r" \d+$", "", region.name) for region in sample.regions]
        fits = [
            n
            for n in named
            if (colour is None or n.startswith(colour))
            and (
                shape == "things" or n.endswith(shape.removesuffix("es" if "ss" in shape else "s"))
            )
        ]
        assert sample.answer == str(len(fits))


def test_things_have_their_colour_where_their_box_says():
    for sample in load_task("lab/counting", limit=20):
        for region in sample.regions:
            x0, y0, x1, y1 = (int(v) for v in region.box)
            inside = pixels(sample.images[0], region.name.split()[0])[y0:y1, x0:x1]
            assert inside.mean() > 0.25


def test_grounding_boxes_are_the_extent_of_the_pixels():
    checked = 0
    for sample in load_task("lab/grounding", limit=40):
        colour = sample.question.split()[3]
        if sum(region.name.startswith(colour) for region in sample.regions) == 1:
            rows, columns = np.nonzero(pixels(sample.images[0], colour))
            seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            gold = [int(v) for v in sample.answer.strip("[]").split(",")]
            assert np.abs(np.subtract(seen, gold)).max() <= 3, sample.question
            checked += 1
    assert checked > 10


def test_geometry_areas_are_the_painted_squares():
    checked = 0
    for sample in load_task("lab/geometry", limit=40):
        painted = sum(pixels(sample.images[0], colour).sum() for colour in COLOURS)
        if "area" in sample.question:
            assert painted / 14**2 == pytest.approx(int(sample.answer), rel=0.12)
            checked += 1
    assert checked > 10


def test_puzzle_answers_follow_from_the_cells_one_can_see():
    for level in (1, 2):
        for sample in load_task("lab/puzzle", level=level, limit=30):
            problem = LabTask("lab/puzzle", "test", level).problem(int(sample.id.split("/")[-1]))
            hole = next(t for t in problem.things if t.shape == "question mark").place.split()
            row = [t for t in problem.things if t.place.split()[0] == hole[0]]
            column = [t for t in problem.things if t.place.split()[1] == hole[1]]
            row, column = ([t for t in line if t.colour != "ink"] for line in (row, column))
            by_row = len({t.shape for t in row}) == 1 and len({t.shape for t in column}) > 0
            if len(row) > 1:
                by_row = len({t.shape for t in row}) == 1
                expected = (
                    f"{column[0].colour} {row[0].shape}"
                    if by_row
                    else f"{row[0].colour} {column[0].shape}"
                )
                assert sample.answer == expected


def test_fewshot_teaches_in_one_picture_and_asks_in_another():
    sample = load_task("lab/fewshot", limit=1)[0]
    assert len(sample.images) == 2
    assert [region.image for region in sample.regions] == [0, 0, 1]
    assert sample.answer in sample.question


def test_failing_eyes_stay_coherent():
    """A counting chain that misreads still counts what it says it sees."""
    for sample in LabTask("lab/counting", "train", 2, size=60, misread=0.3):
        said, so = sample.solution.split(". So there")
        count, kind = re.search(r"(\d+) (.*)\.</think>", so).groups()
        colour = next((c for c in COLOURS if c in kind), "")
        shape = "" if "thing" in kind else kind.split()[-1].removesuffix("s" * (count != "1"))
        shape = shape.removesuffix("e") if shape.startswith("cross") else shape
        told = re.findall(r"an? (\w+ \w+) at", said)
        assert sum(colour in t and shape in t for t in told) == int(count)


def test_eyes_without_failure_read_what_is_there():
    assert [Eyes().read(k, range(5)) for k in range(5)] == list(range(5))


def test_the_split_is_decided_by_the_pictures():
    task = LabTask("lab/counting", "validation", 2)
    assert all(split_bucket(task.problem(i).pictures) in range(80, 90) for i in range(20))


class TestMentions:
    sample = load_task("lab/counting", limit=8)[3]

    def spoken(self, text):
        return [(text[m.start : m.end], m.regions) for m in find_mentions(self.sample, text)]

    def test_any_text_is_read(self):
        one = next(r for r in self.sample.regions if not r.name[-1].isdigit())
        assert self.spoken(f"Look, a {one.name.upper()}!") == [(one.name.upper(), (one.name,))]

    def test_a_thing_that_is_not_there_is_a_mention_of_nothing(self):
        shown = {region.name for region in self.sample.regions}
        absent = next(f"{c} star" for c in COLOURS if not any(f"{c} star" in n for n in shown))
        assert self.spoken(f"a {absent} here") == [(absent, ())]

    def test_plurals_speak_of_all_that_fit(self):
        colour = self.sample.regions[0].name.split()[0]
        fits = tuple(r.name for r in self.sample.regions if r.name.startswith(colour))
        assert self.spoken(f"the {colour} things") == [(f"{colour} things", fits)]

    def test_words_within_words_are_no_mentions(self):
        assert self.spoken("coloured circlets and stars-to-be-not predicted") == [
            ("stars", tuple(r.name for r in self.sample.regions if "star" in r.name))
        ]

    def test_a_sample_without_phrases_has_no_mentions(self):
        from dataclasses import replace

        assert find_mentions(replace(self.sample, metadata={}), "a red circle") == ()


class TestBadInput:
    def test_unknown_task(self):
        with pytest.raises(SaccadeError, match=r"no task 'lab/nothing'.*lab/counting"):
            load_task("lab/nothing")

    def test_unknown_split(self):
        with pytest.raises(SaccadeError, match=r"train, validation, test, got 'dev'"):
            load_task("lab/counting", split="dev")

    @pytest.mark.parametrize("level", [0, 4])
    def test_unknown_level(self, level):
        with pytest.raises(SaccadeError, match=f"1, 2 or 3, got {level}"):
            load_task("lab/counting", level=level)

    def test_past_the_end(self):
        with pytest.raises(IndexError, match="has 2 samples, there is no sample 2"):
            load_task("lab/counting", limit=2)[2]

    def test_negative_limit(self):
        with pytest.raises(SaccadeError, match="must not be negative"):
            load_task("lab/counting", limit=-1)


def test_a_response_has_the_asked_form():
    assert respond("a", "b") == "<think>a</think><answer>b</answer>"
