"""Which font can write the words of a cloud: the one that comes with matplotlib, or another."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path


def font_for(words: Sequence[str]) -> tuple[Path, list[str]]:
    """A font file that has the characters of most of `words`, and the words that it cannot write.

    DejaVu Sans unless another font has more of them; among equals the first by name.
    """
    own = _own()
    missing = _unwritten(own, words)
    if not missing:
        return own, []
    ranked = [(len(_unwritten(file, words)), file) for file in (own, *_installed())]
    fewest, best = min(ranked, key=lambda pair: pair[0])
    return best, _unwritten(best, words) if fewest else []


def _unwritten(file: Path, words: Iterable[str]) -> list[str]:
    """The words with a character that the font has not."""
    characters = _characters(file)
    return [word for word in words if not characters.issuperset(map(ord, word))]


def _own() -> Path:
    """The font that matplotlib brings along, the same everywhere."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@cache
def _installed() -> tuple[Path, ...]:
    """Upright fonts of regular weight that are installed on this machine, by name.

    A font of last resort has a glyph for everything, which is a box that tells nothing.
    """
    from matplotlib.font_manager import fontManager

    regular = {
        (font.name, font.fname)
        for font in fontManager.ttflist
        if font.style == "normal"
        and font.weight in (400, "normal", "regular", "book")
        and "lastresort" not in font.name.replace(" ", "").lower()
    }
    return tuple(Path(file) for _, file in sorted(regular))


@cache
def _characters(file: Path) -> frozenset[int]:
    """The code points that a font has a glyph for; none where it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(str(file)).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
