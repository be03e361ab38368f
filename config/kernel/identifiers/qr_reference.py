"""The QR reference (QRR) of Swiss QR-bills: 26 digits and a recursive mod 10 key, which catches each wrong digit.

Only an account with a QR-IBAN takes it, and such an account takes nothing else (SIX, guidelines of the QR-bill).
"""

from __future__ import annotations

import re

from stdnum.ch import esr
from stdnum.exceptions import ValidationError

from config.kernel.identifiers.errors import InvalidIdentifier, without_separators

LENGTH = 27  # with its key


class InvalidQrReference(InvalidIdentifier):
    code = "invalid_qr_reference"


def compact(value: str) -> str:
    return without_separators(value)


def generate(number: str) -> str:
    """The reference of an invoice number: its letters as ISO 11649 counts them (A is 10, Z is 35), then its digits.

    >>> generate("FAC-2026-00001")
    '000000000001510122026000013'
    """
    signs = re.sub(r"[^A-Z0-9]", "", number.upper())
    digits = "".join(str(int(sign, 36)) for sign in signs)
    if not 1 <= len(digits) < LENGTH:
        raise InvalidQrReference(
            "« %(number)s » est trop long pour une référence QR, qui a 26 chiffres : une lettre en prend deux.",
            number=number,
        )
    body = digits.zfill(LENGTH - 1)
    return body + str(esr.calc_check_digit(body))


def validate(value: str) -> str:
    """The 27 digits.

    >>> validate("21 00000 00003 13947 14300 09017")
    '210000000003139471430009017'
    """
    number = compact(value)
    if len(number) != LENGTH or not (number.isascii() and number.isdigit()):
        raise InvalidQrReference("Une référence QR suisse a 27 chiffres. Recopiez-la depuis la QR-facture.")
    try:
        esr.validate(number)
    except ValidationError as error:
        raise InvalidQrReference(
            "La clé de cette référence QR est fausse : un chiffre est sans doute mal recopié."
        ) from error
    return number


def is_valid(value: str) -> bool:
    try:
        return bool(validate(value))
    except InvalidQrReference:
        return False


def format(value: str) -> str:  # noqa: A001 – as stdnum names it
    """Two digits, then groups of five, as SIX prints it.

    >>> format("210000000003139471430009017")
    '21 00000 00003 13947 14300 09017'
    """
    number = compact(value)
    return " ".join([number[:2], *(number[start : start + 5] for start in range(2, len(number), 5))])
