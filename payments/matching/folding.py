"""Texts as they are compared: capitals without accents, words, letters and digits."""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[A-Z0-9]+")


def fold(text: str) -> str:
    """Capitals without accents; typographic dashes become plain ones, other signs (n°, €) a space."""
    plain = re.sub(r"[\u2010-\u2015\u2212]", "-", text)
    # NFKD takes letters and accents apart, and writes full-width letters and ligatures as plain ones
    letters = (sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    return "".join(sign if sign.isascii() else " " for sign in letters).upper()


def squeeze(text: str) -> str:
    """Letters and digits only: FAC-2026-00001, fac 2026 00001 and FAC202600001 are one."""
    return "".join(WORD.findall(fold(text)))
