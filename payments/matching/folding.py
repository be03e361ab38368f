"""Texts as they are compared: capitals without accents, words, letters and digits."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WORD = re.compile(r"[A-Z0-9]+")
HAS_DIGIT = re.compile(r"[0-9]").search
FOREIGN = re.compile(r"[^\x00-\x7f]")
DASH = re.compile(r"[\u2010-\u2015\u2212]")


def fold(text: str) -> str:
    """Capitals without accents; typographic dashes become plain ones, other signs (n°, €) a space."""
    if text.isascii():
        return text.upper()
    plain = DASH.sub("-", text)
    # NFKD takes letters and accents apart, and writes full-width letters and ligatures as plain ones
    return FOREIGN.sub(_plain, unicodedata.normalize("NFKD", plain)).upper()


def _plain(sign: re.Match[str]) -> str:
    return "" if unicodedata.combining(sign.group()) else " "


@lru_cache(maxsize=100_000)
def squeeze(text: str) -> str:
    """Letters and digits only: FAC-2026-00001, fac 2026 00001 and FAC202600001 are one."""
    plain = fold(text)
    return plain if plain.isalnum() else "".join(WORD.findall(plain))
