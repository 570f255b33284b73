"""Hidden states on their way through the decoder: reduced as they pass, never collected."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from saccade.models import VLM

OnState = Callable[[int, Tensor], None]
"""Called with the number of a state, 0 to L, and the state: (rows, tokens, width)."""


@contextmanager
def watching(vlm: VLM, on_state: OnState) -> Iterator[None]:
    """Show every state of each forward pass: what transformers collects as `hidden_states`.

    The input of the first layer, the output of each but the last, and the output of the final norm.
    """

    def entering(_module: Any, args: Any, kwargs: Any) -> None:
        on_state(0, args[0] if args else kwargs["hidden_states"])

    def leaving(number: int) -> Callable[..., None]:
        def hook(_module: Any, _args: Any, output: Any) -> None:
            on_state(number, output[0] if isinstance(output, tuple) else output)

        return hook

    *inner, _last = vlm.layers
    handles = [vlm.layers[0].register_forward_pre_hook(entering, with_kwargs=True)]
    handles += [layer.register_forward_hook(leaving(i)) for i, layer in enumerate(inner, start=1)]
    handles.append(vlm.norm.register_forward_hook(leaving(len(vlm.layers))))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
