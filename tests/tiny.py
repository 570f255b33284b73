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
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoModelForImageTextToText,
    GenerationConfig,
    Idefics3Config,
    InternVLConfig,
    LlavaConfig,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2VLConfig,
    Qwen3VLConfig,
    SmolVLMConfig,
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


def qwen2_vl(folder: Path) -> Path:
    """Qwen2-VL: full attention in the vision tower."""
    vision = {"embed_dim": 32, "hidden_size": 32, "mlp_ratio": 2}
    return _qwen(folder, Qwen2VLConfig, "Qwen2VLProcessor", vision)


def qwen3_vl(folder: Path) -> Path:
    """Qwen3-VL: image features also enter the first decoder layers (deepstack)."""
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "out_hidden_size": 32,
        "num_position_embeddings": 36,
        "deepstack_visual_indexes": [0],
    }
    return _qwen(folder, Qwen3VLConfig, "Qwen3VLProcessor", vision)


TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 24,
    "patch_size": 4,
    "initializer_range": 0.2,
}


def internvl(folder: Path) -> Path:
    """InternVL: tiles of the image, then a thumbnail; nine tokens each."""
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *named.values()]
    tok = tokenizer(specials, eos="<|im_end|>", pad="<|endoftext|>", **named)
    config = InternVLConfig(
        text_config=text_config(tok, model_type="qwen2"),
        vision_config={**TOWER, "layer_scale_init_value": 1.0},
        image_token_id=tok.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=9,
        tie_word_embeddings=False,
    )
    pixels = {
        "size": {"height": 24, "width": 24},
        "crop_to_patches": False,  # as on the hub; the processor class asks for tiles
        "min_patches": 1,
        "max_patches": 6,
    }
    files = {
        "processor_config.json": {"processor_class": "InternVLProcessor", "image_seq_length": 9},
        "preprocessor_config.json": {
            **pixels,
            "image_processor_type": "GotOcr2ImageProcessorFast",
            "processor_class": "InternVLProcessor",
        },
        "video_preprocessor_config.json": {
            "size": pixels["size"],
            "video_processor_type": "InternVLVideoProcessor",
            "processor_class": "InternVLProcessor",
        },
    }
    return save(folder, config, tok, chat_template("<IMG_CONTEXT>\n"), files)


def llava(folder: Path) -> Path:
    """LLaVA: one square grid over the middle of the image; its tokenizer opens with a <s>."""
    tok = tokenizer(["<s>", "</s>", "<image>", "<pad>"], eos="</s>", pad="<pad>")
    tok.bos_token = "<s>"
    start = tok.convert_tokens_to_ids("<s>")
    tok.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", start)]
    )
    config = LlavaConfig(
        text_config=text_config(tok, model_type="llama", bos_token_id=start),
        vision_config={**TOWER, "model_type": "clip_vision_model", "initializer_factor": 5.0},
        image_token_index=tok.convert_tokens_to_ids("<image>"),
        image_seq_length=36,
    )
    files: dict[str, dict[str, Any]] = {
        "processor_config.json": {
            "processor_class": "LlavaProcessor",
            "image_token": "<image>",
            "patch_size": 4,
            "num_additional_image_tokens": 1,
            "vision_feature_select_strategy": "default",
        },
        "preprocessor_config.json": {
            "image_processor_type": "CLIPImageProcessor",
            "size": {"shortest_edge": 24},
            "crop_size": {"height": 24, "width": 24},
            "do_center_crop": True,
        },
    }
    template = (
        "{% for message in messages %}USER: {% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %} {% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
    )
    return save(folder, config, tok, template, files)


def _idefics(folder: Path, config_class: Any, family: str, more: dict[str, Any]) -> Path:
    """A folder of the Idefics kind: tagged rows of tiles, then the whole image."""
    tags = [f"<row_{row}_col_{col}>" for row in range(1, 7) for col in range(1, 7)]
    frame = ["<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>"]
    specials = ["<|endoftext|>", "<|im_start|>", *frame, *tags]
    tok = tokenizer(specials, eos="<end_of_utterance>", pad="<|endoftext|>")
    config = config_class(
        text_config=text_config(tok, model_type="llama"),
        vision_config=TOWER,
        image_token_id=tok.convert_tokens_to_ids("<image>"),
        scale_factor=2,
    )
    pixels = {"size": {"longest_edge": 72}, "max_image_size": {"longest_edge": 24}}
    files: dict[str, dict[str, Any]] = {
        "processor_config.json": {"processor_class": f"{family}Processor", "image_seq_len": 9},
        "preprocessor_config.json": {
            **pixels,
            "image_processor_type": f"{family}ImageProcessor",
            "processor_class": f"{family}Processor",
        },
        **more,
    }
    return save(folder, config, tok, chat_template("<image>", end="<end_of_utterance>"), files)


def idefics3(folder: Path) -> Path:
    """Idefics3: up to three by three tiles, nine tokens each, and the whole image."""
    return _idefics(folder, Idefics3Config, "Idefics3", {})


def smolvlm(folder: Path) -> Path:
    """SmolVLM: Idefics3 again, with a slot for videos."""
    videos = {
        "video_processor_type": "SmolVLMVideoProcessor",
        "processor_class": "SmolVLMProcessor",
    }
    more = {"video_preprocessor_config.json": videos}
    return _idefics(folder, SmolVLMConfig, "SmolVLM", more)


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "idefics3": idefics3,
    "internvl": internvl,
    "llava": llava,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen2_vl": qwen2_vl,
    "qwen3_vl": qwen3_vl,
    "smolvlm": smolvlm,
}
"""Name of a family (its model_type) -> a function that writes a tiny model's folder."""
