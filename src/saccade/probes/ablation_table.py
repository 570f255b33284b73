"""The table `ABLATIONS`: how sight is taken away.

It only describes: nothing here imports torch, so listing it is instant. To add an ablation, write
its function in `ablations.py` and give it one entry here under the same name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from math import inf
from typing import Any, Literal

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
