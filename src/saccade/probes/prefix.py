"""A prompt that has been read once, shared by all the responses to it."""

from collections.abc import Iterator

from torch import Tensor, cat
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer


class PrefixLayer(DynamicLayer):
    """One layer's keys and values of finished prompts; a response reads them and leaves no trace.

    Copies of a prompt's keys, one per response, live only while this layer attends.
    """

    def __init__(self, keys: Tensor, values: Tensor, rows: Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values, self.rows = keys, values, rows

    def update(
        self, key_states: Tensor, value_states: Tensor, *_args: object, **_kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Each response's own keys and values behind those of its prompt."""
        return self._behind(self.keys, key_states), self._behind(self.values, value_states)

    def _behind(self, prompt: Tensor, response: Tensor) -> Tensor:
        return cat([prompt.index_select(0, self.rows), response], dim=-2)


def prefix(caches: list[DynamicCache], rows: Tensor) -> Cache:
    """The cache for responses whose prompts are in these caches: response i has prompt `rows[i]`.

    Prompts are numbered through the caches, which must be of one length.
    """
    return Cache(layers=[PrefixLayer(keys, values, rows) for keys, values in _layers(caches)])


def _layers(caches: list[DynamicCache]) -> Iterator[tuple[Tensor, Tensor]]:
    for layers in zip(*(cache.layers for cache in caches), strict=True):
        yield cat([layer.keys for layer in layers]), cat([layer.values for layer in layers])
