"""The LLaVA kind: one vision tower, whole images or, newer, whatever resolution fits."""

from pathlib import Path
from typing import Any

from tokenizers.processors import TemplateProcessing
from transformers import LlavaConfig, LlavaNextConfig, LlavaOnevisionConfig

from tiny.parts import TOWER, chat_template, save, text_config, tokenizer

CHAT = {"eos": "<|im_end|>", "pad": "<|endoftext|>"}


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


ANY = [[24, 48], [48, 24], [48, 48], [72, 24], [24, 72]]
"""The resolutions of an image in tiles of 24 pixels, height first."""


def llava_next(folder: Path) -> Path:
    """LLaVA-NeXT: the whole image, then its tiles sewn together, each row ended by a newline."""
    tok = tokenizer(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"], **CHAT)
    config = LlavaNextConfig(
        text_config=text_config(tok, model_type="llama"),
        vision_config={**TOWER, "model_type": "clip_vision_model", "initializer_factor": 5.0},
        image_token_index=tok.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=ANY,
        image_seq_length=36,
    )
    files: dict[str, dict[str, Any]] = {
        "processor_config.json": {
            "processor_class": "LlavaNextProcessor",
            "image_token": "<image>",
            "patch_size": 4,
            "num_additional_image_tokens": 1,
            "vision_feature_select_strategy": "default",
        },
        "preprocessor_config.json": {
            "image_processor_type": "LlavaNextImageProcessor",
            "size": {"shortest_edge": 24},
            "crop_size": {"height": 24, "width": 24},
            "image_grid_pinpoints": ANY,
        },
    }
    return save(folder, config, tok, chat_template("<image>\n"), files)


def llava_onevision(folder: Path) -> Path:
    """LLaVA-OneVision: as LLaVA-NeXT for one image and, when large, scaled; several are squared."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"]
    tok = tokenizer(specials, **CHAT)
    pinpoints = [[24 * rows, 24 * cols] for rows in range(1, 4) for cols in range(1, 4)]
    config = LlavaOnevisionConfig(
        text_config=text_config(tok, model_type="qwen2"),
        vision_config={**TOWER, "model_type": "siglip_vision_model", "vision_use_head": False},
        image_token_index=tok.convert_tokens_to_ids("<image>"),
        video_token_index=tok.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=pinpoints,
        vision_aspect_ratio="anyres_max_4",
    )
    processor = {"processor_class": "LlavaOnevisionProcessor"}
    size = {"size": {"height": 24, "width": 24}}
    files: dict[str, dict[str, Any]] = {
        "processor_config.json": {
            **processor,
            "num_image_tokens": 36,
            "vision_feature_select_strategy": "full",
            "vision_aspect_ratio": "anyres_max_4",
        },
        "preprocessor_config.json": {
            **processor,
            **size,
            "image_processor_type": "LlavaOnevisionImageProcessor",
            "image_grid_pinpoints": pinpoints,
        },
        "video_preprocessor_config.json": {
            **processor,
            **size,
            "video_processor_type": "LlavaOnevisionVideoProcessor",
        },
    }
    return save(folder, config, tok, chat_template("<image>\n"), files)
