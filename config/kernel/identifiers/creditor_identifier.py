"""SEPA creditor identifier (AT-02; ICS in France): country, mod 97 key, business code, national number."""

from __future__ import annotations

from stdnum.eu import at_02
from stdnum.exceptions import ValidationError

from config.kernel.identifiers.errors import InvalidIdentifier, without_separators


class InvalidCreditorIdentifier(InvalidIdentifier):
    code = "invalid_creditor_identifier"


def compact(value: str) -> str:
    return without_separators(value)


def validate(value: str) -> str:
    """The identifier without spaces.

    >>> validate("FR72 ZZZ 123456")
    'FR72ZZZ123456'
    """
    number = compact(value)
    try:
        at_02.validate(number)
    except ValidationError as error:
        raise InvalidCreditorIdentifier(
            "Cet identifiant créancier est faux : en France il s’écrit FR, deux chiffres de clé, ZZZ ou un code, puis "
            "six caractères. Recopiez-le de la lettre de votre banque."
        ) from error
    return number


def is_valid(value: str) -> bool:
    try:
        return bool(validate(value))
    except InvalidCreditorIdentifier:
        return False


def format(value: str) -> str:  # noqa: A001 – as stdnum names it
    """As it is printed: FR72 ZZZ 123456.

    >>> format("FR72ZZZ123456")
    'FR72 ZZZ 123456'
    """
    number = compact(value)
    return f"{number[:4]} {number[4:7]} {number[7:]}"
