"""The characters of a text that is given to us: cleaned on entry, and refused where nothing can draw them.

What is kept is what the record, the XML and the paper will all say. A character without a glyph is □ on paper, and
makes a file that is no PDF/A-3 (ISO 19005-3 §6.2.11.8): it is refused at its field, never dropped in silence.
"""

from __future__ import annotations

import re
import unicodedata

from config.kernel import faces

_BREAKS = re.compile("\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile("[\t\u1680\u2000-\u200a\u205f\u2800\u3000]")  # U+2800, a blank of Braille, is seen as one
# Arabic and Indian scripts write with these two between letters; everywhere else they are invisible
_JOINERS = "\u200c\u200d"
_SELECTORS = re.compile("[\u034f\u180b-\u180d\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # invisible, though marks


def clean(text: str, *, lines: bool = False) -> str:
    """The text in NFC without control and invisible characters, and without spaces at its ends.

    `lines`: line breaks of every kind are kept as \\n; elsewhere they become a space, as tabs do.
    """
    text = _BREAKS.sub("\n" if lines else " ", text)
    text = _SELECTORS.sub("", _SPACES.sub(" ", text))
    # a neighbour on both sides of every character, the first and the last too
    padded = f" {text} "
    kept = (sign for place, sign in enumerate(text, start=1) if _is_kept(sign, padded[place - 1], padded[place + 1]))
    # at the end: an invisible character may have stood between a letter and its accent
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def _is_kept(sign: str, before: str, after: str) -> bool:
    if sign in _JOINERS:
        return unicodedata.category(before)[0] in "LM" and unicodedata.category(after)[0] in "LM"
    # a NUL is no typing error: it stays, to be refused
    return sign in "\n\0" or unicodedata.category(sign) not in {"Cc", "Cf"}


def undrawable(text: str) -> list[str]:
    """The characters of a cleaned text that no bundled face draws, each once, in their order."""
    drawn = faces.drawn()
    return [sign for sign in dict.fromkeys(text) if sign not in f"\n{_JOINERS}" and ord(sign) not in drawn]


def named(signs: list[str]) -> str:
    """« 🎉 » (U+1F389), and so on: as a sentence names them. A half of a character has only its number."""
    return ", ".join(
        f"U+{ord(sign):04X}" if unicodedata.category(sign) == "Cs" else f"« {sign} » (U+{ord(sign):04X})"
        for sign in signs
    )
