"""BIC (ISO 9362): eight or eleven characters that name a bank and its branch."""

from __future__ import annotations

from stdnum import bic as stdnum_bic
from stdnum.exceptions import InvalidLength, ValidationError

from config.kernel.identifiers.errors import InvalidIdentifier, without_separators


class InvalidBic(InvalidIdentifier):
    code = "invalid_bic"


def compact(value: str) -> str:
    return without_separators(value)


def validate(value: str) -> str:
    """The eight or eleven characters.

    >>> validate("bnpa fr pp xxx")
    'BNPAFRPPXXX'
    """
    number = compact(value)
    try:
        stdnum_bic.validate(number)
    except InvalidLength as error:
        raise InvalidBic("Un BIC a 8 ou 11 caractères, celui-ci en a %(count)s.", count=len(number)) from error
    except ValidationError as error:
        raise InvalidBic(
            "Un BIC s’écrit 4 lettres de banque, 2 lettres de pays, puis 2 ou 5 caractères, par exemple BNPAFRPP."
        ) from error
    return number


def is_valid(value: str) -> bool:
    try:
        return bool(validate(value))
    except InvalidBic:
        return False


def format(value: str) -> str:  # noqa: A001 – as stdnum names it
    return compact(value)
