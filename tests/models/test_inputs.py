"""Encoding and teacher forcing: one row says the same alone, in company, reordered and padded."""

import io

import pytest
import torch
from PIL import Image

from saccade.errors import SaccadeError
from saccade.models import encode, with_responses
from saccade.samples import Sample
from tiny import FAMILIES


def noise(width, height, seed):
    """An image no two areas of which look alike."""
    pixels = torch.randint(
        0, 256, (height, width, 3), generator=torch.Generator().manual_seed(seed)
    )
    return Image.fromarray(pixels.to(torch.uint8).numpy())


SAMPLES = (
    Sample("one", "What is it?", (noise(40, 30, 0),), "a", "t"),
    Sample("two", "Which of the two is larger?", (noise(33, 61, 1), noise(64, 20, 2)), "b", "t"),
    Sample("none", "And without an image?", (), "c", "t"),
    Sample("wide", "?", (noise(90, 31, 3),), "d", "t"),
)
RESPONSES = ([5, 6, 7, 8, 9, 10], [11], [12, 13, 14], [15, 16, 17, 18])


@pytest.fixture(params=sorted(FAMILIES))
def vlm(request, tiny_vlm):
    """The tiny model of each family."""
    return tiny_vlm(request.param)


def forward(vlm, rows, responses=RESPONSES, *, pad=0):
    """Per chosen sample, the logits at its response positions and one before."""
    samples = [SAMPLES[row] for row in rows]
    inputs = encode(vlm, [vlm.render(s) for s in samples], [s.images for s in samples])
    said = [responses[row] for row in rows]
    if pad:
        said.append([20] * pad)
        inputs = encode(
            vlm,
            [vlm.render(s) for s in [*samples, SAMPLES[0]]],
            [s.images for s in [*samples, SAMPLES[0]]],
        )
    teacher = with_responses(vlm, inputs, said)
    with torch.no_grad():
        logits = vlm.model(**teacher.inputs).logits
    return [
        row[start - 1 : start + length]
        for row, start, length in zip(logits, teacher.starts, teacher.lengths, strict=True)
    ]


def test_a_row_is_the_same_alone_and_in_any_company(vlm):
    together = forward(vlm, [0, 1, 2, 3])
    reordered = forward(vlm, [3, 1, 0, 2])
    padded = forward(vlm, [0, 1, 2, 3], pad=150)
    for row in range(4):
        (alone,) = forward(vlm, [row])
        assert alone.shape[0] == len(RESPONSES[row]) + 1
        for other in (together[row], reordered[[3, 1, 0, 2].index(row)], padded[row]):
            torch.testing.assert_close(other, alone, atol=1e-5, rtol=0)


def test_a_row_alone_is_what_plain_transformers_computes(vlm):
    for sample in SAMPLES:
        inputs = encode(vlm, [vlm.render(sample)], [sample.images])
        with torch.no_grad():
            out = vlm.model.generate(
                **inputs,
                max_new_tokens=4,
                do_sample=False,
                output_logits=True,
                return_dict_in_generate=True,
                suppress_tokens=list(vlm.forbidden_ids),
            )
        said = out.sequences[0, inputs["input_ids"].shape[1] :].tolist()
        teacher = with_responses(vlm, inputs, [said])
        with torch.no_grad():
            logits = vlm.model(**teacher.inputs).logits[0, teacher.starts[0] - 1 : -1]
        torch.testing.assert_close(logits, torch.cat(out.logits), atol=1e-5, rtol=0)


def test_prompt_and_response_ids_are_kept_as_they_are(vlm):
    prompts = [vlm.render(sample) for sample in SAMPLES]
    inputs = encode(vlm, prompts, [sample.images for sample in SAMPLES])
    teacher = with_responses(vlm, inputs, RESPONSES)
    for row, response in enumerate(RESPONSES):
        start, length = teacher.starts[row], teacher.lengths[row]
        ids = teacher.inputs["input_ids"][row].tolist()
        left = int(inputs["attention_mask"][row].sum())
        assert ids[:start] == inputs["input_ids"][row, -left:].tolist()
        assert ids[start : start + length] == list(response)
        assert teacher.inputs["attention_mask"][row].tolist() == [
            int(i < start + length) for i in range(len(ids))
        ]
        assert teacher.image_mask[row].tolist() == [i == vlm.image_token_id for i in ids]


def test_an_empty_response_is_a_prompt_alone(vlm):
    inputs = encode(vlm, [vlm.render(SAMPLES[0])], [SAMPLES[0].images])
    teacher = with_responses(vlm, inputs, [[]])
    assert teacher.lengths == (0,)
    assert teacher.inputs["input_ids"].tolist() == inputs["input_ids"].tolist()


def test_an_image_token_inside_a_response_is_refused(vlm):
    inputs = encode(vlm, [vlm.render(SAMPLES[0])], [SAMPLES[0].images])
    told = rf"Row 0 .* response token 1 \(id {vlm.image_token_id}\) stands for an image"
    with pytest.raises(SaccadeError, match=told):
        with_responses(vlm, inputs, [[5, vlm.image_token_id]])


def test_a_response_of_another_vocabulary_is_refused(vlm):
    inputs = encode(vlm, [vlm.render(SAMPLES[2])], [()])
    with pytest.raises(SaccadeError, match=r"token 1 \(id 99999\) is not in the model's vocab"):
        with_responses(vlm, inputs, [[5, 99999]])


def test_a_response_past_the_context_is_refused(vlm):
    inputs = encode(vlm, [vlm.render(SAMPLES[2])], [()])
    room = vlm.context - inputs["input_ids"].shape[1]
    assert with_responses(vlm, inputs, [[5] * room]).lengths == (room,)
    with pytest.raises(SaccadeError, match=f"more than the model's context of {vlm.context}"):
        with_responses(vlm, inputs, [[5] * (room + 1)])


@pytest.mark.parametrize("first", [False, True], ids=["text first", "image first"])
def test_a_hidden_image_cannot_be_told_from_another(vlm, first):
    """The same sequence and positions, attention to image tokens off: blind to every pixel."""
    prompt = vlm.render(SAMPLES[1])
    if first:  # the image's own tokens then see nothing at all
        prompt = prompt[prompt.index(vlm.processor.image_token) :]
    logits = []
    for seed in (0, 1):
        images = (noise(33, 61, 10 + seed), noise(64, 20, 20 + seed))
        teacher = with_responses(vlm, encode(vlm, [prompt], [images]), [RESPONSES[0]])
        mask = teacher.inputs["attention_mask"].masked_fill(teacher.image_mask, 0)
        with torch.no_grad():
            seen = vlm.model(**teacher.inputs).logits
            blind = vlm.model(**{**teacher.inputs, "attention_mask": mask}).logits
        logits.append((seen[~teacher.image_mask], blind[~teacher.image_mask]))
    (seen_a, blind_a), (seen_b, blind_b) = logits
    assert torch.isfinite(blind_a).all()
    assert torch.equal(blind_a, blind_b)
    assert not torch.equal(seen_a, seen_b)


def test_counts_that_do_not_match_are_refused(vlm):
    with pytest.raises(SaccadeError, match="1 prompts came with 2 lists of images"):
        encode(vlm, ["?"], [(), ()])
    inputs = encode(vlm, [vlm.render(SAMPLES[2])], [()])
    with pytest.raises(SaccadeError, match="1 prompts came with 2 responses"):
        with_responses(vlm, inputs, [[5], [6]])


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK"])
def test_images_of_every_mode_are_read(vlm, mode):
    image = noise(40, 30, 0).convert(mode)
    inputs = encode(vlm, [vlm.render(SAMPLES[0])], [[image]])
    assert torch.isfinite(inputs["pixel_values"]).all()


def test_a_broken_image_is_refused_in_one_sentence(vlm):
    whole = io.BytesIO()
    noise(64, 64, 0).save(whole, "PNG")
    broken = Image.open(io.BytesIO(whole.getvalue()[:3000]))
    with pytest.raises(SaccadeError, match="cannot read these images and prompts"):
        encode(vlm, [vlm.render(SAMPLES[0])], [[broken]])


def test_a_prompt_that_opens_with_the_bos_token_gets_no_second_one(tiny_vlm):
    vlm = tiny_vlm("llava")
    for prompt in ("<s>hi", "hi"):
        ids = encode(vlm, [prompt], [()])["input_ids"][0].tolist()
        assert ids.count(vlm.tokenizer.bos_token_id) == 1
