"""VLM: a Hugging Face model and its processor, untouched, and where to find their parts.

The parts are found through the structure that transformers gives every model; what cannot be found
is refused with the class and the missing thing, because a probe that guessed would measure wrongly.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from saccade.errors import SaccadeError
from saccade.models.onetoken import Ending, OneToken, ending, run
from saccade.samples import Sample

VISION_WORDS = re.compile(r"image|img|video|vision|audio|row_\d+_col_\d+", re.IGNORECASE)
"""What special tokens that stand for, or frame, something other than text have in their name."""

CROSS_ATTENTION = re.compile(r"cross_?att|encoder_attn")
"""How transformers names the parts of a decoder that look at something beside the sequence."""

LAYERS = ("layers", "h", "blocks")
NORMS = ("norm", "final_layernorm", "ln_f")
VOLATILE = ("_name_or_path", "transformers_version")


@dataclass(frozen=True, eq=False)
class VLM:
    """A vision-language model, its processor, and the geometry that the probes need."""

    name: str
    model: Any
    processor: Any

    def __post_init__(self) -> None:
        """Refuse here, not in the middle of a run, a model whose parts cannot be found."""
        names = (name for name, _ in self.model.get_decoder().named_modules())
        if any(CROSS_ATTENTION.search(name) for name in names):
            raise self._lacks(
                "shows images to its decoder by cross-attention, not as tokens of the sequence"
            )
        for part in ("image_token_id", "decoder", "layers", "norm", "head", "context", "ending"):
            getattr(self, part)

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer; it pads on the left."""
        return self.processor.tokenizer

    @property
    def device(self) -> torch.device:
        """Where the model's inputs go; of one that lies on several devices, to its embeddings."""
        words = self.model.get_input_embeddings()
        hook = getattr(words, "_hf_hook", None)
        place = words.weight.device if hook is None else hook.execution_device
        return torch.device(place)

    @property
    def spread(self) -> bool:
        """Whether its layers lie on several devices, or on none while they are not at work."""
        return hasattr(self.model, "_hf_hook")

    @property
    def image_token_id(self) -> int:
        """The id that holds the place of each image feature in the sequence."""
        config = self.model.config
        for key in ("image_token_id", "image_token_index"):
            if isinstance(found := getattr(config, key, None), int):
                return found
        raise self._lacks("keeps no image tokens in its sequence (no image_token_id in its config)")

    @cached_property
    def forbidden_ids(self) -> tuple[int, ...]:
        """Ids that must never be sampled: a response with one asks for an image of its own."""
        added = self.tokenizer.added_tokens_decoder
        ids = {id_ for id_, token in added.items() if VISION_WORDS.search(token.content)}
        for holder in (self.model.config, self.processor):
            for key in ("image_token_id", "image_token_index", "video_token_id", "audio_token_id"):
                ids.add(getattr(holder, key, None))
        return tuple(sorted(id_ for id_ in ids if isinstance(id_, int)))

    @cached_property
    def vocabulary(self) -> int:
        """One past the last id that the tokenizer has text for; embeddings may be padded."""
        return int(max(self.tokenizer.get_vocab().values())) + 1

    @cached_property
    def eos_ids(self) -> tuple[int, ...]:
        """Ids that end a response: the generation config's, else the tokenizer's."""
        found = self.model.generation_config.eos_token_id
        if found is None:
            found = self.tokenizer.eos_token_id
        return tuple(found) if isinstance(found, list | tuple) else (int(found),)

    @property
    def decoder(self) -> nn.Module:
        """The text model: it takes embeddings and gives the last hidden state."""
        decoder: nn.Module = self.model.get_decoder()
        if _first(decoder, LAYERS) is None:
            raise self._lacks("shows no text decoder with a list of layers (get_decoder)")
        return decoder

    @property
    def layers(self) -> nn.ModuleList:
        """The decoder's layers, in order."""
        layers: nn.ModuleList = _first(self.decoder, LAYERS)
        return layers

    @property
    def norm(self) -> nn.Module:
        """The norm after the last layer."""
        norm: nn.Module | None = _first(self.decoder, NORMS)
        if norm is None:
            raise self._lacks(f"shows no final norm in its decoder ({', '.join(NORMS)})")
        return norm

    @property
    def head(self) -> nn.Module:
        """The output embeddings: the last hidden state in, logits out."""
        head: nn.Module | None = self.model.get_output_embeddings()
        if head is None:
            raise self._lacks("shows no output embeddings (get_output_embeddings)")
        if any(parameter.is_meta for parameter in head.parameters()):
            raise SaccadeError(
                f"The output embeddings of {self.name} must lie on a device, but there was room for"
                " them only off the devices. Use more or larger ones, or a shorter dtype."
            )
        return head

    def logits(self, states: Tensor, words: slice = slice(None)) -> Tensor:
        """The model's own logits from final states, for some words or all."""
        return self.ending(self._headed(states, words))

    @cached_property
    @torch.no_grad()
    def ending(self) -> Ending:
        """What the model does to its logits after the head."""
        text = self.model.config.get_text_config()
        asked = self._one_token
        found = ending(text, self._headed(asked.state), asked.logits)
        if found is None:
            raise self._lacks("makes its logits from its last states in a way not known here")
        return found

    @property
    def first_position(self) -> int:
        """Where the model starts to count: 0, but 1 in PaliGemma."""
        return self._one_token.position

    @cached_property
    def _one_token(self) -> OneToken:
        return run(self.model, self.decoder, torch.tensor([[self.eos_ids[0]]], device=self.device))

    def _headed(self, states: Tensor, words: slice = slice(None)) -> Tensor:
        """The head applied to final states, where the head lies."""
        head: Any = self.head
        bias = None if head.bias is None else head.bias[words]
        return nn.functional.linear(states.to(head.weight.device), head.weight[words], bias)

    @property
    def context(self) -> int:
        """How many tokens a prompt and its response may have together."""
        text = self.model.config.get_text_config()
        if not isinstance(found := getattr(text, "max_position_embeddings", None), int):
            raise self._lacks("states no context length (max_position_embeddings)")
        return found

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits of what decides the numbers: two models that share it are one to a run.

        The configuration, a few values of every parameter, the chat template and how images are
        prepared. It is cheap, so it is computed anew each time: a model in training changes its
        fingerprint with every step.
        """
        images = self.processor.image_processor.to_dict()
        template = getattr(self.processor, "chat_template", None) or self.tokenizer.chat_template
        settings = _plain([self.model.config.to_dict(), images, template])
        digest = hashlib.sha256(json.dumps(settings).encode())
        names, values = [], []
        parameters, tied = dict(self.model.named_parameters()), self.model.all_tied_weights_keys
        for name, parameter in parameters.items():
            if tied.get(name) in parameters:  # laid on several devices, it is listed apart
                continue
            names.append(f"{name} {tuple(parameter.shape)}")
            values.append(_some(self._read(name, parameter)).cpu())
        digest.update("\n".join(names).encode())
        digest.update(torch.cat(values).numpy().tobytes())
        return digest.hexdigest()[:12]

    def _read(self, name: str, parameter: Tensor) -> Tensor:
        """A parameter's values, fetched if they lie on no device."""
        if not parameter.is_meta:
            return parameter.detach()
        from accelerate.utils import align_module_device

        owner = self.model.get_submodule(name.rpartition(".")[0])
        with align_module_device(owner, "cpu"):
            values: Tensor = self.model.get_parameter(name).detach()
            return values

    def render(self, sample: Sample) -> str:
        """The prompt: one placeholder per image, then the question, then the model's turn."""
        for id_ in self.forbidden_ids:
            token = self.tokenizer.convert_ids_to_tokens(id_)
            if token and token in sample.question:
                raise SaccadeError(
                    f"Sample {sample.id!r} has {token!r} in its question, which {self.name} would"
                    " read as part of an image. Take it out of the question."
                )
        content: list[dict[str, str]] = [{"type": "image"} for _ in sample.images]
        content.append({"type": "text", "text": sample.question})
        rendered = self.processor.apply_chat_template(
            [{"role": "user", "content": content}],
            chat_template=self._template(),
            add_generation_prompt=True,
            tokenize=False,
        )
        return str(rendered)

    def _template(self) -> str | None:
        """The tokenizer's chat template where the processor has none of its own (None: it has)."""
        own = getattr(self.processor, "chat_template", None)
        lent: str | None = None if own else self.tokenizer.chat_template
        if not own and not lent:
            raise SaccadeError(
                f"{self.name} has no chat template, so its prompts cannot be written; a base model"
                " needs one in its folder (chat_template.jinja)."
            )
        return lent

    def _lacks(self, what: str) -> SaccadeError:
        """The error for a model whose structure is not one that can be measured."""
        return SaccadeError(f"{type(self.model).__name__} {what}, so saccade cannot measure it.")


def _first(module: nn.Module, names: tuple[str, ...]) -> Any:
    """The first of these attributes that the module has."""
    return next((getattr(module, name) for name in names if hasattr(module, name)), None)


def _some(parameter: Tensor, count: int = 16) -> Tensor:
    """About this many values of a parameter, evenly spread, exactly as they are."""
    flat = parameter.reshape(-1)
    return flat[:: max(1, flat.numel() // count)].float()


def _plain(value: Any) -> Any:
    """A configuration without what depends on the place or the library that loaded it."""
    if isinstance(value, dict):
        kept: Iterator[tuple[Any, Any]] = ((k, v) for k, v in value.items() if k not in VOLATILE)
        return {str(key): _plain(item) for key, item in sorted(kept, key=lambda kv: str(kv[0]))}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, int | float | str | None) else str(value)
