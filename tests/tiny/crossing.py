"""A family that cannot be measured: images enter by cross-attention, not as tokens."""

from pathlib import Path

from transformers import MllamaConfig

from tiny.parts import chat_template, save, text_config, tokenizer


def mllama(folder: Path) -> Path:
    """Llama 3.2 Vision: one token says that there is an image, and a layer looks at it."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|image|>"]
    tok = tokenizer(specials, eos="<|im_end|>", pad="<|endoftext|>")
    text = text_config(tok, bos_token_id=0, num_hidden_layers=3, cross_attention_layers=[1])
    config = MllamaConfig(
        text_config={**text, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_global_layers": 1,
            "attention_heads": 2,
            "image_size": 24,
            "patch_size": 4,
            "vision_output_dim": 64,
            "intermediate_layers_indices": [0],
            "supported_aspect_ratios": [[1, 1]],
            "max_num_tiles": 1,
        },
        image_token_index=tok.convert_tokens_to_ids("<|image|>"),
    )
    files = {
        "preprocessor_config.json": {
            "image_processor_type": "MllamaImageProcessor",
            "processor_class": "MllamaProcessor",
            "size": {"height": 24, "width": 24},
            "max_image_tiles": 1,
        },
    }
    return save(folder, config, tok, chat_template("<|image|>"), files)
