"""Text of questions, responses and file names is data: what would act on a reader is shown.

HTML is escaped by the templates; this module makes the characters visible that escaping leaves
alone: terminal escapes, other controls, and the marks that reverse or hide text.
"""

import unicodedata

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode categories that draw nothing by themselves."""


def visible(text: object, *, lines: bool = True) -> str:
    """`text` with every control character replaced by one that can be seen.

    With `lines`, line breaks and tabs stay as they are; without, they are shown too.
    """
    return "".join(_shown(char, lines=lines) for char in str(text))


def _shown(char: str, *, lines: bool) -> str:
    """One character as it may be displayed."""
    if unicodedata.category(char) not in HIDDEN or (lines and char in "\n\t"):
        return char
    if char in "\n\t":
        return "⏎" if char == "\n" else "⇥"
    return f"⟨U+{ord(char):04X}⟩"
