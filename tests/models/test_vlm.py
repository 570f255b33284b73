"""Loading a model and finding its parts."""

import copy
import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import dispatch_model
from PIL import Image
from transformers import (
    AutoModelForImageTextToText,
    BertConfig,
    BlipConfig,
    Gemma4Processor,
    Idefics3Processor,
    Qwen3VLProcessor,
)
from transformers.integrations import accelerate
from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

from saccade.errors import SaccadeError
from saccade.models import LAB_MODELS, VLM, encode, load_vlm
from saccade.models.loading import MAPS, SAME_IMAGES, image_only
from saccade.models.onetoken import Ending
from saccade.probes import probe
from saccade.probes.doctor import examine
from saccade.rollouts import rollout
from saccade.samples import Sample
from tiny import FAMILIES
from tiny.crossing import mllama


@pytest.fixture(params=sorted(FAMILIES))
def vlm(request, tiny_vlm):
    """The tiny model of each family."""
    return tiny_vlm(request.param)


def test_the_parts_are_the_models_own(vlm):
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        out = vlm.model(input_ids=ids, output_hidden_states=True)
        embedded = vlm.model.get_input_embeddings()(ids)
        last = vlm.decoder(inputs_embeds=embedded).last_hidden_state
    assert len(vlm.layers) == 2 == len(out.hidden_states) - 1
    torch.testing.assert_close(vlm.logits(last), out.logits)
    torch.testing.assert_close(last, out.hidden_states[-1])
    caught = []
    hook = vlm.norm.register_forward_hook(lambda *call: caught.append(call[2]))
    with torch.no_grad():
        vlm.model(input_ids=ids)
    hook.remove()
    torch.testing.assert_close(caught[0], last)
    assert vlm.context == 1024
    assert not vlm.model.training


def test_logits_are_the_models_own_whatever_it_does_to_them(vlm):
    image = Image.new("RGB", (30, 40), "teal")
    prompt = vlm.render(Sample("s", "How many?", (image,), "2", "t"))
    with torch.no_grad():
        out = vlm.model(**encode(vlm, [prompt], [[image]]), output_hidden_states=True)
    last = out.hidden_states[-1]
    torch.testing.assert_close(vlm.logits(last), out.logits, atol=1e-6, rtol=0)
    some = slice(3, 70)
    torch.testing.assert_close(vlm.logits(last, some), out.logits[..., some], atol=1e-6, rtol=0)


def test_a_cap_in_the_configuration_counts_where_the_model_applies_it(tiny_vlm):
    for family, cap in (("paligemma2", 2.0), ("gemma3", None)):
        vlm = tiny_vlm(family)
        assert vlm.model.config.get_text_config().final_logit_softcapping == 2.0
        assert vlm.ending == Ending(cap=cap)
    assert tiny_vlm("aya_vision").model.config.get_text_config().logit_scale == 0.25
    assert tiny_vlm("aya_vision").ending == Ending()


def test_a_model_that_makes_its_logits_in_another_way_is_refused(tiny_vlm):
    vlm = tiny_vlm("llava")
    model = copy.deepcopy(vlm.model)
    model.lm_head.register_forward_hook(lambda _head, _args, logits: logits * 3)
    with pytest.raises(SaccadeError, match="makes its logits from its last states in a way not"):
        VLM("odd", model, vlm.processor)
    model.config.text_config.logits_scaling = 1 / 3
    assert VLM("scaled", model, vlm.processor).ending == Ending(scale=3)


def test_the_weights_and_the_processor_are_the_folders(vlm, tiny_folder):
    folder = tiny_folder(Path(vlm.name).name)
    plain = AutoModelForImageTextToText.from_pretrained(folder).state_dict()
    for name, value in vlm.model.state_dict().items():
        assert torch.equal(value, plain[name])
    assert vlm.tokenizer.padding_side == "left"
    assert vlm.tokenizer.pad_token_id is not None
    assert vlm.eos_ids == (vlm.tokenizer.eos_token_id,)


TAGS = {f"<row_{row}_col_{col}>" for row in range(1, 7) for col in range(1, 7)}
IDEFICS = {"<fake_token_around_image>", "<image>", "<global-img>"} | TAGS
FRAMES = {
    "aya_vision": {"<image>", "<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>"}
    | {"<|IMG_LINE_BREAK|>"},
    "gemma3": {"<start_of_image>", "<end_of_image>", "<image_soft_token>"},
    "glm4v": {"<|begin_of_image|>", "<|image|>", "<|end_of_image|>"}
    | {"<|begin_of_video|>", "<|video|>", "<|end_of_video|>"},
    "idefics3": IDEFICS,
    "internvl": {"<img>", "</img>", "<IMG_CONTEXT>", "<video>"},
    "llava": {"<image>"},
    "llava_onevision": {"<image>", "<video>"},
    "paligemma": {"<image>"},
    "qwen": {"<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"}
    | {"<|image_pad|>", "<|video_pad|>"},
    "smolvlm": IDEFICS,
}
"""What a family, or all of a name, frames images with."""


def test_every_token_that_frames_an_image_is_forbidden_and_no_other(vlm):
    family = Path(vlm.name).name
    kinds = [kind for kind in FRAMES if family.startswith(kind)]
    expected = FRAMES[max(kinds, key=len)]
    assert set(vlm.tokenizer.convert_ids_to_tokens(vlm.forbidden_ids)) == expected
    assert vlm.image_token_id in vlm.forbidden_ids


def test_a_prompt_has_a_placeholder_per_image_and_then_the_question(vlm):
    image = Image.new("RGB", (20, 20))
    text = vlm.render(Sample("s", "How many\ncircles?", (image, image), "2", "t"))
    head, _, tail = text.partition("How many\ncircles?")
    assert head.count(vlm.processor.image_token) == 2
    turns = {"gemma3": "model\n", "paligemma": ""}
    turn = turns.get(vlm.model.config.model_type, "assistant")
    assert tail.lower().rstrip(":|>\n").endswith(turn.strip())
    assert vlm.processor.image_token not in vlm.render(Sample("s", "Why?", (), "2", "t"))


def test_a_question_with_an_image_token_in_it_is_refused(vlm):
    token = vlm.processor.image_token
    with pytest.raises(SaccadeError, match="Sample 'odd' has .* in its question"):
        vlm.render(Sample("odd", f"What is {token}?", (), "2", "t"))


def test_a_fingerprint_is_the_models_and_not_the_folders(tiny_folder, tiny_vlm, tmp_path):
    seen = {tiny_vlm(family).fingerprint for family in FAMILIES}
    assert len(seen) == len(FAMILIES)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.symlink_to(tiny_folder("llava"))
    again = load_vlm(str(elsewhere), device="cpu", dtype="float32")
    assert again.fingerprint == tiny_vlm("llava").fingerprint
    with torch.no_grad():
        again.norm.weight[0] += 1e-6
    assert again.fingerprint != tiny_vlm("llava").fingerprint


def test_a_fingerprint_knows_the_pixels_and_the_chat_template(tiny_folder, tiny_vlm):
    other = load_vlm(str(tiny_folder("llava")), device="cpu", dtype="float32")
    other.processor.image_processor.size = {"shortest_edge": 48}
    larger = other.fingerprint
    other.processor.chat_template += "!"
    assert len({tiny_vlm("llava").fingerprint, larger, other.fingerprint}) == 3


def test_the_dtype_asked_for_is_the_models(tiny_folder):
    folder = str(tiny_folder("llava"))
    assert load_vlm(folder, device="cpu", dtype="bfloat16").model.dtype == torch.bfloat16
    assert load_vlm(folder, device="cpu").model.dtype == torch.float32
    with pytest.raises(SaccadeError, match="dtype must be one of auto, float32"):
        load_vlm(folder, dtype="int8")


def test_a_model_without_image_tokens_is_refused_by_its_class(tiny_vlm):
    vlm = tiny_vlm("llava")
    model = AutoModelForImageTextToText.from_config(vlm.model.config)
    model.config = BertConfig()
    with pytest.raises(
        SaccadeError,
        match="LlavaForConditionalGeneration keeps no image tokens in its sequence"
        r" \(no image_token_id in its config\)",
    ):
        VLM("odd", model, vlm.processor)


def test_a_model_that_sees_by_cross_attention_is_refused_in_one_sentence(tmp_path, tiny_vlm):
    told = "{} shows images to its decoder by cross-attention, not as tokens of the sequence, so"
    with pytest.raises(SaccadeError, match=told.format("MllamaForConditionalGeneration")):
        load_vlm(str(mllama(tmp_path)), device="cpu", dtype="float32")
    small = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    small["num_attention_heads"] = 1
    config = BlipConfig(text_config={**small, "vocab_size": 9}, vision_config=small)
    blip = AutoModelForImageTextToText.from_config(config)
    with pytest.raises(SaccadeError, match=told.format("BlipForConditionalGeneration")):
        VLM("blip", blip, tiny_vlm("llava").processor)


def test_names_that_are_no_model_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(SaccadeError, match="Unknown lab model 'lab/best'"):
        load_vlm("lab/best")
    with pytest.raises(SaccadeError, match="No model could be read from"):
        load_vlm(str(tmp_path / "nothing"))
    BertConfig().save_pretrained(tmp_path)
    with pytest.raises(SaccadeError, match="is a bert model, .* images and text"):
        load_vlm(str(tmp_path))


def test_a_folder_that_lacks_a_part_is_refused_by_its_name(tiny_folder, tmp_path):
    for missing in ("model.safetensors", "tokenizer.json", "preprocessor_config.json"):
        folder = tmp_path / missing
        shutil.copytree(tiny_folder("llava"), folder)
        (folder / missing).unlink()
        with pytest.raises(SaccadeError, match="No model could be read from"):
            load_vlm(str(folder), device="cpu")


@pytest.fixture
def laid_out(tiny_folder, tmp_path):
    """A tiny model whose word embeddings and last layer lie on the disk until they are at work."""

    def dispatched(family):
        vlm = load_vlm(str(tiny_folder(family)), device="cpu", dtype="float32")
        places = dict(_places(vlm.model, {vlm.model.get_input_embeddings(), vlm.layers[-1]}))
        skipped = vlm.model._skip_keys_device_placement
        model = dispatch_model(vlm.model, places, offload_dir=tmp_path, skip_keys=skipped)
        return VLM("spread", model, vlm.processor)

    return dispatched


def _places(module, away, above=""):
    """A device map that puts some modules of this one on the disk."""
    for name, child in module.named_children():
        if child in away or away.isdisjoint(child.modules()):
            yield above + name, "disk" if child in away else "cpu"
        else:
            yield from _places(child, away, f"{above}{name}.")


@pytest.mark.parametrize("family", ["gemma3", "internvl", "llava", "qwen2_5_vl", "qwen3_5"])
def test_a_model_laid_on_several_devices_gives_the_same_numbers(laid_out, tiny_vlm, family):
    whole = tiny_vlm(family)
    spread = laid_out(family)
    assert spread.spread and not whole.spread
    assert any(parameter.is_meta for parameter in spread.model.parameters())
    assert spread.device == torch.device("cpu")
    assert spread.fingerprint == whole.fingerprint
    images = [Image.effect_noise((40, 28), 90).convert("RGB") for _ in range(2)]
    samples = [Sample(f"{i}", "What?", (image,), "x", "t") for i, image in enumerate(images)]
    said = rollout(whole, samples, n=2, max_new_tokens=5)
    assert list(rollout(spread, samples, n=2, max_new_tokens=5)) == list(said)
    for trace, same in zip(probe(spread, said), probe(whole, said), strict=True):
        assert len(same.signals) == 5
        for name, values in same.signals.items():
            np.testing.assert_array_equal(trace.signals[name], values, err_msg=name)
    assert spread.fingerprint == whole.fingerprint


def test_a_copy_of_a_model_on_several_devices_is_not_tried(laid_out):
    found = {finding.name: finding for finding in examine(laid_out("llava"))}
    for half in ("bfloat16", "float16"):
        assert "must then lie on one device" in found[half].reason
    assert all(finding.passed for finding in found.values())


def test_output_embeddings_must_lie_on_a_device(tiny_folder, monkeypatch):
    small = {"cpu": 40_000}
    monkeypatch.setattr(accelerate, "get_balanced_memory", lambda *_, **__: small)
    with pytest.raises(SaccadeError, match=r"output embeddings of .* must lie on a device"):
        load_vlm(str(tiny_folder("llava")), device="auto")


@pytest.mark.parametrize("words", MAPS)
def test_a_map_of_one_device_is_that_device(tiny_folder, tiny_vlm, words):
    vlm = load_vlm(str(tiny_folder("llava")), device=words, dtype="float32")
    assert vlm.device == torch.device("cpu") and not vlm.spread
    assert vlm.fingerprint == tiny_vlm("llava").fingerprint


@pytest.mark.parametrize(
    ("asked", "local", "cuda", "gets"),
    [
        (None, None, True, "cuda"),
        (None, 1, True, "cuda:1"),
        ("cuda", 1, True, "cuda:1"),
        ("cuda:0", 1, True, "cuda:0"),
        (None, 1, False, "cpu"),
        ("cpu", 1, True, "cpu"),
    ],
)
def test_each_process_has_a_device_of_its_own(monkeypatch, asked, local, cuda, gets):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    if local is not None:
        for name, value in (("RANK", 3), ("WORLD_SIZE", 4), ("LOCAL_RANK", local)):
            monkeypatch.setenv(name, str(value))
    tried = []
    monkeypatch.setattr(torch, "zeros", lambda _n, device: tried.append(device) or torch.ones(1))
    with pytest.raises(SaccadeError, match="No model could be read"):
        load_vlm("./nothing", device=asked)
    assert tried == [gets]


def test_a_model_too_large_for_its_device_is_told_so(tiny_folder, monkeypatch):
    def large(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore advice")

    monkeypatch.setattr(AutoModelForImageTextToText, "from_pretrained", large)
    with pytest.raises(SaccadeError, match="must fit on cpu, but: CUDA out of memory.*'auto'"):
        load_vlm(str(tiny_folder("llava")), device="cpu")


@pytest.mark.parametrize("device", ["gpu0", "cuda:99", "meta"])
def test_a_device_that_cannot_be_used_is_refused_before_anything_is_read(device):
    with pytest.raises(
        SaccadeError, match=rf"device must be .*; '{device}' is not: .*Name another"
    ):
        load_vlm("nothing", device=device)


@pytest.mark.parametrize(
    ("config", "kept", "told"),
    [
        ({}, 0.5, "Error while deserializing|incomplete"),
        ({"intermediate_size": 48}, 1, "6 are missing or of another shape"),
        ({"num_hidden_layers": 3}, 1, r"9 are missing or of another shape, such as .*layers\.2"),
    ],
    ids=["truncated", "other shapes", "more layers"],
)
def test_weights_that_do_not_fit_are_refused_in_one_sentence(
    tiny_folder, tmp_path, config, kept, told
):
    folder = shutil.copytree(tiny_folder("llava"), tmp_path / "odd")
    weights, words = folder / "model.safetensors", json.loads((folder / "config.json").read_text())
    words["text_config"] |= config
    (folder / "config.json").write_text(json.dumps(words))
    weights.write_bytes(weights.read_bytes()[: int(weights.stat().st_size * kept)])
    with pytest.raises(SaccadeError, match=f"weights of .* must be whole and fit.*({told})"):
        load_vlm(str(folder), device="cpu")


def test_a_template_may_be_the_tokenizers_but_there_must_be_one(tiny_vlm):
    vlm = tiny_vlm("llava")
    sample = Sample("s", "Why?", (), "2", "t")
    bare, lent = copy.copy(vlm.processor), copy.copy(vlm.processor)
    bare.chat_template = lent.chat_template = None
    bare.tokenizer = copy.copy(vlm.tokenizer)
    bare.tokenizer.chat_template = None
    lent.tokenizer = copy.copy(vlm.tokenizer)
    lent.tokenizer.chat_template = vlm.processor.chat_template
    assert VLM("lent", vlm.model, lent).render(sample) == vlm.render(sample)
    with pytest.raises(SaccadeError, match="bare has no chat template"):
        VLM("bare", vlm.model, bare).render(sample)


def test_a_processor_that_insists_on_its_slot_for_videos_keeps_it():
    assert "video_processor" not in image_only(Qwen3VLProcessor).get_attributes()
    assert image_only(Gemma4Processor) is Gemma4Processor


def test_loading_says_nothing_of_torchvision(tiny_folder, caplog):
    with caplog.at_level(logging.WARNING, logger="transformers"):
        load_vlm(str(tiny_folder("qwen2_vl")), device="cpu")
    assert "torchvision" not in caplog.text


def test_listing_the_lab_models_loads_no_torch():
    code = "import sys; from saccade.models import LAB_MODELS; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert {"lab/base", "lab/tuned"} <= set(LAB_MODELS)


def test_smolvlm_reads_images_as_its_own_processor_would():
    """Its stock processor needs a package for videos; Idefics3's writes the same image tokens."""
    assert SAME_IMAGES["SmolVLMProcessor"] == "Idefics3Processor"
    marks = ("<fake_token_around_image>", "<image>", "<global-img>")
    for rows, cols in ((0, 0), (2, 3), (1, 1)):
        self = type("Self", (), {})()
        self.fake_image_token, self.image_token, self.global_image_tag = marks
        self.image_seq_len = 9
        theirs = get_image_prompt_string(rows, cols, 9, *marks)
        ours = Idefics3Processor.replace_image_token(self, {"rows": [[rows]], "cols": [[cols]]}, 0)
        assert ours == theirs
