"""Text as a pattern sees it: small letters without accents, each character still in its place."""

from __future__ import annotations

import unicodedata

_SPECIAL = str.maketrans(
    {
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ",
        "’": "'", "‘": "'", "`": "'", "´": "'",
        "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-",
        "°": "°", "º": "°", "œ": "o", "Œ": "o", "æ": "a", "：": ":", "，": ",", "（": "(", "）": ")",
    }
)  # fmt: skip


def fold(text: str) -> str:
    """`text` in small letters without accents, of the same length: an offset means the same in both.

    >>> fold("N° DE FACTURE – Échéance")
    'n° de facture - echeance'
    """
    return "".join(_folded(character) for character in text.translate(_SPECIAL))


def _folded(character: str) -> str:
    if character.isascii() or character == "°":
        return character.lower()
    base = unicodedata.normalize("NFD", character)[0].lower()
    return base if len(base) == 1 else character


def squeezed(text: str) -> str:
    """Letters and digits only, folded: what two spellings of a name share."""
    return "".join(character for character in fold(text) if character.isalnum())
