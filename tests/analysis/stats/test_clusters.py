"""Which questions share an image."""

from saccade.analysis.stats import image_clusters


def test_shared_images_join_and_chains_are_one():
    items = ["a", "b", "c", "d", "e", "f"]
    images = [["1"], ["2", "3"], ["1"], ["3", "4"], [], ["4"]]
    clusters = image_clusters(items, images)
    assert clusters.to_dict() == {"a": "a", "b": "b", "c": "a", "d": "b", "e": "e", "f": "b"}


def test_an_item_named_twice_is_one_item_with_all_its_images():
    clusters = image_clusters(["a", "b", "c", "a"], [["1"], ["2"], ["3"], ["2"]])
    assert clusters.to_dict() == {"a": "a", "b": "a", "c": "c"}


def test_no_items_and_no_images():
    assert image_clusters([], []).empty
    assert image_clusters(["a", "b"], [[], []]).to_list() == ["a", "b"]
