"""Hidden states on their way through the decoder: reduced as they pass, never collected."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

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


class Directions:
    """Where the image lies, state by state: the mean over image tokens of their unit states.

    It is all that a mean of cosines needs of the image (`signals.visual_similarity`).
    """

    def __init__(self, image_mask: Bool[Tensor, "prompts length"]) -> None:
        self.share = image_mask / image_mask.sum(-1, keepdim=True).clamp_min(1)
        self.mean: dict[int, Float[Tensor, "prompts dim"]] = {}

    def take(self, number: int, state: Float[Tensor, "prompts length dim"]) -> None:
        """Read a state of the prompts as it passes."""
        unit = normalize(state.float(), dim=-1)
        self.mean[number] = torch.einsum("pn,pnd->pd", self.share, unit)


class Comparison:
    """What the chosen states of responses have in common with the image, and lose without it.

    Rows are responses with the image; the same responses follow once for each draw without it.
    """

    def __init__(
        self, directions: Directions, rows: Sequence[int], *, layers: Sequence[int] | None
    ) -> None:
        self.directions, self.rows = directions, list(rows)
        self.layers = sorted(directions.mean) if layers is None else layers
        self.similarity: float | Float[Tensor, "1 rows time"] = 0.0
        self.shift: float | Float[Tensor, "draws rows time"] = 0.0

    def take(self, number: int, state: Float[Tensor, "passes_rows time dim"]) -> None:
        """Read a state of the responses as it passes."""
        weight = self.layers.count(number) / len(self.layers)
        if not weight:
            return
        seen, *ablated = state.float().chunk(len(state) // len(self.rows))
        towards = self.directions.mean[number][self.rows][:, None]
        self.similarity += weight * (normalize(seen, dim=-1) * towards).sum(-1)[None]
        if ablated:
            length = seen.norm(dim=-1).clamp_min(torch.finfo(torch.float32).tiny)
            shifts = [(seen - each).norm(dim=-1) / length for each in ablated]
            self.shift += weight * torch.stack(shifts)
