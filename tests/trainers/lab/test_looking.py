"""What each image token should know, worked by hand."""

import pytest

from saccade.tasks.lab.scene import Picture, Thing
from saccade.trainers.lab.looking import COLOUR_NAMES, SHAPE_NAMES, covered


def test_cells_know_the_thing_that_covers_most_of_them():
    small = Thing("circle", "red", "", (0, 0, 14, 28))  # half of cell 0
    large = Thing("square", "blue", "", (14, 0, 56, 28))  # half of cell 0, all of cell 1
    cells = covered(Picture((small, large)))
    names = [(COLOUR_NAMES[c], SHAPE_NAMES[s]) for c, s, _ in cells]
    assert names[0] == ("red", "circle")  # a tie falls to the first
    assert names[1] == ("blue", "square")
    assert set(names[2:]) == {("nothing", "nothing")}


def test_boxes_are_told_from_the_corner_of_the_cell():
    thing = Thing("star", "green", "", (60, 30, 80, 50))  # in row 1, column 2
    cells = covered(Picture((thing,)))
    assert cells[6][2] == pytest.approx((4 / 112, 2 / 112, 24 / 112, 22 / 112))


def test_a_sliver_is_nothing():
    assert covered(Picture((Thing("star", "green", "", (0, 0, 2, 28)),)))[0][:2] == (0, 0)
