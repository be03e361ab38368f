"""IBAN (ISO 13616): country, mod 97 key, national account number of the length of its country."""

from __future__ import annotations

from stdnum import iban as stdnum_iban
from stdnum.exceptions import InvalidChecksum, ValidationError

from config.kernel.identifiers.errors import InvalidIdentifier, without_separators

# the institutions (IID) that Swiss and Liechtenstein banks keep for payments by QR reference
QR_INSTITUTIONS = range(30000, 32000)
SWISS = frozenset({"CH", "LI"})


class InvalidIban(InvalidIdentifier):
    code = "invalid_iban"


def compact(value: str) -> str:
    number = without_separators(value)
    return number.removeprefix("IBAN").lstrip(":").strip()


def validate(value: str) -> str:
    """The number without spaces.

    >>> validate("FR76 3000 6000 0112 3456 7890 189")
    'FR7630006000011234567890189'
    """
    number = compact(value)
    if len(number) < 5 or not number[:2].isalpha() or not number[2:4].isdigit():
        raise InvalidIban("Un IBAN commence par deux lettres de pays et deux chiffres, par exemple FR76.")
    if number.startswith("FR") and len(number) != 27:
        raise InvalidIban(
            "Un IBAN français a 27 caractères, celui-ci en a %(count)s. Reprenez-le sur le RIB.",
            count=len(number),
        )
    try:
        stdnum_iban.validate(number)
    except InvalidChecksum as error:
        raise InvalidIban(
            "La clé de cet IBAN est fausse : un caractère est sans doute mal recopié. Reprenez-le sur le RIB."
        ) from error
    except ValidationError as error:
        raise InvalidIban(
            "Cet IBAN n’a pas la forme de ceux du pays « %(country)s ». Reprenez-le sur le RIB.",
            country=number[:2],
        ) from error
    return number


def is_valid(value: str) -> bool:
    try:
        return bool(validate(value))
    except InvalidIban:
        return False


def is_swiss(value: str) -> bool:
    """Whether it is an account in Switzerland or Liechtenstein, which a QR-bill may name."""
    return compact(value)[:2] in SWISS


def is_qr(value: str) -> bool:
    """Whether it is a QR-IBAN, which takes payments with a QR reference and no others.

    >>> is_qr("CH44 3199 9123 0008 8901 2")
    True
    """
    number = compact(value)
    return number[:2] in SWISS and number[4:9].isdigit() and int(number[4:9]) in QR_INSTITUTIONS


def format(value: str) -> str:  # noqa: A001 – as stdnum names it
    """In groups of four.

    >>> format("FR7630006000011234567890189")
    'FR76 3000 6000 0112 3456 7890 189'
    """
    number = compact(value)
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
