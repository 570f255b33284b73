"""The models that come with the package, by name. Listing them costs no import of torch."""

from importlib import resources
from pathlib import Path

from saccade.errors import SaccadeError

LAB_MODELS: dict[str, str] = {
    "lab/base": "micro Qwen2.5-VL taught to see, then fine-tuned on narrators that misread",
    "lab/tuned": "lab/base trained on, supervised, on narrators that read right",
    "lab/base-internvl": "micro InternVL made as lab/base",
}


def resolve(name: str) -> str:
    """The folder of a shipped lab model; any other name (hub id or folder) comes back as it is."""
    if name not in LAB_MODELS:
        if name.startswith("lab/") and not Path(name).is_dir():
            raise SaccadeError(
                f"Unknown lab model {name!r}; the shipped ones are {', '.join(LAB_MODELS)}."
            )
        return name
    folder = Path(str(resources.files("saccade.models"))) / name
    if not (folder / "config.json").is_file():
        raise SaccadeError(f"{name} is not part of this installation: {folder} holds no model.")
    return str(folder)
