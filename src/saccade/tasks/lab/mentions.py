"""Which words of a text speak of which region: any text, also a model's.

A sample carries its `phrases` (phrase → names of the regions it speaks of) as plain metadata, so
mentions can be found in responses read back from a run folder, without the task that drew them.
A phrase that names something the pictures do not hold maps to no region: a hallucinated mention.
"""

import re
from collections.abc import Mapping

from saccade.samples import Mention, Sample
from saccade.tasks.lab.scene import COLOURS, SHAPES, Thing


def find_mentions(sample: Sample, text: str) -> tuple[Mention, ...]:
    """The mentions in `text`, left to right; of phrases that overlap the longest wins."""
    phrases: Mapping[str, list[str]] = sample.metadata.get("phrases", {})
    if not phrases:
        return ()
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    pattern = r"\b(?:" + "|".join(map(re.escape, longest_first)) + r")\b"
    return tuple(
        Mention(found.start(), found.end(), tuple(phrases[found.group().lower()]))
        for found in re.finditer(pattern, text, re.IGNORECASE)
    )


def scene_phrases(things: Mapping[str, Thing]) -> dict[str, tuple[str, ...]]:
    """Every way to speak of things by colour, shape and place; `things` is keyed by region name.

    All colours and shapes are listed, also those not shown, so that a claim about a thing that is
    not there is found too. Plurals speak of all that fit.
    """
    phrases: dict[str, tuple[str, ...]] = {}
    for colour in ("", *COLOURS):
        for shape in ("thing", *SHAPES):
            phrase = f"{colour} {shape}".strip()
            if phrase == "thing":
                continue
            fits = tuple(n for n, t in things.items() if _fits(t, colour, shape))
            phrases |= {phrase: fits, plural(phrase): fits}
    for name, thing in things.items():
        if thing.place:
            for phrase in (thing.place, f"{thing.phrase} at the {thing.place}"):
                phrases[phrase] = (name,)
    return phrases


def _fits(thing: Thing, colour: str, shape: str) -> bool:
    return colour in ("", thing.colour) and shape in ("thing", thing.shape)


def plural(phrase: str) -> str:
    """`red circles`, `red crosses`."""
    return phrase + ("es" if phrase.endswith("s") else "s")
