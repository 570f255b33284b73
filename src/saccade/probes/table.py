"""Two tables: `SIGNALS`, what is measured per token, and `ABLATIONS`, how sight is taken away.

They only describe: nothing here imports torch, so listing them is instant. To add a signal, write
its function in `signals.py` and give it one entry here under the same name; an ablation likewise,
in `ablations.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from math import inf
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


Told = int | float | str
"""What a setting may be."""


@dataclass(frozen=True)
class Setting:
    """A number or a word that an ablation can be told, and what it is if not told."""

    name: str
    default: Told
    words: tuple[str, ...] = ()
    """All that it may be, if it is a word."""
    most: float = inf
    """The largest it may be, if it is a number; the least is 0."""

    def written(self, value: Told) -> str:
        """As a user would write it: std=100, not std=100.0."""
        return f"{self.name}={value}".removesuffix(".0")


@dataclass(frozen=True)
class Ablation:
    """One way to take the image away from a model that has already answered."""

    name: str
    line: str
    paper: str
    changes: Literal["attention", "prompt", "images", "pixels"]
    """What its function returns: another attention mask, another prompt, which is then asked
    without images, another sample's images, or one image redrawn."""
    needs: tuple[str, ...]
    """Arguments of the function, in order; `own` settings follow by name."""
    own: tuple[Setting, ...] = ()
    drawing: tuple[Setting, ...] = ()
    """How its chance is drawn; empty if there is none in it."""

    @property
    def settings(self) -> tuple[Setting, ...]:
        """All that it can be told."""
        return self.own + self.drawing

    @property
    def defaults(self) -> str:
        """All that it can be told, as it is if not told."""
        return ", ".join(setting.written(setting.default) for setting in self.settings)

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

SEED = Setting("seed", 0)

ABLATIONS: dict[str, Ablation] = {
    ablation.name: ablation
    for ablation in (
        Ablation(
            name="blind",
            line="No token may attend to the image tokens; the sequence and its positions stay.",
            paper="PGPO, arXiv 2604.01840",
            changes="attention",
            needs=("attention_mask", "image_mask"),
        ),
        Ablation(
            name="remove",
            line="The image tokens and their markers are dropped, and what follows moves up.",
            paper="PEPO, arXiv 2603.22847",
            changes="prompt",
            needs=("prompt", "markers"),
        ),
        Ablation(
            name="blacken",
            line="Each patch of the image turns black with probability p.",
            paper="VPPO, arXiv 2510.09285, with grid=vppo; PAPO with p=0.6, per=prompt, grid=vppo",
            changes="pixels",
            needs=("image", "patches", "rng"),
            own=(Setting("p", 0.5, most=1.0),),
            drawing=(
                Setting("per", "rollout", words=("rollout", "prompt")),
                Setting("grid", "model", words=("model", "vppo")),
                SEED,
            ),
        ),
        Ablation(
            name="grey",
            line="Every pixel becomes mid-grey; the image keeps its size and its tokens.",
            paper="VPPO, arXiv 2510.09285, in its table of maskings",
            changes="pixels",
            needs=("image",),
        ),
        Ablation(
            name="noise",
            line="Gaussian noise of standard deviation std, of 255, falls on every channel.",
            paper="VPPO, arXiv 2510.09285, in its table of maskings",
            changes="pixels",
            needs=("image", "rng"),
            own=(Setting("std", 189.0, most=1000.0),),
            drawing=(SEED,),
        ),
        Ablation(
            name="blur",
            line="A Gaussian blur of this radius in pixels runs over the image.",
            paper="VPPO, arXiv 2510.09285, in its table of maskings",
            changes="pixels",
            needs=("image",),
            own=(Setting("radius", 6.0, most=1000.0),),
        ),
        Ablation(
            name="shuffle",
            line="The patches of the image change places; nothing is lost but where it was.",
            paper="",
            changes="pixels",
            needs=("image", "patches", "rng"),
            drawing=(SEED,),
        ),
        Ablation(
            name="swap",
            line="Another sample's image stands in the place of its own.",
            paper="",
            changes="images",
            needs=("sample", "others"),
            drawing=(SEED,),
        ),
    )
}
