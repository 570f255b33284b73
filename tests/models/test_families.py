"""The table of families: what the tests build is what it lists."""

import subprocess
import sys

import pytest

import tiny
from saccade.models.families import FAMILIES


def test_every_family_is_built_and_every_one_built_is_listed():
    assert set(FAMILIES) == set(tiny.FAMILIES) and len(FAMILIES) >= 12


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_says_how_it_sees(name):
    family = FAMILIES[name]
    assert family.name == name
    assert family.line.startswith(f"{family.title}: {family.grid}")
    assert ("full passes" in family.line) != family.shares_prompt


def test_reading_the_table_loads_no_torch():
    code = "import sys; import saccade.models.families; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
