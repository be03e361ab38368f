"""What the bundled faces of `static/fonts` draw, read from the font files themselves: characters and widths.

PDFs are drawn with these faces alone (`billing/pdf_engine.py`), so they also say which characters may be typed.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

FOLDER = Path(__file__).resolve().parents[2] / "static" / "fonts"
TEXT_FACE = "NotoSans"
_WIDEST = 2.0  # ems: a character that another face draws


@cache
def drawn() -> frozenset[int]:
    """The code points that every weight can draw. Private use areas are left out: they mean nothing to a reader."""
    characters: dict[str, set[int]] = {"Regular": set(), "Bold": set()}
    for file in sorted(FOLDER.glob("*.ttf")):
        with TTFont(file, lazy=True) as font:
            weight = "Bold" if file.stem.endswith("-Bold") else "Regular"
            characters[weight] |= set(font.getBestCmap())
    # a name may be drawn in bold somewhere: what only one weight has would be □ there
    both = characters["Regular"] & characters["Bold"]
    return frozenset(point for point in both if unicodedata.category(chr(point)) not in {"Co", "Cs", "Cc"})


def width(text: str, *, bold: bool = False) -> float:
    """The width of a short text in ems of the text face, kerning apart; never less where another face draws it."""
    widths = _widths("Bold" if bold else "Regular")
    return sum(widths.get(ord(character), _WIDEST) for character in text)


@cache
def _widths(weight: str) -> dict[int, float]:
    with TTFont(FOLDER / f"{TEXT_FACE}-{weight}.ttf", lazy=True) as font:
        advances, em = font["hmtx"], font["head"].unitsPerEm
        return {point: advances[glyph][0] / em for point, glyph in font.getBestCmap().items()}
