"""Two tables: `SIGNALS`, what is measured per token, and `ABLATIONS`, how sight is taken away.

They only describe: nothing here imports torch, so listing them is instant. To add a signal, write
its function in `signals.py` and give it one entry here under the same name; an ablation likewise,
in `ablations.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

Given = Literal[
    "token_ids",
    "logits",
    "logprobs",
    "states",
    "image_states",
    "ablated_logits",
    "ablated_logprobs",
    "ablated_states",
    "temperature",
    "layers",
]
"""What the passes over one response of T tokens can hand to a signal, each under this name:

`token_ids` (T,) · `logits` (T, V), the row that predicts each token, made one position before it ·
`logprobs` (T,) of the tokens spoken · `states` (L+1, T, D), the hidden states at the tokens' own
positions · `image_states` (L+1, N, D) of the image tokens · `ablated_*`, the same from the pass
with the image ablated · `temperature` (the response's own unless the user set one) and `layers`, as
the user set them.
"""


@dataclass(frozen=True)
class Signal:
    """One number per response token: what it is, and what it is computed from."""

    name: str
    line: str
    formula: str
    unit: str
    paper: str
    needs: tuple[Given, ...]
    """Arguments of the function, in order."""

    @property
    def passes(self) -> Literal["seen", "seen+ablated"]:
        """The forward passes it needs: with the image, or with it and without it."""
        return "seen+ablated" if any(need.startswith("ablated_") for need in self.needs) else "seen"

    @property
    def visual(self) -> bool:
        """Whether it means nothing, and is therefore absent, when the prompt holds no image."""
        return self.passes == "seen+ablated" or "image_states" in self.needs

    @property
    def function(self) -> Callable[..., Any]:
        """The pure function of tensors behind it, loaded when first asked for."""
        function: Callable[..., Any] = getattr(import_module("saccade.probes.signals"), self.name)
        return function

    def column(self, ablation: str) -> str:
        """Its name in a trace: `kl` becomes `kl.blind`; one of a single pass keeps its own."""
        return f"{self.name}.{ablation}" if self.passes == "seen+ablated" else self.name


@dataclass(frozen=True)
class Ablation:
    """One way to take the image away from a model that has already answered."""

    name: str
    line: str
    paper: str
    changes: Literal["attention", "pixels"]
    """`attention`: the function edits the attention mask. `pixels`: it redraws each image."""

    @property
    def function(self) -> Callable[..., Any]:
        """The pure function behind it, loaded when first asked for."""
        function: Callable[..., Any] = getattr(import_module("saccade.probes.ablations"), self.name)
        return function


SIGNALS: dict[str, Signal] = {
    signal.name: signal
    for signal in (
        Signal(
            name="logprob",
            line="How likely the model found the token it spoke.",
            formula="log p_t(o_t)",
            unit="nats",
            paper="",
            needs=("logits", "token_ids"),
        ),
        Signal(
            name="entropy",
            line="How undecided the model was before the token; 0 is certain.",
            formula="-sum_v p_t(v) log p_t(v)",
            unit="nats",
            paper="arXiv 2506.01939; PEPO, arXiv 2603.22847",
            needs=("logits", "temperature"),
        ),
        Signal(
            name="visual_similarity",
            line="How near the token's hidden states lie to those of the image tokens.",
            formula="mean_{l,n} cos(h_{l,t}, v_{l,n})",
            unit="cosine, -1 to 1",
            paper="PEPO, arXiv 2603.22847",
            needs=("states", "image_states", "layers"),
        ),
        Signal(
            name="hidden_shift",
            line="How far the token's hidden states move when the image is taken away.",
            formula="mean_l |h_{l,t} - h'_{l,t}| / |h_{l,t}|",
            unit="share of the state's length",
            paper="PEPO, arXiv 2603.22847",
            needs=("states", "ablated_states", "layers"),
        ),
        Signal(
            name="kl",
            line="How much the next-token distribution depends on the image (visual dependency).",
            formula="sum_v p_t(v) (log p_t(v) - log p'_t(v))",
            unit="nats",
            paper="PGPO, arXiv 2604.01840; VPPO, arXiv 2510.09285",
            needs=("logits", "ablated_logits", "temperature"),
        ),
        Signal(
            name="k3",
            line="What the public training codes use for kl: guessed from one token, noisier.",
            formula="exp(d) - d - 1, d = log p'_t(o_t) - log p_t(o_t) within ±20; at most 10",
            unit="nats",
            paper="the code of VPPO, arXiv 2510.09285, and of PAPO",
            needs=("logprobs", "ablated_logprobs"),
        ),
    )
}

ABLATIONS: dict[str, Ablation] = {
    ablation.name: ablation
    for ablation in (
        Ablation(
            name="blind",
            line="No token may attend to the image tokens; the sequence and its positions stay.",
            paper="PGPO, arXiv 2604.01840",
            changes="attention",
        ),
        Ablation(
            name="grey",
            line="Every pixel becomes mid-grey; the image keeps its size and its tokens.",
            paper="VPPO, arXiv 2510.09285, in its table of maskings",
            changes="pixels",
        ),
    )
}
