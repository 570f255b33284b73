"""The Gemma kind: an image's tokens, or all of the prompt, look at each other both ways."""

from pathlib import Path
from typing import Any

from transformers import Gemma3Config, PaliGemmaConfig
from transformers.models.paligemma.processing_paligemma import EXTRA_TOKENS

from tiny.parts import TOWER, save, text_config, tokenizer

IMAGE_SIZE = {"size": {"height": 24, "width": 24}}
HEADS = {"head_dim": 8, "query_pre_attn_scalar": 8}
SLIDING = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 12}
"""A window shorter than any prompt, so that a test sees it."""


def gemma3(folder: Path) -> Path:
    """Gemma 3: nine pooled tokens per image, a layer that sees a window, a cap it never applies."""
    named = {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
    specials = ["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>", *named.values()]
    tok = tokenizer(specials, eos="<end_of_turn>", pad="<pad>", **named)
    tok.bos_token = "<bos>"
    text = text_config(
        tok,
        **HEADS,
        **SLIDING,
        bos_token_id=tok.bos_token_id,
        final_logit_softcapping=2.0,
    )
    config = Gemma3Config(
        text_config=text,
        vision_config={**TOWER, "model_type": "siglip_vision_model", "vision_use_head": False},
        boi_token_index=tok.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=tok.convert_tokens_to_ids("<end_of_image>"),
        image_token_index=tok.convert_tokens_to_ids("<image_soft_token>"),
        mm_tokens_per_image=9,
        initializer_range=0.2,
    )
    files = {
        "processor_config.json": {"processor_class": "Gemma3Processor", "image_seq_length": 9},
        "preprocessor_config.json": {
            **IMAGE_SIZE,
            "image_processor_type": "Gemma3ImageProcessor",
            "processor_class": "Gemma3Processor",
        },
    }
    template = (
        "{{ bos_token }}{% for message in messages %}<start_of_turn>{{ message['role'] }}\n"
        "{% for part in message['content'] %}{% if part['type'] == 'image' %}<start_of_image>"
        "{% else %}{{ part['text'] }}{% endif %}{% endfor %}<end_of_turn>\n{% endfor %}"
        "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    )
    return save(folder, config, tok, template, files)


def _paligemma(folder: Path, text: dict[str, Any]) -> Path:
    """A folder of the PaliGemma kind: the images come first, and positions count from one."""
    specials = ["<pad>", "<eos>", "<bos>", "<image>"]
    tok = tokenizer(specials, eos="<eos>", pad="<pad>", image_token="<image>")
    tok.add_tokens(EXTRA_TOKENS)
    tok.bos_token = "<bos>"
    config = PaliGemmaConfig(
        text_config=text_config(tok, head_dim=8, bos_token_id=tok.bos_token_id, **text),
        vision_config={**TOWER, "model_type": "siglip_vision_model", "vision_use_head": False},
        image_token_index=tok.convert_tokens_to_ids("<image>"),
        projection_dim=32,
        hidden_size=32,
        vocab_size=len(tok),
    )
    files = {
        "preprocessor_config.json": {
            **IMAGE_SIZE,
            "image_seq_length": 36,
            "image_processor_type": "SiglipImageProcessor",
            "processor_class": "PaliGemmaProcessor",
        },
    }
    template = (
        "{% for message in messages %}{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}<image>{% endif %}{% endfor %}"
        "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
        "{% endif %}{% endfor %}{% endfor %}"
    )
    return save(folder, config, tok, template, files)


def paligemma(folder: Path) -> Path:
    """PaliGemma: the whole prompt looks at itself both ways, the response only back."""
    return _paligemma(folder, {"model_type": "gemma"})


def paligemma2(folder: Path) -> Path:
    """PaliGemma 2: a window in one layer and a cap on the logits."""
    text = {"model_type": "gemma2", "final_logit_softcapping": 2.0, "query_pre_attn_scalar": 8}
    return _paligemma(folder, {**text, **SLIDING, "attn_logit_softcapping": 50.0})
