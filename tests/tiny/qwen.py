"""The Qwen kind: packed patches, merged two by two, and multimodal rope."""

from pathlib import Path
from typing import Any

from transformers import Glm4vConfig, Qwen2_5_VLConfig, Qwen2VLConfig, Qwen3_5Config, Qwen3VLConfig

from tiny.parts import chat_template, save, text_config, tokenizer

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


PATCHES = {
    "patch_size": 4,
    "temporal_patch_size": 2,
    "spatial_merge_size": 2,
    "depth": 2,
    "num_heads": 2,
    "initializer_range": 0.2,
}


def _qwen(
    folder: Path, config_class: Any, processor: str, vision: dict[str, Any], **text: Any
) -> Path:
    """A folder of a Qwen model."""
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
    config = config_class(
        text_config=text_config(tok, rope_parameters=rope, head_dim=8, **text),
        vision_config={**PATCHES, **vision},
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


def qwen3_5(folder: Path) -> Path:
    """Qwen3.5: a recurrent layer (gated delta rule), then one of full attention."""
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "out_hidden_size": 32,
        "num_position_embeddings": 36,
    }
    text = {
        "layer_types": ["linear_attention", "full_attention"],
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
        "partial_rotary_factor": 1.0,
        "initializer_range": 0.1,  # drawn larger, a recurrence adds up more than float rounding
    }
    return _qwen(folder, Qwen3_5Config, "Qwen3VLProcessor", vision, **text)


GLM_SPECIALS = [
    "<|endoftext|>",
    "<|user|>",
    "<|assistant|>",
    "<|begin_of_image|>",
    "<|image|>",
    "<|end_of_image|>",
    "<|begin_of_video|>",
    "<|video|>",
    "<|end_of_video|>",
]


def glm4v(folder: Path) -> Path:
    """GLM-4V: the Qwen kind with a decoder of its own and positions of images interpolated."""
    tok = tokenizer(GLM_SPECIALS, eos="<|user|>", pad="<|endoftext|>")
    marks = {"image": "image", "image_start": "begin_of_image", "image_end": "end_of_image"}
    marks |= {"video": "video", "video_start": "begin_of_video", "video_end": "end_of_video"}
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
    config = Glm4vConfig(
        text_config=text_config(tok, rope_parameters=rope),
        vision_config={
            **PATCHES,
            "image_size": 24,
            "hidden_size": 32,
            "intermediate_size": 64,
            "out_hidden_size": 32,
        },
        **{f"{key}_token_id": tok.convert_tokens_to_ids(f"<|{m}|>") for key, m in marks.items()},
    )
    images = {**QWEN_PIXELS, "image_processor_type": "Glm4vImageProcessor"}
    template = (
        "{% for message in messages %}<|{{ message['role'] }}|>\n"
        "{% for part in message['content'] %}{% if part['type'] == 'image' %}"
        "<|begin_of_image|><|image|><|end_of_image|>{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    )
    files = {"preprocessor_config.json": {**images, "processor_class": "Glm4vProcessor"}}
    return save(folder, config, tok, template, files)
