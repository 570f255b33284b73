"""Puts a matplotlib SVG into a page: own ids, and colours that follow the page's light or dark."""

import re

COLOURS = {
    "#1b1f24": "var(--ink)",
    "#8a9099": "var(--muted)",
    "#ffffff": "var(--paper)",
    "#0072b2": "var(--correct)",
    "#d55e00": "var(--incorrect)",
    "#996d00": "var(--number)",
    "#007a45": "var(--spatial)",
    "#6d2c5d": "var(--picture)",
    "#5c1600": "var(--connective)",
    "#767e89": "var(--function)",
}
"""The style file's colours, and the page's names for them."""


def inline(svg: str, *, prefix: str, label: str) -> str:
    """The `<svg>` element alone, its ids made unique by `prefix`, described by `label`."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", body)
    for given, name in COLOURS.items():
        body = body.replace(given, name)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    return body.replace("<svg", f'<svg role="img" aria-label="{_attribute(label)}"', 1)


def _attribute(text: str) -> str:
    """Text that may stand between double quotes."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
