"""The jinja2 environment of all templates: everything is escaped, nothing undefined passes."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from saccade.analysis.report.numbers import column, for_page
from saccade.analysis.report.text import visible

if TYPE_CHECKING:
    from saccade.analysis.report.drawn import Drawn

HERE = Path(__file__).parent


@cache
def environment() -> Environment:
    """Templates from `templates/`, with autoescape always on."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "coded": coded, "reasons": reasons}
    environment.filters |= {"for_page": for_page, "column": column}
    return environment


def reasons(figures: Iterable["Drawn"], *, of_training: bool = False) -> dict[str, list["Drawn"]]:
    """Why figures are not drawn: each reason once, with all that have it."""
    found: dict[str, list[Drawn]] = {}
    for it in figures:
        if it.refused and it.figure.of_training == of_training:
            found.setdefault(it.refused, []).append(it)
    return found


def coded(text: str) -> Markup:
    """Text whose parts between backticks are code, as our messages write commands."""
    parts = str(text).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 and number < len(parts) - 1 else part
        for number, part in enumerate(parts)
    )


def stylesheet(name: str) -> Markup:
    """A style file of this folder; ours, so it is not escaped."""
    return Markup((HERE / name).read_text(encoding="utf-8"))  # noqa: S704
