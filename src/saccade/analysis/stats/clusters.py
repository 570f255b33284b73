"""Which items belong together: those that share an image, directly or through others."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def image_clusters(items: Sequence[str], images: Iterable[Iterable[str]]) -> pd.Series:
    """Item to the name of its cluster, which is the first of the items in it.

    Items are joined by every image they share, so a chain of shared images is one cluster. An item
    without images is a cluster of its own.

    >>> image_clusters(["a", "b", "c", "d"], [["x"], ["x", "y"], ["y"], []]).to_list()
    ['a', 'a', 'a', 'd']
    """
    pairs = [(item, image) for item, names in zip(items, images, strict=True) for image in names]
    names = pd.unique(np.asarray(items, dtype=object))
    n_items = len(names)
    place = {name: number for number, name in enumerate(names)}
    item = np.array([place[item] for item, _ in pairs], dtype=np.int64)
    image, shown = pd.factorize(np.array([image for _, image in pairs], dtype=object))
    n_nodes = n_items + len(shown)
    edges = coo_array((np.ones(len(pairs)), (item, n_items + image)), shape=(n_nodes, n_nodes))
    component = connected_components(edges, directed=False)[1][:n_items]
    _, first, cluster = np.unique(component, return_index=True, return_inverse=True)
    return pd.Series(names[first][cluster], index=pd.Index(names), name="cluster", dtype=object)
