"""Draws: the prompts of the second pass, once for each draw, and what their numbers come to.

A draw is a function of the ablation's words, the sample's id, the response's index where every
response has its own, and the number of the draw. Batches, their order and interruptions therefore
change nothing.
"""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL.Image import Image
from torch import Tensor

from saccade.errors import SaccadeError
from saccade.models import VLM
from saccade.probes.ablations import content
from saccade.probes.chosen import Chosen
from saccade.probes.patches import Patch, squares, token_patches
from saccade.probes.settings import Probing
from saccade.samples import Rollout, Sample

Asked = tuple[Sample, Rollout]

NOBODY: Mapping[str, Sample] = MappingProxyType({})
"""No samples to swap with."""


class Draws:
    """An ablation of prompts or images, ready to be drawn; `samples` are what `swap` draws from."""

    def __init__(self, vlm: VLM, chosen: Chosen, samples: Mapping[str, Sample]) -> None:
        self.vlm, self.chosen, self.samples = vlm, chosen, samples
        self._patches: dict[Hashable, list[list[Patch]]] = {}

    def shares(self, asked: Asked) -> Hashable:
        """What the ablated prompt depends on: responses for which it is the same share theirs."""
        sample, rollout = asked
        return sample.id, rollout.prompt, self._own_index(rollout)

    def draw(self, asked: Asked, number: int) -> Asked:
        """The same response to a prompt from which the image is taken away."""
        sample, rollout = asked
        function, changes = self.chosen.ablation.function, self.chosen.ablation.changes
        if changes == "prompt":
            text = function(rollout.prompt, self._markers())
            return replace(sample, images=()), replace(rollout, prompt=text)
        if changes == "images":
            images = self._swapped(asked, number) if sample.images else ()
        else:
            lot = self._lot(asked, number)
            images = tuple(self._redrawn(asked, np.random.default_rng(list(lot))))
        return replace(sample, images=images), rollout

    def _redrawn(self, asked: Asked, rng: np.random.Generator) -> Iterator[Image]:
        """The images, one after the other from one generator."""
        ablation = self.chosen.ablation
        for place, image in enumerate(asked[0].images):
            given: dict[str, Any] = {"image": image, "rng": rng}
            if "patches" in ablation.needs:
                given["patches"] = self._cut(asked)[place]
            yield ablation.function(*(given[need] for need in ablation.needs), **self.chosen.own)

    def _cut(self, asked: Asked) -> list[list[Patch]]:
        """The images' patches, found once for all draws and responses."""
        sample, rollout = asked
        key = sample.id, rollout.prompt
        if key not in self._patches:
            vppo = self.chosen.values.get("grid") == "vppo"
            self._patches[key] = (
                [squares(image) for image in sample.images]
                if vppo
                else token_patches(self.vlm, rollout.prompt, sample.images)
            )
        return self._patches[key]

    def _swapped(self, asked: Asked, number: int) -> tuple[Image, ...]:
        """Images of other samples, other ones in each draw as long as there are any."""
        sample, function = asked[0], self.chosen.ablation.function
        others = self._others(sample, self._lot(asked, 0))
        shown = [function(sample, others)]
        with suppress(SaccadeError):  # there is one, but no further one
            while len(shown) <= number:
                shown.append(function(sample, others))
        images: tuple[Image, ...] = shown[number % len(shown)]
        return images

    def _others(self, sample: Sample, lot: bytes) -> Iterator[Sample]:
        """The other samples that can be read, in an order drawn for this one, each image once.

        Each has a lot of its own, so one more or fewer of them leaves the rest in order.
        """
        known = set()
        for name in sorted(self.samples, key=lambda name: sha256(lot + name.encode()).digest()):
            if name == sample.id:
                continue
            with suppress(SaccadeError, OSError, SyntaxError):  # the last is Pillow's
                other = self.samples[name]
                shows = tuple(content(image) for image in other.images)
                if shows not in known:
                    known.add(shows)
                    yield other

    def _lot(self, asked: Asked, number: int) -> bytes:
        """What all chance in one draw comes from."""
        sample, rollout = asked
        parts = (str(self.chosen), number, sample.id, self._own_index(rollout))
        return sha256(repr(parts).encode()).digest()

    def _own_index(self, rollout: Rollout) -> int | None:
        """The response's place in its group, if each has a draw of its own."""
        return rollout.index if self.chosen.values.get("per") == "rollout" else None

    def _markers(self) -> list[str]:
        """The special tokens that stand for images or frame them."""
        ids = list(self.vlm.forbidden_ids)
        return [token for token in self.vlm.tokenizer.convert_ids_to_tokens(ids) if token]


def swapped(
    vlm: VLM, asked: Asked, settings: Probing, samples: Mapping[str, Sample]
) -> Iterator[Sample]:
    """The sample with the images of others that will be measured: they may need more tokens."""
    if settings.compares and settings.chosen.ablation.changes == "images":
        draws = Draws(vlm, settings.chosen, samples)
        yield from (draws.draw(asked, number)[0] for number in range(settings.draws))


def columns(name: str, draws: Float[Tensor, "draws time"]) -> dict[str, Float[Tensor, " time"]]:
    """A signal's column; of several draws their mean, and beside it their standard deviation."""
    if len(draws) == 1:
        return {name: draws[0]}
    return {name: draws.mean(0), f"{name}.spread": draws.std(0)}
