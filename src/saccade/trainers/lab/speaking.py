"""Learning to speak: the next-token loss on the responses of demonstrations."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, ProcessorMixin

from saccade.trainers.lab.demonstrations import Demonstration

IGNORED = -100
PART = 8
"""Demonstrations that are padded to one length."""


class Speaking(nn.Module):
    """A model and the loss of what it would say."""

    def __init__(self, model: PreTrainedModel, collate: "Collator") -> None:
        super().__init__()
        self.model, self.collate = model, collate

    def forward(self, batch: Sequence[Demonstration]) -> Tensor:
        """Mean negative log-likelihood of the response tokens.

        The batch passes in parts of similar length, which spares padding; the loss is the whole's.
        Batches of one length each would spare more, and teach nothing: they hold one task each, and
        what a step teaches of one task the next ones undo.
        """
        parts = [self._part(batch[i : i + PART]) for i in range(0, len(batch), PART)]
        total = sum(tokens for _, tokens in parts)
        return torch.stack([loss * tokens / total for loss, tokens in parts]).sum()

    def _part(self, batch: Sequence[Demonstration]) -> tuple[Tensor, int]:
        """The mean loss of some demonstrations, and how many tokens it is a mean of."""
        inputs = {k: v.to(self.model.device) for k, v in self.collate(batch).items()}
        return self.model(**inputs).loss, int((inputs["labels"] != IGNORED).sum())


class Collator:
    """Batches of padded inputs with labels on the response tokens only.

    A demonstration goes through the processor once and is kept (pixels in float16): afterwards a
    batch costs next to nothing beside the step it feeds.
    """

    def __init__(self, processor: ProcessorMixin) -> None:
        self.processor = processor
        self._kept: dict[Demonstration, dict[str, Tensor]] = {}

    def __call__(self, batch: Sequence[Demonstration]) -> dict[str, Tensor]:
        """Token fields left-padded to one length, everything about images joined in order."""
        rows = [self.encoded(shown) for shown in batch]
        width = max(row["input_ids"].shape[1] for row in rows)
        fill = {"input_ids": self.processor.tokenizer.pad_token_id, "labels": IGNORED}
        joined = {}
        for name, first in rows[0].items():
            parts = [row[name] for row in rows]
            if first.ndim == 2 and first.shape == rows[0]["input_ids"].shape:
                parts = [
                    torch.nn.functional.pad(p, (width - p.shape[1], 0), value=fill.get(name, 0))
                    for p in parts
                ]
            joined[name] = torch.cat(parts)
        return joined | {"pixel_values": joined["pixel_values"].float()}

    def encoded(self, shown: Demonstration) -> dict[str, Tensor]:
        """One demonstration, as the processor gave it."""
        if shown not in self._kept:
            self._kept[shown] = self._encode(shown)
        return self._kept[shown]

    def _encode(self, shown: Demonstration) -> dict[str, Tensor]:
        tokenizer: Any = self.processor.tokenizer
        content = [{"type": "image"} for _ in shown.images]
        turn = [{"role": "user", "content": [*content, {"type": "text", "text": shown.question}]}]
        prompt = self.processor.apply_chat_template(
            turn, add_generation_prompt=True, tokenize=False
        )
        response = shown.response + tokenizer.eos_token
        inputs = dict(
            self.processor(
                text=[prompt + response], images=[list(shown.images)], return_tensors="pt"
            )
        )
        labels = torch.full_like(inputs["input_ids"], IGNORED)
        length = len(tokenizer(response).input_ids)
        labels[0, -length:] = inputs["input_ids"][0, -length:]
        return inputs | {"labels": labels, "pixel_values": inputs["pixel_values"].half()}
