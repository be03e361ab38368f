"""SIREN: the nine digits of a French company (INSEE), the last one a Luhn key. EN 16931 scheme 0002."""

from __future__ import annotations

from stdnum import luhn

from config.kernel.identifiers.errors import InvalidIdentifier, without_separators


class InvalidSiren(InvalidIdentifier):
    code = "invalid_siren"


def compact(value: str) -> str:
    return without_separators(value)


def validate(value: str) -> str:
    """The nine digits.

    >>> validate("732 829 320")
    '732829320'
    """
    number = compact(value)
    if not (number.isascii() and number.isdigit()):
        raise InvalidSiren("Un numéro SIREN ne contient que des chiffres. Retirez les lettres et les signes.")
    if len(number) == 14:
        raise InvalidSiren(
            "Ce numéro a 14 chiffres : c’est un SIRET. Le SIREN en est les 9 premiers, %(siren)s.",
            siren=number[:9],
        )
    if len(number) != 9:
        raise InvalidSiren("Un numéro SIREN a 9 chiffres, celui-ci en a %(count)s.", count=len(number))
    if number == "000000000" or not luhn.is_valid(number):
        raise InvalidSiren(
            "La clé de ce numéro SIREN est fausse : un chiffre est sans doute mal recopié. "
            "Vérifiez-le sur un document de l’entreprise."
        )
    return number


def is_valid(value: str) -> bool:
    try:
        return bool(validate(value))
    except InvalidSiren:
        return False


def format(value: str) -> str:  # noqa: A001 – the four verbs are those of python-stdnum
    """In groups of three.

    >>> format("732829320")
    '732 829 320'
    """
    number = compact(value)
    return " ".join(number[start : start + 3] for start in range(0, len(number), 3))
