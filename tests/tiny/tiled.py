"""Families that cut an image into tiles: InternVL, Idefics3 and SmolVLM, Aya Vision."""

from pathlib import Path
from typing import Any

from transformers import AyaVisionConfig, Idefics3Config, InternVLConfig, SmolVLMConfig

from tiny.parts import TOWER, chat_template, save, text_config, tokenizer


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


def aya_vision(folder: Path) -> Path:
    """Aya Vision: numbered tiles of the image, then a thumbnail; a scale it never applies."""
    marks = ["<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>"]
    tiles = ["TILE_GLOBAL", *(f"TILE_{number}" for number in range(1, 7)), "TILE"]
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", *marks, *tiles]
    tok = tokenizer(specials, eos="<|im_end|>", pad="<|endoftext|>")
    sliding = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 12}
    config = AyaVisionConfig(
        text_config=text_config(tok, model_type="cohere2", logit_scale=0.25, **sliding),
        vision_config={**TOWER, "model_type": "siglip_vision_model", "vision_use_head": False},
        image_token_index=tok.convert_tokens_to_ids("<|IMG_PATCH|>"),
        downsample_factor=2,
    )
    files: dict[str, dict[str, Any]] = {
        "processor_config.json": {
            "processor_class": "AyaVisionProcessor",
            "patch_size": 4,
            "img_size": 24,
            "downsample_factor": 2,
        },
        "preprocessor_config.json": {
            "size": {"height": 24, "width": 24},
            "min_patches": 1,
            "max_patches": 6,
            "crop_to_patches": True,
            "image_processor_type": "GotOcr2ImageProcessor",
            "processor_class": "AyaVisionProcessor",
        },
    }
    return save(folder, config, tok, chat_template("<image>"), files)
