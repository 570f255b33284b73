"""Tiny random vision-language models, one folder per family, as an ordinary hub folder looks.

The weights are drawn large, so that every image, token and position moves the logits visibly: a
test that compares logits to 1e-5 then means something.
"""

from collections.abc import Callable
from pathlib import Path

from tiny.gemma import gemma3, paligemma, paligemma2
from tiny.llava import llava, llava_next, llava_onevision
from tiny.qwen import glm4v, qwen2_5_vl, qwen2_vl, qwen3_5, qwen3_vl
from tiny.tiled import aya_vision, idefics3, internvl, smolvlm

FAMILIES: dict[str, Callable[[Path], Path]] = {
    "aya_vision": aya_vision,
    "gemma3": gemma3,
    "glm4v": glm4v,
    "idefics3": idefics3,
    "internvl": internvl,
    "llava": llava,
    "llava_next": llava_next,
    "llava_onevision": llava_onevision,
    "paligemma": paligemma,
    "paligemma2": paligemma2,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen2_vl": qwen2_vl,
    "qwen3_5": qwen3_5,
    "qwen3_vl": qwen3_vl,
    "smolvlm": smolvlm,
}
"""Name of a family -> a function that writes a tiny model's folder of that name."""
