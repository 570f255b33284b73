"""Loading: a hub id, a folder or a shipped lab name becomes a `VLM`.

The difference from `AutoProcessor` is that no torchvision is needed: the processor's class is found
where transformers finds it, and loaded without its slot for a video processor.
"""

import inspect
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
from transformers.utils.hub import cached_file

from saccade.errors import SaccadeError
from saccade.models.names import LAB_MODELS, resolve
from saccade.models.vlm import VLM
from saccade.team import Team

DTYPES: dict[str, torch.dtype | str] = {
    "auto": "auto",
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}

MAPS = ("auto", "balanced", "balanced_low_0", "sequential")
"""Words in the place of a device for ways to spread a model's layers over all there are."""

SAME_IMAGES = {"SmolVLMProcessor": "Idefics3Processor"}
"""Processors that want a package for their videos, and a class that reads images the same way."""


def load_vlm(
    name: str,
    *,
    device: str | torch.device | None = None,
    dtype: str = "auto",
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> VLM:
    """Load a vision-language model in evaluation mode, with its processor.

    `name` is a hub id, a folder or one of `LAB_MODELS`. The device defaults to cuda where there is
    one; of several processes on a machine each has its own. One of `MAPS` instead of a device lays
    a model that is too large for one device on several. `trust_remote_code` runs code from the
    checkpoint's repository: off unless asked for.
    """
    if dtype not in DTYPES:
        raise SaccadeError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}.")
    place = device if device in MAPS else _usable(_own(device))
    folder = resolve(name)
    source: dict[str, Any] = {
        "revision": revision or "main",
        "trust_remote_code": trust_remote_code,
    }
    try:
        config = _config(name, folder, source)
        with _quiet_torchvision():
            processor = _load_processor(folder, config, source)
        source |= {"config": config, "dtype": DTYPES[dtype], "device_map": place}
        model = _load_model(name, folder, source)
    except SaccadeError:
        raise
    except (ImportError, OSError, ValueError) as error:
        raise SaccadeError(
            f"No model could be read from {name!r}: it must be a hub id, a complete model folder or"
            f" one of {', '.join(LAB_MODELS)}. {_first_line(error)}."
        ) from error
    return VLM(name, model.eval(), _prepare(processor))


def _own(device: str | torch.device | None) -> str | torch.device:
    """The device asked for; where cuda is meant and there are several processes, this one's own."""
    if device is None and not torch.cuda.is_available():
        return "cpu"
    team = Team.here()
    if device in (None, "cuda"):
        return "cuda" if team.alone else f"cuda:{team.local_rank}"
    return device


def _usable(name: str | torch.device) -> torch.device:
    """The device of this name, tried with one number before anything large is loaded."""
    try:
        torch.zeros(1, device=name).tolist()
        return torch.device(name)
    except (AssertionError, RuntimeError) as error:
        raise SaccadeError(
            f"device must be one that torch can use here, such as cpu; {str(name)!r} is not:"
            f" {_first_line(error)}. Name another, or install the torch that goes with it."
        ) from error


def _config(name: str, folder: str, source: dict[str, Any]) -> Any:
    """The checkpoint's configuration, or an error that says why it is not one of ours."""
    config = AutoConfig.from_pretrained(folder, **source)
    known = type(config) in AutoModelForImageTextToText._model_mapping
    if not known and "AutoModelForImageTextToText" not in getattr(config, "auto_map", {}):
        raise SaccadeError(
            f"{name!r} is a {config.model_type} model, which transformers does not list as reading"
            " images and text (AutoModelForImageTextToText)."
        )
    return config


def _load_model(name: str, folder: str, source: dict[str, Any]) -> Any:
    """The weights, every one of them read: one left at random would be measured all the same."""
    try:
        model, told = AutoModelForImageTextToText.from_pretrained(
            folder,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are told, and refused below
            **source,
        )
    except torch.OutOfMemoryError as error:
        raise SaccadeError(
            f"{name!r} must fit on {source['device_map']}, but: {_first_line(error)}. Choose a"
            " larger device, 'auto' to lay it on several, or a shorter dtype."
        ) from error
    except (RuntimeError, SafetensorError) as error:
        raise _unfit_weights(name, f"reading them ended with: {_first_line(error)}") from error
    shapes = (mismatch[0] for mismatch in told["mismatched_keys"])
    if wrong := sorted({*told["missing_keys"], *shapes}):
        reason = f"{len(wrong)} are missing or of another shape, such as {wrong[0]}"
        raise _unfit_weights(name, reason)
    return model


def _unfit_weights(name: str, reason: str) -> SaccadeError:
    """The error for weights that are damaged or another model's."""
    return SaccadeError(
        f"The weights of {name!r} must be whole and fit its config.json, but {reason}."
        " Fetch or copy the folder again."
    )


def _first_line(error: BaseException) -> str:
    """What went wrong, without the advice that libraries append to it."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")


def _load_processor(folder: str, config: Any, source: dict[str, Any]) -> Any:
    """The processor of a checkpoint, for images and text only."""
    name = _processor_name(folder, config, source["revision"])
    stock = getattr(transformers, SAME_IMAGES.get(name, name), None)
    if stock is None:  # a class from the checkpoint's own repository
        auto: Any = AutoProcessor
        return auto.from_pretrained(folder, **source)
    return image_only(stock).from_pretrained(folder, **source)


def _processor_name(folder: str, config: Any, revision: str) -> str:
    """The processor class a checkpoint names in its files, else the one of its configuration."""
    for file in ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json"):
        path = cached_file(
            folder, file, revision=revision, _raise_exceptions_for_missing_entries=False
        )
        if path is not None:
            with open(path, encoding="utf-8") as stream:
                named = json.load(stream).get("processor_class")
            if named:
                return str(named)
    mapping: Any = PROCESSOR_MAPPING
    return str(mapping[type(config)].__name__) if type(config) in mapping else ""


def image_only(stock: Any) -> Any:
    """A processor class without its slot for videos, which cannot be filled without torchvision.

    One that insists on the slot (Gemma 4's) comes back as it is, and then does need torchvision.
    The name stays the stock one, which transformers and TRL look at. Do not save such a processor:
    copy the original files, which also serve those who do have torchvision.
    """
    slot = inspect.signature(stock.__init__).parameters.get("video_processor")
    if slot is not None and slot.default is slot.empty:
        return stock

    def get_attributes(cls: Any) -> list[str]:
        return [slot for slot in stock.get_attributes() if slot != "video_processor"]

    members = {"get_attributes": classmethod(get_attributes), "__doc__": stock.__doc__}
    return type(stock.__name__, (stock,), members)


def _prepare(processor: Any) -> Any:
    """Pad on the left, with some token: what generation from ragged prompts needs."""
    tokenizer = getattr(processor, "tokenizer", None)
    if tokenizer is None:
        raise SaccadeError(f"{type(processor).__name__} holds no tokenizer, so it reads no text.")
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return processor


@contextmanager
def _quiet_torchvision() -> Iterator[None]:
    """Drop the notice that PIL reads the images instead of torchvision: here that is the plan."""

    def other(record: logging.LogRecord) -> bool:
        return "torchvision" not in record.getMessage()

    loggers = [logging.getLogger(name) for name in ("transformers.utils.import_utils",)]
    for logger in loggers:
        logger.addFilter(other)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(other)
