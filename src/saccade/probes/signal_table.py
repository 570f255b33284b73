"""Two tables: `SIGNALS`, numbers per token, and `MAPS`, more than one number per token.

They only describe: nothing here imports torch, so listing them is instant. To add a signal, write
its function in `signals.py` and give it one entry here under the same name (a dot becomes an
underscore).
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
        return self.passes == "seen+ablated" or self.towards_image

    @property
    def function(self) -> Callable[..., Any]:
        """The pure function of tensors behind it, loaded when first asked for."""
        return self._named(self.name.replace(".", "_"))

    @property
    def nearness(self) -> Callable[..., Any]:
        """What a similarity is the mean of: every token against every image token."""
        return self._named(f"nearness_{self.name.partition('.')[2] or 'cosine'}")

    @property
    def towards_image(self) -> bool:
        """Whether it compares tokens with image tokens."""
        return "image_states" in self.needs

    @property
    def layered(self) -> bool:
        """Whether it is a mean over hidden states."""
        return "states" in self.needs

    def _named(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(import_module("saccade.probes.signals"), name)
        return function

    def column(self, ablation: str) -> str:
        """Its name in a trace: `kl` becomes `kl.blind`; one of a single pass keeps its own."""
        return f"{self.name}.{ablation}" if self.passes == "seen+ablated" else self.name


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
            name="visual_similarity.dot",
            line="The same without the norms, so that long states count more.",
            formula="mean_{l,n} h_{l,t} . v_{l,n}",
            unit="squared units of the states",
            paper="PEPO's table of metrics",
            needs=("states", "image_states", "layers"),
        ),
        Signal(
            name="visual_similarity.l2",
            line="The same by Euclidean distance, negated so that more is nearer.",
            formula="-mean_{l,n} |h_{l,t} - v_{l,n}|_2",
            unit="units of the states",
            paper="PEPO's table of metrics",
            needs=("states", "image_states", "layers"),
        ),
        Signal(
            name="visual_similarity.l1",
            line="The same by distance along the axes, negated so that more is nearer.",
            formula="-mean_{l,n} |h_{l,t} - v_{l,n}|_1",
            unit="units of the states",
            paper="PEPO's table of metrics",
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
            name="hidden_shift.l2",
            line="The same distance as it is; deep states are long, so they rule it.",
            formula="mean_l |h_{l,t} - h'_{l,t}|",
            unit="units of the states",
            paper="",
            needs=("states", "ablated_states", "layers"),
        ),
        Signal(
            name="hidden_shift.cosine",
            line="How far the token's hidden states turn, whatever their length.",
            formula="mean_l 1 - cos(h_{l,t}, h'_{l,t})",
            unit="1 - cosine, 0 to 2",
            paper="",
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


@dataclass(frozen=True)
class Map:
    """More than one number per token, kept on request under the signal's own column name."""

    name: str
    line: str
    shape: str
    of: Callable[[Signal], bool]
    """Whether a signal has one."""


MAPS: dict[str, Map] = {
    each.name: each
    for each in (
        Map(
            name="layers",
            line="The signal at every hidden state, the embeddings first.",
            shape="(L+1, T)",
            of=lambda signal: signal.layered,
        ),
        Map(
            name="images",
            line="The similarity to each image of the prompt by itself.",
            shape="(images, T)",
            of=lambda signal: signal.towards_image,
        ),
        Map(
            name="patches",
            line="The similarity to every image token, to be folded on the image's grid.",
            shape="(T, N)",
            of=lambda signal: signal.towards_image,
        ),
    )
}
