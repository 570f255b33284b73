"""FAMILIES: the models that the tests measure, and how each sees.

Nothing branches on this table. A model is found through the structure that transformers gives all
of them, so that one of another family may do as well: `saccade doctor` tells. Reading the table
loads no torch.
"""

from dataclasses import dataclass

SHAPED = "one grid that follows the image's shape"
SQUARE = "one square grid"
TILES = "square tiles in the image's shape, then the whole image"
ANYRES = "the whole image, then tiles in its shape whose rows end in a token"


@dataclass(frozen=True)
class Family:
    """Models of one architecture."""

    name: str
    """As transformers or its documentation abbreviates it."""
    title: str
    grid: str
    """How an image becomes tokens."""
    shares_prompt: bool = True
    """Whether responses can share a prompt, or are measured in full passes."""
    reads_text_alone: bool = True
    """Whether a prompt may do without an image."""

    @property
    def line(self) -> str:
        """In one line."""
        ways = [] if self.shares_prompt else ["measured in full passes"]
        ways += [] if self.reads_text_alone else ["no prompt without an image"]
        return f"{self.title}: {'; '.join([self.grid, *ways])}"


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("qwen2_vl", "Qwen2-VL", SHAPED),
        Family("qwen2_5_vl", "Qwen2.5-VL", SHAPED),
        Family("qwen3_vl", "Qwen3-VL", SHAPED),
        Family("qwen3_5", "Qwen3.5", SHAPED, shares_prompt=False),
        Family("glm4v", "GLM-4V", SHAPED),
        Family("internvl", "InternVL", TILES),
        Family("aya_vision", "Aya Vision", TILES),
        Family("idefics3", "Idefics3", TILES),
        Family("smolvlm", "SmolVLM", TILES),
        Family("llava", "LLaVA", SQUARE),
        Family("llava_next", "LLaVA-NeXT", ANYRES),
        Family("llava_onevision", "LLaVA-OneVision", ANYRES),
        Family("gemma3", "Gemma 3", SQUARE),
        Family("paligemma", "PaliGemma", SQUARE, reads_text_alone=False),
        Family("paligemma2", "PaliGemma 2", SQUARE, reads_text_alone=False),
    )
}
