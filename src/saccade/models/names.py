"""The models that come with the package, by name. Listing them costs no import of torch."""

from importlib import resources
from pathlib import Path

from saccade.errors import SaccadeError

HOME = Path(str(resources.files("saccade.models")))
RECIPE_LINES: dict[str, str] = {
    "lab/base": "micro Qwen2.5-VL that sees and errs",
    "lab/tuned": "lab/base trained on, supervised",
    "lab/base-internvl": "micro InternVL made as lab/base",
}
"""Every micro model that there is a recipe for (`saccade.trainers.lab`)."""

LAB_MODELS: dict[str, str] = {
    name: line for name, line in RECIPE_LINES.items() if (HOME / name / "config.json").is_file()
}
"""Those that come with this installation."""


def resolve(name: str) -> str:
    """The folder of a shipped lab model; any other name (hub id or folder) comes back as it is."""
    if name in LAB_MODELS:
        return str(HOME / name)
    if name.startswith("lab/") and not Path(name).is_dir():
        raise SaccadeError(
            f"Unknown lab model {name!r}; those of this installation are {', '.join(LAB_MODELS)}."
        )
    return name
