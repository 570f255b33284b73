"""Public names fetched on first use: all of them are there, in order, and no others."""

from importlib import import_module

import pytest

from saccade.lazy import lazy

PACKAGES = ("saccade", "saccade.analysis", "saccade.models", "saccade.probes", "saccade.store")


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_can_be_fetched(name):
    package = import_module(name)
    for public in package.__all__:
        assert getattr(package, public) is not None, public
    assert len(set(package.__all__)) == len(package.__all__)
    assert set(package.__all__) <= set(dir(package))


def test_names_are_fetched_from_their_homes_and_listed_in_order():
    fetch, names = lazy("saccade.errors", {"sqrt": "math", "join": "os.path"})
    assert fetch("sqrt")(9) == 3
    assert {"SaccadeError", "join", "sqrt"} <= set(names())
    assert names() == sorted(names())


def test_an_unknown_name_is_an_attribute_error_that_names_the_package():
    fetch, _ = lazy("somewhere", {})
    with pytest.raises(AttributeError, match="module 'somewhere' has no attribute 'nothing'"):
        fetch("nothing")
