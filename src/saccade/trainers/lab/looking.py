"""Learning to look: each image token names what it covers, before the model speaks a word.

Real vision-language models start from a vision encoder that already sees. Without one, a micro
model spends its first thousand steps on the language of the demonstrations alone. Here linear heads
on the image tokens, thrown away afterwards, tell the colour, the shape and the box of the thing
under each token; a few minutes of it, and the image tokens carry what the text then learns to read.
"""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from saccade.samples import Box
from saccade.tasks.lab.drawing import OUTLINES
from saccade.tasks.lab.scene import COLOURS, SIZE, Picture
from saccade.trainers.lab.architecture import WIDTH
from saccade.trainers.lab.demonstrations import Demonstration
from saccade.trainers.lab.speaking import Collator

TOKENS = 4
"""Image tokens along each side."""
LEAST = 0.08
"""Share of its cell that a thing must cover to be named there."""
COLOUR_NAMES = ("nothing", "ink", *COLOURS)
SHAPE_NAMES = ("nothing", *OUTLINES)


class Looking(nn.Module):
    """A model, and heads that say what its image tokens should know."""

    def __init__(self, model: PreTrainedModel, collate: Collator) -> None:
        super().__init__()
        self.model, self.collate = model, collate
        self.colour = nn.Linear(WIDTH, len(COLOUR_NAMES))
        self.shape = nn.Linear(WIDTH, len(SHAPE_NAMES))
        self.box = nn.Linear(WIDTH, 4)

    def forward(self, batch: Sequence[Demonstration]) -> Tensor:
        """Cross-entropy of colour and shape, and ten times the mean error of the box's edges."""
        seen = self._image_tokens(batch)
        colour, shape, box = (t.to(seen.device) for t in _targets(batch))
        off: Tensor = (self.box(seen) - box).abs().mean(-1)[shape > 0].mean()
        return (
            cross_entropy(self.colour(seen), colour)
            + cross_entropy(self.shape(seen), shape)
            + 10 * off
        )

    def _image_tokens(self, batch: Sequence[Demonstration]) -> Tensor:
        """(images * tokens, width), in the order of the pictures."""
        rows = [self.collate.encoded(shown) for shown in batch]
        fields = {
            name: torch.cat([row[name] for row in rows]).to(self.model.device)
            for name in ("pixel_values", "image_grid_thw")
            if name in rows[0]
        }
        fields["pixel_values"] = fields["pixel_values"].float()
        found = self.model.model.get_image_features(**fields).pooler_output
        return torch.cat([image.reshape(-1, WIDTH) for image in found])


def _targets(batch: Sequence[Demonstration]) -> tuple[Tensor, Tensor, Tensor]:
    """What every image token of the batch covers: colour, shape, and box relative to its cell."""
    told = [cell for shown in batch for picture in shown.pictures for cell in covered(picture)]
    colour, shape, box = zip(*told, strict=True)
    return torch.tensor(colour), torch.tensor(shape), torch.tensor(box)


@cache
def covered(picture: Picture) -> list[tuple[int, int, Box]]:
    """Per cell, row by row: the number of the colour and of the shape, and the box of the thing."""
    return [_under(picture, row, column) for row in range(TOKENS) for column in range(TOKENS)]


def _under(picture: Picture, row: int, column: int) -> tuple[int, int, Box]:
    side = SIZE / TOKENS
    x, y = column * side, row * side
    shares = [_shared(thing.box, (x, y, x + side, y + side)) / side**2 for thing in picture.things]
    if not shares or max(shares) < LEAST:
        return 0, 0, (0.0, 0.0, 0.0, 0.0)
    thing = picture.things[shares.index(max(shares))]
    x0, y0, x1, y1 = thing.box
    box = ((x0 - x) / SIZE, (y0 - y) / SIZE, (x1 - x) / SIZE, (y1 - y) / SIZE)
    return COLOUR_NAMES.index(thing.colour), SHAPE_NAMES.index(thing.shape), box


def _shared(a: Box, b: Box) -> float:
    """Area that two boxes share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)
