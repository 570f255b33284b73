"""The lab's tokenizer: any text goes through it unharmed."""

import pytest

from saccade.trainers.lab.architecture import ARCHITECTURES
from saccade.trainers.lab.demonstrations import Demonstrations
from saccade.trainers.lab.tokenizer import learn_tokenizer

TEXTS = Demonstrations(200, seed=0).texts(200)


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
class TestTokenizer:
    def test_any_text_comes_back(self, architecture):
        tokenizer = learn_tokenizer(TEXTS, architecture=architecture)
        for text in (*TEXTS[:20], "naïve 漢字 \t\n  x²=−½ <b>&amp;</b>"):
            assert tokenizer.decode(tokenizer(text).input_ids) == text

    def test_words_are_whole_and_digits_single(self, architecture):
        tokenizer = learn_tokenizer(TEXTS, architecture=architecture)
        pieces = [tokenizer.decode([i]) for i in tokenizer(" a red circle 12").input_ids]
        assert pieces == [" a", " red", " circle", " ", "1", "2"]

    def test_special_tokens_are_single_and_end_a_turn(self, architecture):
        tokenizer = learn_tokenizer(TEXTS, architecture=architecture)
        assert tokenizer.eos_token == "<|im_end|>"
        assert len(tokenizer("<|im_start|><|vision_start|><|image_pad|>").input_ids) == 3
