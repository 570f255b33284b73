"""The vocabulary, a piece at a time: what the distributions of many tokens come to.

Logits are the largest thing a probe meets: 128 tokens times a vocabulary of 152,000 are 78 MB, and
eight responses with and without the image make 1.2 GB. Here they pass in tiles and are summed up on
the way, so nothing of their size ever exists.

With z the logits over the temperature, m their largest so far and c = z - m, a few sums tell all:

    mass = Σ exp(c)        so  log p_v = c_v - log mass
    mean = Σ exp(c) c      so  entropy = log mass - mean / mass
    cross = Σ exp(c) c'    so  kl = (mean - cross) / mass - log mass + log mass'

where a prime marks the pass without the image. When a tile brings a larger logit, m moves, and what
has been summed moves with it.
"""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.linalg import vecdot

ROWS, TILE = 512, 4096
"""The shape of a tile: tokens by words."""
LOWEST = -1e30
"""Stands for "no logit yet": what is scaled by it vanishes, and it is no infinity."""

Logits = Callable[[Float[Tensor, "rows dim"], slice], Float[Tensor, "rows words"]]
"""Hidden states and a range of words in, their logits out."""
Rows = Float[Tensor, " rows"]
Tile = Float[Tensor, "rows words"]


class Mass:
    """Σ exp(c) of one distribution per row, over the words seen so far."""

    def __init__(self, rows: int, device: torch.device) -> None:
        self.top: Rows = torch.full((rows,), LOWEST, device=device)
        self.mass: Rows = torch.zeros(rows, device=device)

    def centre(self, z: Tile) -> tuple[Tile, Rows]:
        """`z` less the top, in place, and by how much the top had to move."""
        top = torch.maximum(self.top, z.amax(-1))
        moved, self.top = top - self.top, top
        self.mass = self.mass * (-moved).exp()
        return z.sub_(top[:, None]), moved

    def log_p(self, z: Rows) -> Rows:
        """The log-probability of the words with these logits."""
        return z - self.top - self.mass.log()


class Pair:
    """The sums of the distributions with the image, and their cross sums with those without."""

    def __init__(self, rows: int, device: torch.device) -> None:
        self.seen, self.ablated = Mass(rows, device), Mass(rows, device)
        self.mean, self.cross = torch.zeros(2, rows, device=device)

    def add(self, z: Tile, ablated_z: Tile | None) -> None:
        """Take in a tile of logits with the image and, if there is one, without; uses them up."""
        before = self.seen.mass
        c, moved = self.seen.centre(z)
        shrink = (-moved).exp()
        self.mean = shrink * (self.mean - moved * before)
        self.cross = shrink * self.cross
        weight = c.exp()
        if ablated_z is not None:
            ablated_c, moved = self.ablated.centre(ablated_z)
            self.cross += vecdot(weight, ablated_c) - moved * self.seen.mass
            self.ablated.mass += ablated_c.exp_().sum(-1)
        self.mean += vecdot(weight, c)
        self.seen.mass += weight.sum(-1)

    @property
    def entropy(self) -> Rows:
        """-Σ p log p."""
        found: Rows = self.seen.mass.log() - self.mean / self.seen.mass
        return found

    @property
    def kl(self) -> Rows:
        """Σ p (log p - log p'), rounding below zero cut off."""
        ratio = (self.mean - self.cross) / self.seen.mass
        found: Rows = ratio - self.seen.mass.log() + self.ablated.mass.log()
        return found.clamp_min(0)


def summed_up(
    logits: Logits,
    states: Float[Tensor, "tokens dim"],
    ablated_states: Float[Tensor, "tokens dim"] | None,
    token_ids: Int[Tensor, " tokens"],
    *,
    words: int,
    temperature: Float[Tensor, " tokens"],
) -> dict[str, Float[Tensor, " tokens"]]:
    """`logprobs` and `entropy` and, given ablated states, `ablated_logprobs` and `kl`.

    `states` are those that predict each token. Log-probabilities are at temperature 1, the others
    at each token's `temperature`.
    """
    found = []
    for first in range(0, len(states), ROWS):
        part = slice(first, first + ROWS)
        ablated = None if ablated_states is None else ablated_states[part]
        tiles = _tiles(logits, states[part], ablated, words)
        found.append(_rows(tiles, token_ids[part], temperature[part]))
    return {name: torch.cat([part[name] for part in found]) for name in found[0]}


def _tiles(
    logits: Logits, states: Tensor, ablated_states: Tensor | None, words: int
) -> Iterator[tuple[int, Tile, Tile | None]]:
    """The logits of some tokens, by ranges of words; with each the first word of its range."""
    for start in range(0, words, TILE):
        some = slice(start, min(start + TILE, words))
        ablated = None if ablated_states is None else logits(ablated_states, some).float()
        yield start, logits(states, some).float(), ablated


def _rows(
    tiles: Iterator[tuple[int, Tile, Tile | None]], token_ids: Tensor, temperature: Rows
) -> dict[str, Rows]:
    """What the tiles of some tokens come to."""
    rows, device = len(token_ids), token_ids.device
    heat = temperature[:, None]
    cool = bool((temperature == 1).all())
    plain = Pair(rows, device)
    heated = plain if cool else Pair(rows, device)
    spoken, ablated_spoken = torch.zeros(2, rows, device=device)
    for start, z, ablated_z in tiles:
        here = (token_ids >= start) & (token_ids < start + z.shape[1])
        at = here.nonzero()[:, 0], token_ids[here] - start
        spoken[here] = z[at]
        if ablated_z is not None:
            ablated_spoken[here] = ablated_z[at]
        if not cool:
            heated.add(z / heat, None if ablated_z is None else ablated_z / heat)
        plain.add(z, ablated_z)
    told = {"logprobs": plain.seen.log_p(spoken), "entropy": heated.entropy}
    if ablated_z is not None:
        told |= {"ablated_logprobs": plain.ablated.log_p(ablated_spoken), "kl": heated.kl}
    return told
