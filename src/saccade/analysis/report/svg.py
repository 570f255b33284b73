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
GLYPH = "glyph-"
"""How the ids of letters begin, which all figures of a page share."""
LETTER = re.compile(r'<path id="([^"]+)" d="[^"]*" transform="scale\(0\.015625\)"/>')
"""How matplotlib defines a letter of a font."""


def inline(svg: str, *, prefix: str, label: str) -> str:
    """The `<svg>` element alone, its ids made unique by `prefix`, described by `label`.

    Coordinates keep two decimals, a hundredth of a point: a report holds dozens of drawings.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    letters = {name: f"{GLYPH}{name}" for name in LETTER.findall(body)}

    def renamed(match: re.Match[str]) -> str:
        return match[1] + letters.get(match[2], f"{prefix}-{match[2]}") + match[3]

    body = re.sub(r'(\bid=")([^"]+)(")', renamed, body)
    body = re.sub(r'(href="#)([^"]+)(")', renamed, body)
    body = re.sub(r"(url\(#)([^)]+)(\))", renamed, body)
    body = re.sub(r'(?<= )d="[^"]+"', _short, body)
    for given, name in COLOURS.items():
        body = body.replace(given, name)
    body = re.sub(r'(<svg[^>]*?) width="([\d.]+)pt" height="[^"]*"', _sized, body, count=1)
    body = re.sub(r"\n\s*", "\n", body)
    return body.replace("<svg", f'<svg role="img" aria-label="{_attribute(label)}"', 1)


def letters_once(page: str) -> str:
    """The page with each letter of a font drawn where it comes first, not in every figure."""
    seen: set[str] = set()

    def first(match: re.Match[str]) -> str:
        known = match[1] in seen
        seen.add(match[1])
        return "" if known else match[0]

    return re.sub(rf'<path id="({GLYPH}[^"]+)"[^>]*/>', first, page)


def _sized(opening: re.Match[str]) -> str:
    """At most 1.6 times its printed size, so that letters of all figures are about as large.

    And no smaller than as printed: on a narrow screen a wide figure is scrolled.
    """
    most = float(opening[2]) / 10
    return f'{opening[1]} style="max-width:{most:.1f}rem;min-width:{0.65 * most:.1f}rem"'


def _short(path: re.Match[str]) -> str:
    """The same path with fewer decimals, in one line."""
    rounded = re.sub(
        r"-?\d+\.\d{3,}", lambda n: f"{float(n[0]):.2f}".rstrip("0").rstrip("."), path[0]
    )
    return rounded.replace(" \n", "").replace("\n", "")


def _attribute(text: str) -> str:
    """Text that may stand between double quotes."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
