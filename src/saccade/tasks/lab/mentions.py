"""Which words of a text speak of which region: any text, also a model's.

Two things are looked for. What any picture of coloured shapes invites: `red circle`, `the stars`,
`a red circle at the top left`, `at the top left`. And a task's own phrases, in which `#` stands for
any number and `@` for any coloured shape (`# wide`, `from # to # across`). Both are plain metadata
of the sample (`things`, `phrases`), so mentions can be found in responses read back from a run.

A claim is told from its place, not from being right: "a red circle at the top" speaks of the thing
at the top if that is a red circle, and of nothing (no region) if it is not. A mention without
regions is a hallucination.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from saccade.samples import Mention, Sample
from saccade.tasks.lab.scene import COLOURS, PLACES, SHAPES, Thing

_COLOUR, _SHAPE = "|".join(COLOURS), "|".join(SHAPES)
_PLACE = "|".join(sorted(PLACES, key=len, reverse=True))
_WILD = {"#": r"\d+", "@": rf"(?:an? )?(?:{_COLOUR}) (?:{_SHAPE})"}
_THING = (
    rf"(?:(?P<colour>{_COLOUR}) )?(?P<shape>{_SHAPE}|thing)(?:e?s)?(?: at the (?P<place>{_PLACE}))?"
    rf"|at the (?P<bare>{_PLACE})"
)


def find_mentions(sample: Sample, text: str) -> tuple[Mention, ...]:
    """The mentions in `text`, left to right; a task's own phrases come before coloured shapes."""
    things, phrases = (sample.metadata.get(key, {}) for key in ("things", "phrases"))
    return tuple(_found(things, phrases, text))


def described(things: Mapping[str, Thing]) -> dict[str, list[str]]:
    """Colour, shape and place of each region's thing, as metadata."""
    return {name: [thing.colour, thing.shape, thing.place] for name, thing in things.items()}


def _found(things: Mapping[str, Any], phrases: Mapping[str, Any], text: str) -> Iterator[Mention]:
    if not things and not phrases:
        return
    ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    for match in _pattern(tuple(ordered), bool(things)).finditer(text):
        own = next((i for i in range(len(ordered)) if match[f"p{i}"] is not None), None)
        if own is not None:
            yield Mention(match.start(), match.end(), tuple(phrases[ordered[own]]))
        elif match["shape"] != "thing" or match["colour"] or match["place"]:
            yield Mention(match.start(), match.end(), _spoken(things, match))


@lru_cache(maxsize=256)
def _pattern(phrases: tuple[str, ...], things: bool) -> re.Pattern[str]:
    """One pattern for all; its groups tell which alternative it was."""
    own = [f"(?P<p{i}>{_words(phrase)})" for i, phrase in enumerate(phrases)]
    return re.compile(rf"\b(?:{'|'.join([*own, _THING] if things else own)})\b", re.IGNORECASE)


def _words(phrase: str) -> str:
    return "".join(_WILD.get(character, re.escape(character)) for character in phrase)


def _spoken(things: Mapping[str, Any], match: re.Match[str]) -> tuple[str, ...]:
    """The regions of the things that fit every word that was said."""
    colour, shape = ((match[group] or "").lower() for group in ("colour", "shape"))
    place = (match["place"] or match["bare"] or "").lower()
    return tuple(
        name
        for name, (its_colour, its_shape, its_place) in things.items()
        if colour in ("", its_colour)
        and shape in ("", "thing", its_shape)
        and place in ("", its_place)
    )


def plural(phrase: str) -> str:
    """`red circles`, `red crosses`."""
    return phrase + ("es" if phrase.endswith("s") else "s")
