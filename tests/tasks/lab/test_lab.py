"""Every lab task, held to the same contract; pixels are the oracle where they can be."""

import random
import re
from itertools import accumulate

import numpy as np
import pytest

from saccade import SaccadeError, load_task
from saccade.scoring import score
from saccade.tasks.lab import LAB_TASKS, SPLITS, LabTask, respond, split_bucket
from saccade.tasks.lab.guessing import blind_accuracy
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

    def test_ids_are_known_without_drawing(self, name, level):
        task = load_task(name, level=level, limit=3)
        assert task.ids == tuple(sample.id for sample in task)

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

    def test_failing_eyes_tell_wrong_answers_in_form(self, name, level):
        wrong = 0
        for sample, told in misread(name, level, share=0.5, count=60):
            rewards, correct = score(sample, told)
            assert rewards["format"] == 1
            wrong += not correct
        assert wrong > 10

    @pytest.mark.slow
    def test_blind_guessing_stays_near_chance(self, name, level):
        """No wording of a question gives its answer away."""
        assert blind_accuracy(load_task(name, level=level, limit=150)) <= CHANCE[name][level] + 0.1


CHANCE = {
    "lab/counting": {1: 1 / 4, 2: 1 / 5, 3: 1 / 6},
    # The likeliest sum or product of two sides, for the likelier of two figures.
    "lab/geometry": {1: 0.3, 2: 0.2, 3: 0.15},
    "lab/grounding": {1: 0.1, 2: 0.12, 3: 0.12},
    "lab/fewshot": {1: 0.55, 2: 1 / 3, 3: 1 / 3},
    "lab/puzzle": {1: 1 / 9, 2: 1 / 16, 3: 1 / 36},
}


def misread(name, level, *, share, count):
    """Samples with the response of a narrator whose eyes fail this often."""
    task = LabTask(name, "train", level, size=count)
    for index in range(count):
        eyes = Eyes(random.Random(index), share)
        yield task[index], respond(*task.problem(index).tell(eyes))


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
            assert inside.mean() > 0.2


def test_grounding_boxes_are_the_extent_of_the_pixels():
    checked = 0
    for sample in load_task("lab/grounding", limit=40):
        colour = sample.question.split()[3]
        if sum(region.name.startswith(colour) for region in sample.regions) == 1:
            rows, columns = np.nonzero(pixels(sample.images[0], colour))
            seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            gold = [int(v) for v in sample.answer.strip("[]").split(",")]
            # Edges are blended with the paper over a pixel; a sharp point vanishes sooner.
            assert np.abs(np.subtract(seen, gold)).max() <= 2, sample.question
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


@pytest.mark.parametrize("level", [1, 2, 3])
def test_puzzle_answers_follow_from_the_cells_one_can_see(level):
    """The rule is found again from the picture: what rows share, and what lines share."""
    side = 2 if level == 1 else 3
    task = LabTask("lab/puzzle", "test", level)
    for index in range(30):
        problem = task.problem(index)
        cells = {divmod(i, side): t for i, t in enumerate(problem.cells)}
        (hole,) = (at for at, t in cells.items() if t.shape == "question mark")
        seen = {at: t for at, t in cells.items() if at != hole}

        def line(at):
            return (at[1] + at[0] * (level == 3)) % side

        answers = set()
        for by_row, by_line in (("shape", "colour"), ("colour", "shape")):
            rows = [{getattr(t, by_row) for a, t in seen.items() if a[0] == r} for r in range(side)]
            lines = [
                {getattr(t, by_line) for a, t in seen.items() if line(a) == n} for n in range(side)
            ]
            if all(len(kinds) == 1 for kinds in (*rows, *lines)):
                found = {by_row: rows[hole[0]].pop(), by_line: lines[line(hole)].pop()}
                answers.add(f"{found['colour']} {found['shape']}")
        assert problem.answer in answers
        assert level == 1 or len(answers) == 1  # a 2 x 2 grid may follow either rule


def test_fewshot_teaches_in_one_picture_and_asks_in_another():
    sample = load_task("lab/fewshot", limit=1)[0]
    assert len(sample.images) == 2
    assert [region.image for region in sample.regions] == [0, 0, 0, 1]
    assert sample.answer in sample.question


def test_failing_eyes_stay_coherent():
    """A counting chain that misreads still counts what it says it sees, as it goes."""
    for _, told in misread("lab/counting", 2, share=0.3, count=60):
        said, so = told.split(". So there")
        count, kind = re.search(r"(\d+) (.*)\.</think>", so).groups()
        colour = next((c for c in COLOURS if c in kind), "")
        shape = "" if "thing" in kind else kind.split()[-1].removesuffix("s" * (count != "1"))
        shape = shape.removesuffix("e") if shape.startswith("cross") else shape
        listed = re.findall(r"an? (\w+ \w+) at", said)
        fits = [colour in t and shape in t for t in listed]
        assert [int(n) for n in re.findall(r"\((\d+)\)", said)] == list(accumulate(fits))
        assert sum(fits) == int(count)


def test_failing_eyes_do_right_sums():
    for _, told in misread("lab/geometry", 2, share=0.4, count=80):
        sides, result = re.search(r"Its \w+ is (.*) = (\d+)\.", told).groups()
        assert eval(sides) == int(result), told


def test_eyes_without_failure_read_what_is_there():
    assert [Eyes().read(k, range(5)) for k in range(5)] == list(range(5))


def test_the_split_is_decided_by_the_pictures():
    task = LabTask("lab/counting", "validation", 2)
    assert all(split_bucket(task.problem(i).pictures) in range(80, 90) for i in range(20))


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
