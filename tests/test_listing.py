"""What there is: every kind is listed with one line each, and every entry leads somewhere."""

import pytest

from saccade.analysis import FIGURES
from saccade.analysis import figure as figure_module
from saccade.listing import KINDS, listed
from saccade.models import LAB_MODELS
from saccade.models.names import RECIPE_LINES
from saccade.probes import ABLATIONS, SIGNALS
from saccade.samples import Sample
from saccade.scoring import REWARDS
from saccade.tasks import TASKS, load_task
from saccade.tasks.lab import LAB_TASKS
from saccade.trainers.credit import RULES
from saccade.trainers.lab.recipes import RECIPES


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_has_one_line(kind):
    lines = listed(kind)
    assert lines
    for name, line in lines.items():
        assert name == name.strip() and line == line.strip()
        assert 10 < len(line) < 100 and "\n" not in line


@pytest.mark.parametrize("table", [SIGNALS, ABLATIONS, RULES])
def test_signals_ablations_and_rules_lead_to_functions_of_their_name(table):
    for name, entry in table.items():
        assert entry.name == name
        assert entry.function.__name__ == name.replace(".", "_")


def test_figures_lead_to_their_three_functions():
    for name, figure in FIGURES.items():
        assert figure.id == name
        for part in (figure.compute, figure.plot, figure.describe):
            assert callable(figure_module._fetch(part)), part


def test_every_task_gives_samples_whose_scorer_exists():
    assert list(TASKS) == list(LAB_TASKS)
    for name in TASKS:
        sample = load_task(name, limit=1)[0]
        assert isinstance(sample, Sample) and sample.task == name
        assert sample.scorer in REWARDS


def test_every_lab_model_has_a_recipe():
    assert list(RECIPE_LINES) == list(RECIPES)
    assert set(LAB_MODELS) <= set(RECIPES)
    assert {recipe.start_from for recipe in RECIPES.values()} - {None} <= set(RECIPES)
