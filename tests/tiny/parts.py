"""What the tiny models of all families are made of: a tokenizer, a decoder, a vision tower."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import AutoModelForImageTextToText, GenerationConfig, PreTrainedTokenizerFast

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
    for matrix in model.parameters():
        if matrix.dim() > 1 and not matrix.any():  # Gemma 3's projection: no image would matter
            torch.nn.init.normal_(matrix, std=0.2)
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


TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 24,
    "patch_size": 4,
    "initializer_range": 0.2,
}
