"""ISO 11649 creditor reference: RF, a mod 97 key and up to 21 characters; every single wrong digit is caught.

Printed on each invoice and in its payment code, it is what makes a bank transfer match without a doubt.
"""

from __future__ import annotations

import re

from stdnum import iso11649
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from config.kernel.identifiers.errors import InvalidIdentifier, without_separators

LONGEST = 21


class InvalidCreditorReference(InvalidIdentifier):
    code = "invalid_creditor_reference"


def compact(value: str) -> str:
    return without_separators(value)


def generate(number: str) -> str:
    """The reference of an invoice number, from its letters and digits.

    >>> generate("F20260042")
    'RF69F20260042'
    """
    core = re.sub(r"[^A-Z0-9]", "", number.upper())
    if not 1 <= len(core) <= LONGEST:
        raise InvalidCreditorReference(
            "Une référence de paiement se fait d’un numéro de 1 à 21 lettres et chiffres : "
            "« %(number)s » ne convient pas.",
            number=number,
        )
    return f"RF{98 - mod_97_10.checksum(core + 'RF00'):02}{core}"


def validate(value: str) -> str:
    """The reference without spaces.

    >>> validate("RF69 F202 6004 2")
    'RF69F20260042'
    """
    number = compact(value)
    try:
        return str(iso11649.validate(number))
    except ValidationError as error:
        raise InvalidCreditorReference(
            "Cette référence de paiement est fausse : elle s’écrit RF, deux chiffres de clé, "
            "puis 21 caractères au plus. Recopiez-la depuis la facture."
        ) from error


def is_valid(value: str) -> bool:
    try:
        return bool(validate(value))
    except InvalidCreditorReference:
        return False


def format(value: str) -> str:  # noqa: A001 – as stdnum names it
    """In groups of four.

    >>> format("RF69F20260042")
    'RF69 F202 6004 2'
    """
    number = compact(value)
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
