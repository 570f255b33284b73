"""The strip of one response: its tokens coloured by what the signals say of them.

No script: a row of radio buttons picks the signal, or all of them as small bars. Colour is never
alone: an underline grows with the value, and the hover text names every number.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from saccade.analysis.labels import Label, label
from saccade.analysis.report.images import pictures
from saccade.analysis.report.notebook import in_notebook
from saccade.analysis.report.pages import environment, stylesheet
from saccade.analysis.report.text import visible
from saccade.analysis.scales import Scale, pinned_scale
from saccade.samples import Rollout, Sample, Trace

SLOTS = "abcdef"
"""The style file has a colour for so many signals."""
SHOWN = ("visual_similarity", "entropy", "hidden_shift.blind", "kl.blind")


@dataclass(frozen=True)
class Channel:
    """One signal of the strip: its slot in the style file and its scale, where it was measured."""

    slot: str
    signal: str
    scale: Scale | None

    @property
    def words(self) -> Label:
        """What it is called, and what it measures."""
        return label(self.signal)


@dataclass(frozen=True)
class Cell:
    """One token: what is shown of it, its place, and whether it is one to look at."""

    text: str
    title: str
    css: str
    missing: bool
    breaks: bool
    place: int
    marked: bool


class Strip(Markup):
    """One response as HTML, which templates take as it is and notebooks show."""

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return in_notebook(str(self))


def token_strip(
    trace: Trace,
    *,
    signals: Sequence[str] = SHOWN,
    scales: Mapping[str, Scale] | None = None,
    mentions: bool = False,
    styled: bool = True,
    key: str = "",
    places: Collection[int] = (),
    most: int | None = None,
    first: str = "",
) -> Strip:
    """One response as HTML: image and boxes, question, answers, verdict, and the coloured tokens.

    `scales` come from `pinned_scales(run.tokens(), signals)`, so that strips of one run compare;
    without them this response's own percentiles are used, and the legend says so. `styled` brings
    the style along, for a page that does not have it; `key` tells equal strips on one page apart.
    The tokens at `places` are framed; of a response longer than `most` the part around them shows.
    It is coloured by the signal `first` to begin with, if it has that.
    """
    channels = _channels(trace, signals[: len(SLOTS)], scales)
    context = {
        "key": strip_key(trace.rollout, key),
        "trace": trace,
        "channels": channels,
        "chosen": _chosen(channels, first),
        "cells": _cells(trace, channels, places)[_window(len(trace.tokens), places, most)],
        "pictures": pictures(trace.sample),
        "pinned": scales is not None,
        "solution": solution_parts(trace.sample) if mentions else [],
        "css": stylesheet("strip.css") if styled else None,
    }
    return Strip(environment().get_template("strip.html.j2").render(context))


def _channels(
    trace: Trace, signals: Sequence[str], scales: Mapping[str, Scale] | None
) -> list[Channel]:
    """The signals in order, those without any number kept but without a scale."""
    channels = []
    for slot, name in zip(SLOTS, signals, strict=False):
        measured = name in trace.signals and bool(np.isfinite(trace.signals[name]).any())
        scale = None
        if measured:
            scale = (scales or {}).get(name) or pinned_scale(trace.signals[name], name)
        channels.append(Channel(slot, name, scale))
    return channels


def _chosen(channels: Sequence[Channel], first: str) -> Channel | None:
    """The signal that colours the tokens at first."""
    drawn = [channel for channel in channels if channel.scale is not None]
    return next((channel for channel in drawn if channel.signal == first), next(iter(drawn), None))


def _window(length: int, places: Collection[int], most: int | None) -> slice:
    """Which tokens are shown: all, or so many with the first marked place in the middle."""
    if most is None or length <= most:
        return slice(length)
    begin = min(max(0, min(places, default=0) - most // 2), length - most)
    return slice(begin, begin + most)


def _cells(trace: Trace, channels: Sequence[Channel], places: Collection[int]) -> list[Cell]:
    """One cell per token."""
    drawn = [channel for channel in channels if channel.scale is not None]
    rows = {
        channel.slot: channel.scale.intensity(trace.signals[channel.signal])
        for channel in drawn
        if channel.scale is not None
    }
    return [
        Cell(
            text=visible(token, lines=False),
            title=_title(trace, place),
            css=";".join(f"--{slot}:{np.nan_to_num(row[place]):.2f}" for slot, row in rows.items()),
            missing=any(np.isnan(row[place]) for row in rows.values()),
            breaks="\n" in token,
            place=place,
            marked=place in places,
        )
        for place, token in enumerate(trace.tokens)
    ]


def _title(trace: Trace, place: int) -> str:
    """Everything known of one token: place, id, and every signal there is."""
    lines = [f"token {place} of {len(trace.tokens)}, id {trace.token_ids[place]}"]
    for name, values in trace.signals.items():
        number = f"{values[place]:.4f}" if np.isfinite(values[place]) else "missing"
        lines.append(f"{label(name).text}: {number}")
    return "\n".join(lines)


def solution_parts(sample: Sample) -> list[tuple[str, str]]:
    """The worked solution cut at its mentions: text, and the regions it speaks of or nothing."""
    parts, at = [], 0
    for mention in sorted(sample.mentions, key=lambda mention: (mention.start, mention.end)):
        if mention.start < at:
            continue
        parts.append((sample.solution[at : mention.start], ""))
        parts.append((sample.solution[mention.start : mention.end], ", ".join(mention.regions)))
        at = mention.end
    parts.append((sample.solution[at:], ""))
    return [part for part in parts if part[0]]


def strip_key(rollout: Rollout, key: str = "") -> str:
    """A short name for a strip, its radio buttons and its tokens, the same every time."""
    whole = "\0".join([key, rollout.sample_id, str(rollout.index), str(rollout.step)])
    return "s" + hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:10]
