"""The patient: a model, two questions with noisy images, and what it said to them.

All checks of the doctor are made on these few responses. What the model thought of each token while
it spoke is overheard on the way.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from saccade.errors import SaccadeError
from saccade.models import VLM
from saccade.probes.draws import Asked
from saccade.probes.measuring import measure
from saccade.probes.settings import PAPER_SIGNALS, Probing
from saccade.probes.signals import entropy, logprob
from saccade.rollouts import rollout
from saccade.samples import Rollout, Sample

QUESTIONS = {"What is shown?": 112, "What is shown here, and where does it lie?": 140}
"""What is asked, and the side in pixels of the image with it (the processor may enlarge it).

Prompts of two lengths: together they are padded, so that what padding does is tried too.
"""
TOKENS = 12
"""Response tokens that are tried; every second response has one fewer."""
TEMPERATURE = 0.8
"""Of sampling: a number that is 1 would hide a temperature that is forgotten."""
EVERY = Probing(PAPER_SIGNALS)

Numbers = Mapping[str, Tensor]
"""Of one response, by column: one for each of its tokens."""


class Patient:
    """A model with what the checks try it on, each thing made when it is first asked for."""

    def __init__(self, vlm: VLM) -> None:
        self.vlm = vlm

    @property
    def asked(self) -> list[Asked]:
        """Two responses to each of two questions, sampled in one batch."""
        return self._spoken[0]

    @property
    def alone(self) -> list[Asked]:
        """One response to each question: those that are padded when all are together."""
        return self.asked[1::2]

    @property
    def overheard(self) -> list[Numbers]:
        """Log-probability and entropy of each token, from the very logits it was sampled from."""
        return self._spoken[1]

    @cached_property
    def together(self) -> list[Numbers]:
        """Every signal of all responses, probed in one batch."""
        return list(measure(self.vlm, self.asked, EVERY))

    @cached_property
    def in_float32(self) -> list[Numbers]:
        """The same in float32."""
        return self.in_precision(torch.float32)

    def in_precision(self, dtype: torch.dtype) -> list[Numbers]:
        """The same in another precision, on a copy of the model that is gone again afterwards.

        The copy needs as much memory again as the model in the larger of the two precisions.
        """
        if dtype == self.vlm.model.dtype:
            return self.together
        model = copy.deepcopy(self.vlm.model).to(dtype)
        return list(measure(replace(self.vlm, model=model), self.asked, EVERY))

    @property
    def rounding(self) -> float:
        """How far numbers may move by rounding alone: 1e-4 in float32, more in halves."""
        eps = torch.finfo(self.vlm.model.dtype).eps
        return 1e-4 if eps < 1e-6 else 30 * eps

    @cached_property
    def _spoken(self) -> tuple[list[Asked], list[Numbers]]:
        """The responses, and what was overheard while they were sampled."""
        samples = [
            Sample(f"{side}", question, (noise(side),), "", "doctor")
            for question, side in QUESTIONS.items()
        ]
        with overhearing(self.vlm) as steps:
            said = rollout(
                self.vlm, samples, n=2, temperature=TEMPERATURE, max_new_tokens=TOKENS, seed=0
            )
        if said.skipped:
            raise SaccadeError(said.skipped[0].reason)
        cut = [replace(r, response_ids=r.response_ids[: TOKENS - r.index]) for r in said]
        heard = [_thought(one, steps, row) for row, one in enumerate(cut)]
        return [(said.samples[one.sample_id], one) for one in cut], heard


@contextmanager
def overhearing(vlm: VLM) -> Iterator[list[Float[Tensor, "rows vocab"]]]:
    """While the model speaks, the logits of each step: those of the last token of every row."""
    steps: list[Tensor] = []
    handle = vlm.model.register_forward_hook(
        lambda _module, _args, output: steps.append(output.logits[:, -1].float())
    )
    try:
        yield steps
    finally:
        handle.remove()


def noise(side: int, seed: int = 0) -> Image.Image:
    """A square image of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def _thought(said: Rollout, steps: Sequence[Tensor], row: int) -> Numbers:
    """The numbers of one response in the batch that was overheard."""
    ids = torch.tensor(said.response_ids, device=steps[0].device)
    logits = torch.stack([step[row] for step in steps[: len(ids)]])
    return {"logprob": logprob(logits, ids), "entropy": entropy(logits, TEMPERATURE)}
