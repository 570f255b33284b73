"""The lab's tokenizer: Qwen's byte-level BPE and special tokens, learnt on the lab's own texts."""

from collections.abc import Iterable

from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import Qwen2Tokenizer

VOCABULARY = 640
"""256 bytes and the merges that make whole words of the lab's texts."""

QWEN_TOKENS = (
    *("<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
    *("<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>"),
    *("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
)
INTERNVL_TOKENS = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}

_TURNS = (
    "{%% for message in messages %%}<|im_start|>{{ message['role'] }}\n"
    "{%% if message['content'] is string %%}{{ message['content'] }}{%% else %%}"
    "{%% for part in message['content'] %%}"
    "{%% if part['type'] == 'image' %%}%s{%% else %%}{{ part['text'] }}{%% endif %%}"
    "{%% endfor %%}{%% endif %%}<|im_end|>\n{%% endfor %%}"
    "{%% if add_generation_prompt %%}<|im_start|>assistant\n{%% endif %%}"
)
CHAT_TEMPLATES = {
    "qwen2_5_vl": _TURNS % "<|vision_start|><|image_pad|><|vision_end|>",
    "internvl": _TURNS % "<IMG_CONTEXT>\n",
}
"""Qwen's turns without a system prompt, each image where its part of the message stands."""


def learn_tokenizer(texts: Iterable[str], *, architecture: str) -> Qwen2Tokenizer:
    """A `Qwen2Tokenizer` whose merges come from `texts`."""
    learner: Tokenizer = Qwen2Tokenizer().backend_tokenizer
    trainer = BpeTrainer(
        vocab_size=VOCABULARY, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    learner.train_from_iterator(texts, trainer)
    learnt = learner.to_str()
    vocabulary, merges = _parts(learnt)
    named = INTERNVL_TOKENS if architecture == "internvl" else {}
    return Qwen2Tokenizer(
        vocab=vocabulary | {"<|endoftext|>": len(vocabulary)},
        merges=merges,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=list(QWEN_TOKENS),
        model_specific_special_tokens=named,
        chat_template=CHAT_TEMPLATES[architecture],
        padding_side="left",
    )


def _parts(serialised: str) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """The vocabulary and the merges of a serialised BPE tokenizer."""
    import json

    model = json.loads(serialised)["model"]
    special = {"<|endoftext|>"}
    words = [w for w, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
    vocabulary = {word: i for i, word in enumerate(w for w in words if w not in special)}
    return vocabulary, [tuple(pair) for pair in model["merges"]]
