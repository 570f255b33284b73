"""An ablation as it is asked for: `blacken`, or with settings `blacken(p=0.6, per=prompt)`.

The same words serve in Python, on the command line and in a run's manifest. Loads no torch.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from saccade.errors import SaccadeError
from saccade.probes.ablation_table import ABLATIONS, Ablation, Setting, Told

WORDS = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\)\s*)?")


@dataclass(frozen=True)
class Chosen:
    """An ablation with a value for each of its settings."""

    ablation: Ablation
    values: Mapping[str, Told]

    @classmethod
    def read(cls, words: str) -> "Chosen":
        """The ablation that these words ask for; what they leave out has its default."""
        found = WORDS.fullmatch(words)
        if found is None:
            raise SaccadeError(
                "an ablation must be written like blacken or blacken(p=0.6, per=prompt),"
                f" got {words!r}."
            )
        name, inside = found.groups(default="")
        if name not in ABLATIONS:
            raise SaccadeError(
                f"no ablation is called {name!r}; there are: {', '.join(ABLATIONS)}."
            )
        ablation = ABLATIONS[name]
        values = {setting.name: setting.default for setting in ablation.settings}
        return cls(ablation, values | _told(ablation, inside))

    def __str__(self) -> str:
        """The shortest words that ask for it."""
        told = [
            setting.written(self.values[setting.name])
            for setting in self.ablation.settings
            if self.values[setting.name] != setting.default
        ]
        return f"{self.ablation.name}({', '.join(told)})" if told else self.ablation.name

    @property
    def own(self) -> dict[str, Told]:
        """The settings that its function takes."""
        return {setting.name: self.values[setting.name] for setting in self.ablation.own}


def _told(ablation: Ablation, inside: str) -> dict[str, Told]:
    """The settings between the brackets."""
    known = {setting.name: setting for setting in ablation.settings}
    told: dict[str, Told] = {}
    for part in filter(str.strip, inside.split(",")):
        name, _, text = (piece.strip() for piece in part.partition("="))
        if name not in known:
            has = f"its settings are: {', '.join(known)}" if known else "it has no settings"
            raise SaccadeError(f"{ablation.name} has no setting {name!r}; {has}.")
        if name in told:
            raise SaccadeError(f"{ablation.name} must be told {name} once, but is told it twice.")
        told[name] = _value(ablation, known[name], text)
    return told


def _value(ablation: Ablation, setting: Setting, text: str) -> Told:
    """What the text says, if the setting may be that."""
    kind = type(setting.default)
    if setting.words:
        value: Told | None = text if text in setting.words else None
        must = f"one of: {', '.join(setting.words)}"
    else:
        value = _number(kind, text, setting.most)
        whole = "a whole number" if kind is int else "a number"
        must = f"{whole} from 0" + (f" to {setting.most:g}" if isfinite(setting.most) else "")
    if value is None:
        raise SaccadeError(f"{setting.name} of {ablation.name} must be {must}, got {text!r}.")
    return value


def _number(kind: type, text: str, most: float) -> int | float | None:
    """The number that is written there, if it is one and within its bounds."""
    try:
        value: int | float = kind(text)
    except ValueError:
        return None
    return value if isfinite(value) and 0 <= value <= most else None
