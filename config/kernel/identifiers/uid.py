"""IDE (UID), the number of companies of Switzerland or Liechtenstein: CHE, eight digits, a key. EN 16931 scheme 0183.

With the letters TVA, MWST or IVA behind it is also the number under which the company owes VAT (LTVA art. 26).
"""

from __future__ import annotations

from stdnum.ch import uid as stdnum_uid
from stdnum.exceptions import ValidationError

from config.kernel.identifiers.errors import InvalidIdentifier, without_separators

SUFFIXES = ("TVA", "MWST", "IVA")
SCHEME = "0183"


class InvalidUid(InvalidIdentifier):
    code = "invalid_uid"


def compact(value: str) -> str:
    """Without its dots and what says that it owes VAT: CHE123456788."""
    number = without_separators(value)
    suffix = suffix_of(number)
    return number.removesuffix(suffix)


def suffix_of(value: str) -> str:
    """TVA, MWST or IVA where it stands behind the number; ''."""
    number = without_separators(value)
    return next((letters for letters in SUFFIXES if number.endswith(letters)), "")


def validate(value: str) -> str:
    """The twelve signs.

    >>> validate("CHE-123.456.788 TVA")
    'CHE123456788'
    """
    try:
        return str(stdnum_uid.validate(compact(value)))
    except ValidationError as error:
        raise InvalidUid(
            "Un IDE suisse s’écrit CHE et neuf chiffres, par exemple CHE-123.456.788 TVA : "
            "un chiffre est sans doute mal recopié."
        ) from error


def is_valid(value: str) -> bool:
    try:
        return bool(validate(value))
    except InvalidUid:
        return False


def format(value: str) -> str:  # noqa: A001 – as stdnum names it
    """As people print it, its suffix kept.

    >>> format("CHE123456788TVA")
    'CHE-123.456.788 TVA'
    """
    number = compact(value)
    return f"{number[:3]}-{number[3:6]}.{number[6:9]}.{number[9:]} {suffix_of(value)}".strip()
