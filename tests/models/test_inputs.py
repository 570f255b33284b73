"""Encoding and teacher forcing: one row says the same alone, in company, reordered and padded."""

import io
from pathlib import Path

import pytest
import torch
from PIL import Image

from saccade.errors import SaccadeError
from saccade.models import encode, families, with_responses
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


def readable(vlm):
    """Which of the samples the family can read."""
    blind = not families.FAMILIES[Path(vlm.name).name].reads_text_alone
    return [row for row, sample in enumerate(SAMPLES) if sample.images or not blind]


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
    rows = readable(vlm)
    together = forward(vlm, rows)
    reordered = forward(vlm, rows[::-1])[::-1]
    padded = forward(vlm, rows, pad=150)
    for place, row in enumerate(rows):
        (alone,) = forward(vlm, [row])
        assert alone.shape[0] == len(RESPONSES[row]) + 1
        for others in (together, reordered, padded):
            torch.testing.assert_close(others[place], alone, atol=1e-5, rtol=0)


def test_a_row_alone_is_what_plain_transformers_computes(vlm):
    for sample in (SAMPLES[row] for row in readable(vlm)):
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


def decoder_positions(vlm, inputs):
    """The positions that reach the decoder."""
    caught = []

    def catch(_decoder, _args, kwargs):
        caught.append(kwargs["position_ids"])

    handle = vlm.decoder.register_forward_pre_hook(catch, with_kwargs=True)
    with torch.no_grad():
        logits = vlm.model(**inputs).logits
    handle.remove()
    return caught[0], logits


def test_positions_are_those_the_model_gives_itself(vlm):
    for sample in (SAMPLES[row] for row in readable(vlm)):
        inputs = encode(vlm, [vlm.render(sample)], [sample.images])
        own, logits = decoder_positions(vlm, inputs)
        given, same = decoder_positions(vlm, with_responses(vlm, inputs, [[]]).inputs)
        start = torch.arange(given.shape[-1]) if own is None else own
        assert torch.equal(given, start.expand_as(given))
        torch.testing.assert_close(same, logits, atol=1e-5, rtol=0)


def test_what_comes_later_changes_nothing_before(vlm):
    """A response is read word by word, also where the prompt looks at itself both ways."""
    (short,) = forward(vlm, [0], [[5, 6, 7]])
    (long,) = forward(vlm, [0], [[5, 6, 7, 8, 9]])
    torch.testing.assert_close(long[:4], short, atol=1e-5, rtol=0)


def test_prompts_without_images_are_refused_by_those_who_cannot_read_them(tiny_vlm):
    vlm = tiny_vlm("paligemma")
    for rows in ([2], [0, 2]):
        samples = [SAMPLES[row] for row in rows]
        with pytest.raises(SaccadeError, match="cannot read these .* `images` are expected"):
            encode(vlm, [vlm.render(s) for s in samples], [s.images for s in samples])


def test_prompt_and_response_ids_are_kept_as_they_are(vlm):
    rows = readable(vlm)
    prompts = [vlm.render(SAMPLES[row]) for row in rows]
    inputs = encode(vlm, prompts, [SAMPLES[row].images for row in rows])
    responses = [RESPONSES[row] for row in rows]
    teacher = with_responses(vlm, inputs, responses)
    for row, response in enumerate(responses):
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
    inputs = encode(vlm, [vlm.render(SAMPLES[0])], [SAMPLES[0].images])
    with pytest.raises(SaccadeError, match=r"token 1 \(id 99999\) is not in the model's vocab"):
        with_responses(vlm, inputs, [[5, 99999]])


def test_a_response_past_the_context_is_refused(vlm):
    inputs = encode(vlm, [vlm.render(SAMPLES[0])], [SAMPLES[0].images])
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
    inputs = encode(vlm, [vlm.render(SAMPLES[0])], [SAMPLES[0].images])
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
