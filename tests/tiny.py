"""Tiny random vision-language models, one folder per family, as an ordinary hub folder looks.

The weights are drawn large, so that every image, token and position moves the logits visibly: a
test that compares logits to 1e-5 then means something.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import (
    AutoModelForImageTextToText,
    GenerationConfig,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
)

CONTEXT = 1024


def tokenizer(specials: list[str], *, eos: str, pad: str, **named: str) -> PreTrainedTokenizerFast:
    """One token per byte, and the family's special tokens; any text goes there and back."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(specials)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token=eos, pad_token=pad, extra_special_tokens=named
    )


def chat_template(image: str, *, end: str = "<|im_end|>") -> str:
    """A chat in the ChatML manner, `image` in the place of each image."""
    return (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
        "{% for part in message['content'] %}{% if part['type'] == 'image' %}"
        + image
        + "{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
        + end
        + "\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )


def save(
    folder: Path,
    config: Any,
    tok: PreTrainedTokenizerFast,
    template: str,
    files: dict[str, dict[str, Any]],
    *,
    seed: int = 0,
) -> Path:
    """Write a folder: random model, tokenizer, chat template and the processor's JSON files."""
    torch.manual_seed(seed)
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32)
    model.generation_config = GenerationConfig(
        eos_token_id=tok.eos_token_id, pad_token_id=tok.pad_token_id
    )
    model.save_pretrained(folder)
    tok.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
    return folder


def text_config(tok: PreTrainedTokenizerFast, **more: Any) -> dict[str, Any]:
    """A decoder of two layers, 32 wide, for any family built on Llama or Qwen."""
    return {
        "vocab_size": len(tok),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": CONTEXT,
        "initializer_range": 0.2,
        "bos_token_id": None,
        "eos_token_id": tok.eos_token_id,
        "pad_token_id": tok.pad_token_id,
        **more,
    }


QWEN_SPECIALS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
QWEN_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
QWEN_PIXELS = {
    "patch_size": 4,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "size": {"shortest_edge": 16 * 16, "longest_edge": 48 * 48},
}


def _qwen(folder: Path, config_class: Any, processor: str, vision: dict[str, Any]) -> Path:
    """A folder of the Qwen kind: packed patches, merged two by two, and multimodal rope."""
    tok = tokenizer(QWEN_SPECIALS, eos="<|im_end|>", pad="<|endoftext|>")
    ids = {
        f"{name}_token_id": tok.convert_tokens_to_ids(f"<|{name_in_vocabulary}|>")
        for name, name_in_vocabulary in (
            ("image", "image_pad"),
            ("video", "video_pad"),
            ("vision_start", "vision_start"),
            ("vision_end", "vision_end"),
        )
    }
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
    common = {"patch_size": 4, "temporal_patch_size": 2, "spatial_merge_size": 2, "depth": 2}
    config = config_class(
        text_config=text_config(tok, rope_parameters=rope, head_dim=8),
        vision_config={**common, "num_heads": 2, "initializer_range": 0.2, **vision},
        tie_word_embeddings=False,
        **ids,
    )
    images = {**QWEN_PIXELS, "image_processor_type": "Qwen2VLImageProcessor"}
    videos = {**QWEN_PIXELS, "video_processor_type": "Qwen2VLVideoProcessor"}
    files = {
        "preprocessor_config.json": {**images, "processor_class": processor},
        "video_preprocessor_config.json": {**videos, "processor_class": processor},
    }
    return save(folder, config, tok, chat_template(QWEN_IMAGE), files)


def qwen2_5_vl(folder: Path) -> Path:
    """Qwen2.5-VL: windowed attention in the vision tower."""
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "out_hidden_size": 32,
        "window_size": 16,
        "fullatt_block_indexes": [1],
    }
    return _qwen(folder, Qwen2_5_VLConfig, "Qwen2_5_VLProcessor", vision)


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "qwen2_5_vl": qwen2_5_vl,
}
