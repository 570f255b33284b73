"""What words speak of, worked by hand: claims are told from their place, not from being right."""

from saccade import Sample
from saccade.tasks.lab import LabTask
from saccade.tasks.lab.counting import Counting
from saccade.tasks.lab.fewshot import FewShot
from saccade.tasks.lab.geometry import Geometry
from saccade.tasks.lab.grounding import Grounding
from saccade.tasks.lab.mentions import described, find_mentions
from saccade.tasks.lab.scene import Thing


def spoken(problem, text):
    """What `text` speaks of, as (words, regions)."""
    metadata = {"things": described(problem.things), "phrases": problem.phrases}
    sample = Sample("s", "?", (), "", "lab", metadata=metadata)
    return [(text[m.start : m.end], m.regions) for m in find_mentions(sample, text)]


def thing(phrase, place, box=(0, 0, 30, 30)):
    colour, shape = phrase.split()
    return Thing(shape, colour, place, box)


class TestCounting:
    scene = Counting(
        (thing("red circle", "top left"), thing("red circle", "right"), thing("blue star", "top")),
        "red",
        "circle",
        2,
    )

    def test_a_thing_and_its_place_are_one_mention(self):
        said = "I see a red circle at the top left and a BLUE star."
        assert spoken(self.scene, said) == [
            ("red circle at the top left", ("red circle 1",)),
            ("BLUE star", ("blue star",)),
        ]

    def test_a_wrong_claim_about_a_place_speaks_of_nothing(self):
        assert spoken(self.scene, "a red circle at the top") == [("red circle at the top", ())]
        assert spoken(self.scene, "a red circle at the bottom left") == [
            ("red circle at the bottom left", ())
        ]
        assert spoken(self.scene, "a green cross") == [("green cross", ())]

    def test_plurals_and_kinds_speak_of_all_that_fit(self):
        red = ("red circle 1", "red circle 2")
        assert spoken(self.scene, "2 red circles, red things, circles, stars") == [
            ("red circles", red),
            ("red things", red),
            ("circles", red),
            ("stars", ("blue star",)),
        ]

    def test_a_place_alone(self):
        assert spoken(self.scene, "it is at the top.") == [("at the top", ("blue star",))]
        assert spoken(self.scene, "nothing at the bottom right") == [("at the bottom right", ())]

    def test_words_within_words_and_bare_things_are_no_mentions(self):
        assert spoken(self.scene, "coloured circlets, some things, the right answer") == []


def test_grounding_coordinates_speak_of_the_thing_asked_for_right_or_wrong():
    scene = Grounding((thing("red circle", "top left"), thing("blue star", "top")))
    assert spoken(scene, "It reaches from 9 to 99 across and from 1 to 2 down.") == [
        ("from 9 to 99 across", ("red circle",)),
        ("from 1 to 2 down", ("red circle",)),
    ]


def test_geometry_sides_by_any_number_and_the_figure_by_any_name():
    scene = Geometry("rectangle", "red", 0, 0, 3, 5, "area", 2)
    assert spoken(scene, "A green right triangle, 3 wide and 12 high.") == [
        ("green right triangle", ("figure",)),
        ("3 wide", ("width",)),
        ("12 high", ("height",)),
    ]


def test_fewshot_names_speak_of_classes_and_the_second_picture_of_the_query():
    support = (thing("red circle", "on the left"), thing("blue star", "on the right"))
    scene = FewShot(("dax", "wug"), support, 1, thing("blue star", "top left"), 1)
    said = "The dax is a red circle. The second picture shows a red circle. So it is a toma."
    assert spoken(scene, said) == [
        ("dax", ("dax",)),
        ("red circle", ("dax",)),
        ("second picture shows a red circle", ("query",)),
        ("toma", ()),
    ]


class TestPuzzle:
    def puzzle(self, level):
        task = LabTask("lab/puzzle", "test", level)
        return next(p for p in (task.problem(i) for i in range(200)) if p.hole == (1, 1))

    def test_lines_that_pass_the_hole(self):
        (row, passed), (column, also) = spoken(self.puzzle(2), "Its row. Its column.")
        assert (row, set(passed)) == ("Its row", {"middle left", "middle right"})
        assert (column, set(also)) == ("Its column", {"top middle", "bottom middle"})

    def test_diagonals_at_level_three(self):
        ((words, cells),) = spoken(self.puzzle(3), "Its diagonal. Its column")
        assert (words, set(cells)) == ("Its diagonal", {"top right", "bottom left"})

    def test_what_is_missing_is_the_hole_right_or_wrong(self):
        said = "So a red star is missing.</think><answer>blue cross</answer>"
        hole = ("question mark",)
        assert [regions for _, regions in spoken(self.puzzle(2), said)] == [hole, hole]

    def test_rows_and_columns_by_name(self):
        ((_, cells),) = spoken(self.puzzle(2), "the top row")
        assert set(cells) == {"top left", "top middle", "top right"}


def test_a_sample_without_ground_truth_has_no_mentions():
    assert find_mentions(Sample("s", "?", (), "", "any"), "a red circle") == ()
