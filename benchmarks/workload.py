"""What the probing benchmarks work on, and the four ways in which the work is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import normalize
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from saccade.models import VLM, encode, load_vlm, with_responses
from saccade.probes import Probing
from saccade.probes import engine as the_engine
from saccade.probes.draws import Asked
from saccade.probes.vocabulary import ROWS, TILE
from saccade.samples import Rollout, Sample

Columns = list[dict[str, Any]]


@dataclass(frozen=True)
class Shape:
    """A model, and a group of responses to one prompt."""

    width: int = 512
    layers: int = 8
    words: int = 151_936
    side: int = 16
    """Image tokens along each side of the image."""
    text: int = 64
    group: int = 8
    response: int = 128


SHAPES = {"S1": Shape(), "S2": Shape(layers=16, words=32_000, side=24)}


def model(shape: Shape) -> VLM:
    """A random Qwen2.5-VL of the shape with a small vision tower, and the lab's processor."""
    lab = load_vlm("lab/base", device="cpu", dtype="float32")
    ids = {n: v for n, v in lab.model.config.to_dict().items() if n.endswith("_token_id")}
    heads = shape.width // 64
    text = {"hidden_size": shape.width, "intermediate_size": 4 * shape.width}
    text |= {"num_hidden_layers": shape.layers, "vocab_size": shape.words}
    text |= {"num_attention_heads": heads, "num_key_value_heads": heads}
    text |= {"max_position_embeddings": 8192, "bos_token_id": None}
    text |= {"eos_token_id": lab.tokenizer.eos_token_id}
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": 1e4}
    text["rope_parameters"]["mrope_section"] = [8, 12, 12]
    vision = {"depth": 2, "hidden_size": 64, "num_heads": 2, "intermediate_size": 128}
    vision |= {"out_hidden_size": shape.width, "fullatt_block_indexes": [1]}
    torch.manual_seed(0)
    config = Qwen2_5_VLConfig(
        text_config=text, vision_config=vision, tie_word_embeddings=True, **ids
    )
    pixels = (28 * shape.side) ** 2
    lab.processor.image_processor.size = {"shortest_edge": pixels, "longest_edge": pixels}
    return VLM("random", Qwen2_5_VLForConditionalGeneration(config).eval(), lab.processor)


def asked(vlm: VLM, shape: Shape) -> list[Asked]:
    """A question about one noisy image, and a group of random responses to it."""
    rng = np.random.default_rng(0)
    side = 28 * shape.side
    image = Image.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8))
    sample = Sample("one", "red " * (shape.text - 10), (image,), "x", "benchmark")
    allowed = np.setdiff1d(np.arange(shape.words), vlm.forbidden_ids)
    return [
        (sample, Rollout("one", k, vlm.render(sample), tuple(ids.tolist()), ""))
        for k, ids in enumerate(rng.choice(allowed, (shape.group, shape.response)))
    ]


def engine(vlm: VLM, group: Sequence[Asked], signals: Sequence[str]) -> Columns:
    """What `saccade.probe` runs."""
    return the_engine.measure(vlm, group, Probing(tuple(signals)))


def bare(vlm: VLM, group: Sequence[Asked], _signals: Sequence[str]) -> Columns:
    """The engine's two passes and the head on response positions, with nothing measured."""
    kinds = the_engine._kinds(vlm, group, Probing(), {})
    with the_engine._each_image_once(vlm):
        prompts = [the_engine._read(vlm, kind) for kind in kinds]
    responses = the_engine._responses(vlm, group)
    states = the_engine._answer(vlm, prompts, responses, lambda *_: None).flatten(0, 2)
    for rows in states.split(ROWS):
        for start in range(0, vlm.head.weight.shape[0], TILE):
            vlm.logits(rows, slice(start, start + TILE))
    return [{}]


def one_by_one(vlm: VLM, group: Sequence[Asked], signals: Sequence[str]) -> Columns:
    """The plain way in as little memory as it can do with."""
    return [plain(vlm, [each], signals)[0] for each in group]


def plain(vlm: VLM, group: Sequence[Asked], _signals: Sequence[str]) -> Columns:
    """Every response in full: all states, all logits, the matrix of tokens against patches."""
    inputs = encode(vlm, [said.prompt for _, said in group], [sample.images for sample, _ in group])
    teacher = with_responses(vlm, inputs, [said.response_ids for _, said in group])
    blind = teacher.inputs["attention_mask"].masked_fill(teacher.image_mask, 0)
    passes = [
        vlm.model(
            **teacher.inputs | {"attention_mask": mask}, output_hidden_states=True, use_cache=False
        )
        for mask in (teacher.inputs["attention_mask"], blind)
    ]
    columns = []
    for row, (start, length) in enumerate(zip(teacher.starts, teacher.lengths, strict=True)):
        span, before = slice(start, start + length), slice(start - 1, start - 1 + length)
        logp, dark = (run.logits[row, before].log_softmax(-1) for run in passes)
        pairs = zip(*(run.hidden_states for run in passes), strict=True)
        read = [_layer(seen[row], hid[row], span, teacher.image_mask[row]) for seen, hid in pairs]
        similarity, shift = (torch.stack(values).mean(0) for values in zip(*read, strict=True))
        columns.append(
            {
                "entropy": -(logp.exp() * logp).sum(-1),
                "visual_similarity": similarity,
                "hidden_shift.blind": shift,
                "kl.blind": (logp.exp() * (logp - dark)).sum(-1),
            }
        )
    return columns


def _layer(state: Tensor, hidden: Tensor, span: slice, image: Tensor) -> tuple[Tensor, Tensor]:
    """Similarity, through the whole matrix, and shift at one layer."""
    said, seen = state[span], state[image]
    cosines = (normalize(said, dim=-1) @ normalize(seen, dim=-1).T).mean(-1)
    return cosines, (said - hidden[span]).norm(dim=-1) / said.norm(dim=-1)


WAYS = {"plain": plain, "one_by_one": one_by_one, "engine": engine, "bare": bare}
