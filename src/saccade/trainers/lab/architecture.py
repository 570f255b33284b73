"""The micro models' shapes: real architectures, configured small, randomly initialised.

Each has 112 px images cut into 8 × 8 patches that are merged 2 × 2, so 16 image tokens.
"""

from collections.abc import Callable
from typing import Any

from transformers import (
    InternVLConfig,
    InternVLForConditionalGeneration,
    PreTrainedModel,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
)

from saccade.tasks.lab.scene import SIZE

PATCH, MERGE = 14, 2
WIDTH, LAYERS = 160, 4
TEXT: dict[str, Any] = {
    "hidden_size": WIDTH,
    "intermediate_size": 480,
    "bos_token_id": None,
    # The usual 0.02 suits layers some 2,500 wide. Here it leaves attention flat, and a model that
    # should copy a word from the question learns to in twice the steps.
    "initializer_range": WIDTH**-0.5,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 5,
    "num_key_value_heads": 5,
    "max_position_embeddings": 1024,
    "tie_word_embeddings": True,
}
VISION: dict[str, Any] = {"hidden_size": 128, "patch_size": PATCH, "initializer_range": 128**-0.5}


def _ids(tokenizer: Qwen2Tokenizer, **tokens: str) -> dict[str, int]:
    return {name: tokenizer.convert_tokens_to_ids(token) for name, token in tokens.items()}


def _qwen2_5_vl(tokenizer: Qwen2Tokenizer) -> PreTrainedModel:
    ends = _ids(tokenizer, eos_token_id="<|im_end|>", pad_token_id="<|endoftext|>")
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]}
    config = Qwen2_5_VLConfig(
        text_config=TEXT | ends | {"vocab_size": len(tokenizer), "rope_parameters": rope},
        vision_config=VISION
        | {"depth": 4, "num_heads": 4, "intermediate_size": 256}
        | {"out_hidden_size": WIDTH, "spatial_merge_size": MERGE}
        | {"window_size": SIZE, "fullatt_block_indexes": [1, 3]},
        tie_word_embeddings=True,
        **_ids(
            tokenizer,
            image_token_id="<|image_pad|>",
            video_token_id="<|video_pad|>",
            vision_start_token_id="<|vision_start|>",
            vision_end_token_id="<|vision_end|>",
        ),
    )
    return Qwen2_5_VLForConditionalGeneration(config)


def _internvl(tokenizer: Qwen2Tokenizer) -> PreTrainedModel:
    ends = _ids(tokenizer, eos_token_id="<|im_end|>", pad_token_id="<|endoftext|>")
    rope = {"rope_type": "default", "rope_theta": 10000.0}
    text = TEXT | ends | {"vocab_size": len(tokenizer), "rope_parameters": rope}
    config = InternVLConfig(
        text_config=text | {"model_type": "qwen2"},
        vision_config=VISION
        | {"num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 512}
        | {"image_size": [SIZE, SIZE]},
        image_seq_length=(SIZE // PATCH // MERGE) ** 2,
        downsample_ratio=1 / MERGE,
        tie_word_embeddings=True,
        **_ids(tokenizer, image_token_id="<IMG_CONTEXT>"),
    )
    return InternVLForConditionalGeneration(config)


ARCHITECTURES: dict[str, Callable[[Qwen2Tokenizer], PreTrainedModel]] = {
    "qwen2_5_vl": _qwen2_5_vl,
    "internvl": _internvl,
}

NORMAL = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
SQUARE = {"height": SIZE, "width": SIZE}
PROCESSORS: dict[str, dict[str, dict[str, Any]]] = {
    "qwen2_5_vl": {
        "processor_config.json": {"processor_class": "Qwen2_5_VLProcessor"},
        "preprocessor_config.json": NORMAL
        | {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": PATCH}
        | {"merge_size": MERGE, "temporal_patch_size": 2}
        | {"size": {"shortest_edge": SIZE * SIZE, "longest_edge": SIZE * SIZE}}
        | {"processor_class": "Qwen2_5_VLProcessor"},
        "video_preprocessor_config.json": NORMAL
        | {"video_processor_type": "Qwen2VLVideoProcessor", "patch_size": PATCH}
        | {"merge_size": MERGE, "temporal_patch_size": 2}
        | {"size": {"shortest_edge": SIZE * SIZE, "longest_edge": SIZE * SIZE}},
    },
    "internvl": {
        "processor_config.json": {
            "processor_class": "InternVLProcessor",
            "image_seq_length": (SIZE // PATCH // MERGE) ** 2,
        },
        "preprocessor_config.json": NORMAL
        | {"image_processor_type": "GotOcr2ImageProcessor", "size": SQUARE}
        | {"crop_to_patches": False, "min_patches": 1, "max_patches": 1}
        | {"processor_class": "InternVLProcessor"},
        "video_preprocessor_config.json": NORMAL
        | {"video_processor_type": "InternVLVideoProcessor", "size": SQUARE},
    },
}
"""The processor files of each architecture, written by hand so that the folder loads with the stock
classes, with torchvision present or not."""
