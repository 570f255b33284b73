"""The responses that a page shows token by token, each of them once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from markupsafe import Markup

from saccade.analysis.report.strip import strip_key, token_strip
from saccade.analysis.scales import Scale
from saccade.analysis.tables import Tables

MOST = 400
"""Tokens of a response that the page shows: those around the first place to look at."""


@dataclass(frozen=True)
class Shown:
    """A response in the page: its id there, and itself unless it stands further up already."""

    id: str
    html: Markup | None


@dataclass
class Strips:
    """Makes the strips of one part of the page."""

    tables: Tables
    scales: Mapping[str, Scale]
    key: str
    """Tells the parts of a page apart."""
    _made: dict[int, str] = field(default_factory=dict)

    def strip(
        self,
        row: "pd.Series[Any]",
        places: Collection[int] = (),
        *,
        first: str = "",
        mentions: bool = False,
    ) -> Shown:
        """The response that a row of a table names; see `token_strip` for the rest."""
        number = int(row["response"])
        if number in self._made:
            return Shown(self._made[number], None)
        trace = self.tables.run[number]
        self._made[number] = strip_key(trace.rollout, self.key)
        html = token_strip(
            trace,
            scales=self.scales,
            mentions=mentions,
            styled=False,
            key=self.key,
            places=places,
            most=MOST,
            first=first,
        )
        return Shown(self._made[number], html)
