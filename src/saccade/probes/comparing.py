"""Comparing states as they pass: with those of the image, and with those without the image.

Of each state of the decoder two things are met, one after the other: the prompts', in which the
image lies, and the responses', seen and ablated as rows of one batch. `ImageStates` keeps of the
first what `Comparison` needs at the second.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from saccade.probes.settings import Probing
from saccade.probes.signal_table import SIGNALS, Signal
from saccade.probes.signals import unit

PATCHES = 64
"""Image tokens that distances are taken to at a time."""

LINEAR: Mapping[str, Callable[[Tensor], Tensor]] = {
    "visual_similarity": unit,
    "visual_similarity.dot": Tensor.float,
}
"""Similarities that are products, and the states they multiply: the mean over image tokens moves
inside, mean_n h · v_n = h · mean_n v_n, so that the mean image token is all there is to keep."""


def in_full(state: Tensor) -> torch.autocast:
    """Within it, products are taken in float32 even where a trainer lets torch halve them."""
    return torch.autocast(state.device.type, enabled=False)


class ImageStates:
    """The prompts' image tokens, state by state, as far as the settings need them."""

    def __init__(self, share: Float[Tensor, "prompts parts length"], settings: Probing) -> None:
        self.share = share
        """The weight of every token in the mean over all images and, if asked for, over each."""
        self.mask: Bool[Tensor, "prompts length"] = share[:, 0] > 0
        names = {signal.name for signal in settings.wanted(image=True) if signal.towards_image}
        folds = {signal.name for signal in settings.mapped("patches")}
        self.by_mean = names & LINEAR.keys() - folds
        self.whole = bool(names - self.by_mean)
        self.chosen = None if settings.mapped("layers") else settings.layers
        self.mean: dict[tuple[str, int], Float[Tensor, "prompts parts dim"]] = {}
        self.tokens: dict[int, list[Float[Tensor, "patches dim"]]] = {}

    def take(self, number: int, state: Float[Tensor, "prompts length dim"]) -> None:
        """Read a state of the prompts as it passes."""
        if not self.needs(number):
            return
        with in_full(state):
            for name in self.by_mean:
                share, each = self.share.to(state.device), LINEAR[name](state)
                self.mean[name, number] = torch.einsum("pkn,pnd->pkd", share, each)
        if self.whole:
            mask = self.mask.to(state.device)
            self.tokens[number] = [its[image] for its, image in zip(state, mask, strict=True)]

    def needs(self, number: int) -> bool:
        """Whether anything is to be compared with this state."""
        return self.chosen is None or number in self.chosen

    def forget(self, number: int) -> None:
        """Let go of a state that has been compared with."""
        self.tokens.pop(number, None)
        for name in self.by_mean:
            self.mean.pop((name, number), None)

    def pieces(self, prompt: int, number: int) -> Iterator[tuple[slice, Tensor, Tensor]]:
        """A prompt's image tokens, some at a time: which, their states, their shares."""
        tokens = self.tokens[number][prompt]
        share = self.share[prompt][:, self.mask[prompt]].to(tokens.device)
        for first in range(0, len(tokens), PATCHES):
            some = slice(first, first + PATCHES)
            yield some, tokens[some].float(), share[:, some]


class Comparison:
    """What states of responses have in common with the image, and lose without it.

    Rows are responses with the image; the same responses follow once for each draw without it.
    """

    def __init__(
        self, image: ImageStates, rows: Sequence[int], settings: Probing, *, states: int
    ) -> None:
        self.image, self.rows = image, torch.tensor(rows)
        self.signals = [signal for signal in settings.wanted(image=True) if signal.layered]
        self.by_layer, self.split, self.folds = (
            {signal.name for signal in settings.mapped(name)}
            for name in ("layers", "images", "patches")
        )
        self.chosen = range(states) if settings.layers is None else settings.layers
        self.mean: dict[str, Float[Tensor, "draws_or_parts rows time"]] = {}
        self.layers: dict[str, list[Float[Tensor, "draws_or_parts rows time"]]] = {}
        self.patches: dict[tuple[str, int], Float[Tensor, "rows time patches"]] = {}

    def take(self, number: int, state: Float[Tensor, "passes_rows time dim"]) -> None:
        """Read a state of the responses as it passes."""
        weight = self.chosen.count(number) / len(self.chosen)
        seen, *ablated = state.float().chunk(len(state) // len(self.rows))
        with in_full(state):
            for signal in self.signals:
                if not weight and signal.name not in self.by_layer:
                    continue
                if signal.towards_image:
                    self._keep(signal.name, weight, self._similarity(signal, number, weight, seen))
                elif ablated:
                    moved = [_at_one_state(signal, seen, each) for each in ablated]
                    self._keep(signal.name, weight, torch.stack(moved))
        self.image.forget(number)

    @property
    def found(self) -> dict[str, Float[Tensor, "draws rows time"]]:
        """Every signal of all responses."""
        return {
            name: value[:1] if SIGNALS[name].towards_image else value
            for name, value in self.mean.items()
        }

    def maps(self, row: int, length: int) -> dict[tuple[str, str], Float[Tensor, "..."]]:
        """The maps of one response of this length, by kind and signal; see `signal_table.MAPS`."""
        prompt = int(self.rows[row])
        images = int(self.image.share[prompt, 1:].any(-1).sum())
        place = int((self.rows[:row] == prompt).sum())
        layers = {
            ("layers", name): torch.stack([_pooled(name, state)[row, :length] for state in states])
            for name, states in self.layers.items()
        }
        split = {
            ("images", name): self.mean[name][1 : 1 + images, row, :length] for name in self.split
        }
        folds = {
            ("patches", name): self.patches[name, prompt][place, :length] for name in self.folds
        }
        return layers | split | folds

    def _keep(self, name: str, weight: float, value: Tensor) -> None:
        value = value.to(self.image.share.device)  # layers may lie on several devices
        if weight:  # a state that is left out adds nothing, not even 0 times infinity
            self.mean[name] = self.mean.get(name, 0.0) + weight * value
        if name in self.by_layer:
            self.layers.setdefault(name, []).append(value)

    def _similarity(
        self, signal: Signal, number: int, weight: float, seen: Float[Tensor, "rows time dim"]
    ) -> Float[Tensor, "parts rows time"]:
        """The mean nearness to all images and, if asked for, to each."""
        if signal.name in self.image.by_mean:
            towards = self.image.mean[signal.name, number][self.rows]
            return torch.einsum("rtd,rkd->krt", LINEAR[signal.name](seen), towards)
        value = seen.new_zeros(self.image.share.shape[1], *seen.shape[:2])
        for prompt in range(len(self.image.share)):
            mine = (self.rows == prompt).nonzero()[:, 0]
            said = seen[mine]
            for some, tokens, share in self.image.pieces(prompt, number):
                near = signal.nearness(said.flatten(0, 1), tokens).view(*said.shape[:2], -1)
                value[:, mine] += torch.einsum("rtn,kn->krt", near, share)
                self._fold(signal.name, prompt, some, near, weight)
        return value

    def _fold(
        self,
        name: str,
        prompt: int,
        some: slice,
        near: Float[Tensor, "rows time patches"],
        weight: float,
    ) -> None:
        """Add to the map of patches, if there is to be one."""
        if name not in self.folds or not weight:
            return
        if (name, prompt) not in self.patches:
            count = int(self.image.mask[prompt].sum())
            whole = torch.zeros(*near.shape[:2], count, device=self.image.share.device)
            self.patches[name, prompt] = whole
        self.patches[name, prompt][..., some] += weight * near.to(self.image.share.device)


def _pooled(name: str, value: Tensor) -> Float[Tensor, "rows time"]:
    """Over all images, or over all draws."""
    return value[0] if SIGNALS[name].towards_image else value.mean(0)


def _at_one_state(
    signal: Signal, seen: Float[Tensor, "rows time dim"], ablated: Float[Tensor, "rows time dim"]
) -> Float[Tensor, "rows time"]:
    """A signal that is a mean over states, of one of them."""
    flat = (each.flatten(0, 1)[None] for each in (seen, ablated))
    found: Float[Tensor, " rows_time"] = signal.function(*flat)
    return found.view(seen.shape[:2])
