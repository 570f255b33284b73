"""A prompt that has been read once, shared by all the responses to it."""

from collections.abc import Iterator

from torch import Tensor, cat
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from saccade.models import VLM

KEYS_AND_VALUES = (DynamicLayer, DynamicSlidingWindowLayer)


def shares_prefix(vlm: VLM) -> bool:
    """Whether responses can share a prompt; else they are measured in full by `plain.measure`."""
    return not why_unshared(vlm)


def why_unshared(vlm: VLM) -> str:
    """Why responses cannot share a prompt; empty if all that layers keep of it is keys and values.

    A recurrent layer (Qwen3.5's gated delta rule) keeps a state that each response would move on.
    A layer may also read another's keys, or more of a token than its embedding (Gemma 4). What a
    layer keeps is seen in the cache that transformers itself would make.
    """
    text = vlm.model.config.get_text_config()
    kept = [type(layer) for layer in DynamicCache(config=text).layers]
    if more := sorted({kind.__name__ for kind in kept if kind not in KEYS_AND_VALUES}):
        return f"its layers keep more of a prompt than keys and values ({', '.join(more)})"
    if len(kept) != len(vlm.layers):
        return "its layers read the keys and values of others"
    if getattr(text, "hidden_size_per_layer_input", None):
        return "its layers read more of a token than its embedding"
    return ""


class PrefixLayer(DynamicLayer):
    """One layer's keys and values of finished prompts; a response reads them and leaves no trace.

    Copies of a prompt's keys, one per response, live only while this layer attends.
    """

    def __init__(self, keys: Tensor, values: Tensor, rows: Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values, self.rows = keys, values, rows.to(keys.device)

    def update(
        self, key_states: Tensor, value_states: Tensor, *_args: object, **_kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Each response's own keys and values behind those of its prompt."""
        return self._behind(self.keys, key_states), self._behind(self.values, value_states)

    def _behind(self, prompt: Tensor, response: Tensor) -> Tensor:
        return cat([prompt.index_select(0, self.rows), response], dim=-2)


def prefix(caches: list[DynamicCache], rows: Tensor) -> Cache:
    """The cache for responses whose prompts are in these caches: response i has prompt `rows[i]`.

    Prompts are numbered through the caches, which must be of one length and are used up, layer by
    layer, so that no prompt is held twice.
    """
    return Cache(layers=[PrefixLayer(keys, values, rows) for keys, values in _taken(caches)])


def _taken(caches: list[DynamicCache]) -> Iterator[tuple[Tensor, Tensor]]:
    for layers in zip(*(cache.layers for cache in caches), strict=True):
        yield cat([layer.keys for layer in layers]), cat([layer.values for layer in layers])
        for layer in layers:
            layer.keys = layer.values = None
