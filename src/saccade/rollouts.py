"""Rollouts: groups of sampled responses to the same question, the way GRPO asks for them.

The model's own `generate` runs greedily over logits that carry their own noise: the largest of
`logits / T + Gumbel noise` is an exact sample of softmax(logits / T). Each response draws its noise
from a generator of its own, seeded by the words (seed, sample id, index). The same words therefore
give the same response however the work is batched, ordered, resumed or split over processes. Two
caveats: another batch shape moves the logits by float rounding, so two candidates that tie within
it may swap; and noise is drawn on the model's device, so a CPU and a GPU differ.

Nothing but temperature and top-p shapes the distribution. What a checkpoint's generation config
adds (repetition penalties and the like) is left out, so that a probe can read the distribution that
spoke: `entropy` and `kl` at the temperature of sampling, over the whole vocabulary; `logprob` at
temperature 1. Tokens that stand for images or for no text at all are never sampled.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from saccade.batches import Count, Progress, full_batches, prompt_length, sorted_out
from saccade.errors import SaccadeError
from saccade.models import VLM, encode
from saccade.samples import Rollout, Rollouts, Sample, Skipped
from saccade.scoring import score


@dataclass(frozen=True)
class Sampling:
    """How to sample: `n` responses to each sample, `batch_size` responses per generate call.

    Temperature 0 is greedy. `step`, the training step of the speaker, is noted in each rollout.
    """

    n: int = 8
    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 256
    seed: int = 0
    batch_size: int = 16
    step: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that cannot be sampled with."""
        for name in ("n", "max_new_tokens", "batch_size"):
            if getattr(self, name) < 1:
                raise SaccadeError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if not 0 <= self.temperature < float("inf"):
            raise SaccadeError(
                f"temperature must be 0 (greedy) or a positive number, got {self.temperature}."
            )
        if not 0 < self.top_p <= 1:
            raise SaccadeError(f"top_p must lie above 0 and at most at 1, got {self.top_p}.")

    @property
    def noted(self) -> dict[str, float]:
        """What a rollout remembers of how it was sampled; batching is no part of it."""
        return {k: v for k, v in asdict(self).items() if k in _NOTED}


_NOTED = ("temperature", "top_p", "max_new_tokens", "seed")


@dataclass(frozen=True)
class Group:
    """A sample and all its responses, in the order of their index."""

    sample: Sample
    rollouts: tuple[Rollout, ...]


@dataclass(frozen=True)
class _Turn:
    """One response to come; `room` is how many tokens the context leaves it."""

    sample: Sample
    index: int
    prompt: str
    room: int


def rollout(
    vlm: VLM,
    samples: Sequence[Sample],
    *,
    n: int = 8,
    temperature: float = 1.0,
    top_p: float = 1.0,
    max_new_tokens: int = 256,
    seed: int = 0,
    batch_size: int = 16,
    step: int = 0,
    progress: Progress | None = None,
) -> Rollouts:
    """Let the model answer every sample n times; see `Sampling` for the settings.

    `response_ids` end with the end token when the model produced one (`finish_reason` "stop"), and
    `text` is everything before it, special tokens included. Samples that cannot be asked are in
    `skipped`, with the reason. `progress` is called after each sample.
    """
    settings = Sampling(
        n=n,
        temperature=temperature,
        top_p=top_p,
        max_new_tokens=max_new_tokens,
        seed=seed,
        batch_size=batch_size,
        step=step,
    )
    outcomes = iter_rollouts(vlm, samples, settings)
    groups, skipped = sorted_out(Count(progress, len(samples)).through(outcomes))
    return Rollouts(
        (rollout for group in groups for rollout in group.rollouts),
        {group.sample.id: group.sample for group in groups},
        skipped,
    )


def iter_rollouts(
    vlm: VLM, samples: Iterable[Sample], settings: Sampling
) -> Iterator[Group | Skipped]:
    """Yield one outcome per sample: all its responses together, or why there are none."""
    answered: list[tuple[_Turn, Rollout | None]] = []
    for batch in full_batches(_turns(vlm, samples, settings.n), settings.batch_size):
        if isinstance(batch, Skipped):
            yield batch
            continue
        answered.extend(zip(batch, _speak(vlm, batch, settings), strict=True))
        while len(answered) >= settings.n:
            yield _group(answered[: settings.n])
            del answered[: settings.n]


def _turns(vlm: VLM, samples: Iterable[Sample], n: int) -> Iterator[_Turn | Skipped]:
    """The n responses each sample asks for, or why it cannot be asked."""
    known: set[str] = set()
    for sample in samples:
        try:
            if sample.id in known:
                raise SaccadeError(
                    "sample ids must be unique, and an earlier sample has this one too."
                )
            score(sample, "")  # a reward that cannot be given is found before anything is said
            prompt = vlm.render(sample)
            room = vlm.context - prompt_length(vlm, prompt, sample.images)
        except SaccadeError as error:
            yield Skipped(sample.id, "rollout", str(error))
            continue
        known.add(sample.id)
        yield from (_Turn(sample, index, prompt, room) for index in range(n))


def _group(answered: Sequence[tuple[_Turn, Rollout | None]]) -> Group | Skipped:
    """A sample's responses as a group, unless one of them came to nothing."""
    sample = answered[0][0].sample
    spoken = tuple(rollout for _, rollout in answered if rollout is not None)
    if len(spoken) == len(answered):
        return Group(sample, spoken)
    return Skipped(
        sample.id,
        "rollout",
        "the model's logits must be finite, but held NaN or infinity while it answered; "
        "check the checkpoint, or load it in float32 or bfloat16.",
    )


def _speak(vlm: VLM, batch: Sequence[_Turn], settings: Sampling) -> list[Rollout | None]:
    """One generate call. None stands for a response whose logits were not finite."""
    inputs = encode(vlm, [turn.prompt for turn in batch], [turn.sample.images for turn in batch])
    rows = [(turn.sample.id, turn.index) for turn in batch]
    sampler = Sampler(settings, rows, vlm.forbidden_ids, vlm.vocabulary)
    limit = min(settings.max_new_tokens, max(turn.room for turn in batch))
    ids = generate(vlm, inputs, sampler, limit)[:, inputs["input_ids"].shape[1] :]
    return [
        None if broken else _rollout(vlm, turn, row[: turn.room], settings)
        for turn, row, broken in zip(batch, ids.tolist(), sampler.broken.tolist(), strict=True)
    ]


@torch.no_grad()
def generate(vlm: VLM, inputs: dict[str, Tensor], chooser: LogitsProcessor, limit: int) -> Tensor:
    """The model's own decoding of what a processor puts highest, prompts included.

    It runs on a shallow copy of the model that carries no generation config.
    """
    model = copy.copy(vlm.model)
    model.generation_config = GenerationConfig()
    ends = sorted(vlm.eos_ids)
    config = GenerationConfig(
        do_sample=False,
        max_new_tokens=limit,
        eos_token_id=ends,
        pad_token_id=ends[0],
        use_cache=True,
    )
    ids: Tensor = model.generate(
        **inputs, generation_config=config, logits_processor=LogitsProcessorList([chooser])
    )
    return ids


def _rollout(vlm: VLM, turn: _Turn, row: list[int], settings: Sampling) -> Rollout:
    """A row of generated ids, cut after its first end token, decoded and scored."""
    end = next((place for place, token in enumerate(row) if token in vlm.eos_ids), None)
    said = row if end is None else row[:end]
    text = vlm.tokenizer.decode(said, skip_special_tokens=False)
    rewards, correct = score(turn.sample, text)
    return Rollout(
        sample_id=turn.sample.id,
        index=turn.index,
        prompt=turn.prompt,
        response_ids=tuple(said if end is None else row[: end + 1]),
        text=text,
        rewards=rewards,
        correct=correct,
        finish_reason="length" if end is None else "stop",
        step=settings.step,
        sampling=settings.noted,
    )


class Sampler(LogitsProcessor):
    """Logits to logits whose argmax is an exact sample: forbid, temperature, top-p, Gumbel noise.

    `rows` name the responses of the batch as (sample id, index); `broken` marks those whose logits
    were NaN or infinite at some step. Ids from `vocabulary` on pad the embedding and are no text.
    """

    def __init__(
        self,
        settings: Sampling,
        rows: Sequence[tuple[str, int]],
        forbidden: Iterable[int] = (),
        vocabulary: int | None = None,
    ) -> None:
        self.seeds = [_seed(settings.seed, sample_id, index) for sample_id, index in rows]
        self.forbidden, self.vocabulary = sorted(forbidden), vocabulary
        self.greedy = settings.temperature == 0
        self.shape: Any = LogitsProcessorList()
        if settings.temperature not in (0, 1):
            self.shape.append(TemperatureLogitsWarper(float(settings.temperature)))
        if settings.top_p < 1 and not self.greedy:
            self.shape.append(TopPLogitsWarper(settings.top_p))
        self.generators: list[torch.Generator] = []
        self.broken = torch.zeros(len(rows), dtype=torch.bool)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """The next step's noisy logits, in float64; greedy ones carry no noise."""
        broken = (scores.isnan() | scores.isposinf()).any(-1)
        self.broken = self.broken.to(broken.device) | broken
        scores = scores.clone()
        scores[:, [i for i in self.forbidden if i < scores.shape[-1]]] = -torch.inf
        if self.vocabulary is not None:
            scores[:, self.vocabulary :] = -torch.inf
        scores = self.shape(input_ids, scores)
        return scores if self.greedy else scores.double() + self._gumbel(scores)

    def _gumbel(self, like: Tensor) -> Tensor:
        """One row of standard Gumbel noise per response, each from its own generator.

        float64, because the largest of a vocabulary's draws lie where float32 uniforms grow coarse.
        """
        if not self.generators:
            self.generators = [
                torch.Generator(like.device).manual_seed(seed) for seed in self.seeds
            ]
        rows = [
            torch.rand(like.shape[-1], generator=generator, device=like.device, dtype=torch.float64)
            for generator in self.generators
        ]
        return -torch.log(-torch.log(torch.stack(rows)))


def _seed(seed: int, sample_id: str, index: int) -> int:
    """A stable 63-bit seed of these words, the same in every process and on every machine."""
    words = f"{seed}\x1f{sample_id}\x1f{index}".encode()
    return int.from_bytes(blake2b(words, digest_size=8).digest(), "big") >> 1
