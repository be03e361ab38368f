"""SIRET: the SIREN and five digits for the establishment, a Luhn key over the fourteen. EN 16931 scheme 0009.

La Poste (SIREN 356000000) has more establishments than Luhn keys: except for its head office, the sum of its
fourteen digits is a multiple of 5 (INSEE); python-stdnum knows the exception.
"""

from __future__ import annotations

from stdnum.exceptions import ValidationError
from stdnum.fr import siret as stdnum_siret

from config.kernel.identifiers import siren as siren_number
from config.kernel.identifiers.errors import InvalidIdentifier, without_separators


class InvalidSiret(InvalidIdentifier):
    code = "invalid_siret"


def compact(value: str) -> str:
    return without_separators(value)


def validate(value: str, *, siren: str = "") -> str:
    """The fourteen digits; with `siren`, an establishment of that company only.

    >>> validate("356 000 000 49837")
    '35600000049837'
    """
    number = compact(value)
    if not (number.isascii() and number.isdigit()):
        raise InvalidSiret("Un numéro SIRET ne contient que des chiffres. Retirez les lettres et les signes.")
    if len(number) == 9:
        raise InvalidSiret("Ce numéro a 9 chiffres : c’est un SIREN. Ajoutez les 5 chiffres de l’établissement.")
    if len(number) != 14:
        raise InvalidSiret("Un numéro SIRET a 14 chiffres, celui-ci en a %(count)s.", count=len(number))
    if not siren_number.is_valid(number[:9]):
        raise InvalidSiret(
            "Les 9 premiers chiffres de ce SIRET ne forment pas un SIREN : un chiffre est sans doute mal recopié."
        )
    try:
        stdnum_siret.validate(number)
    except ValidationError as error:
        raise InvalidSiret(
            "La clé de ce numéro SIRET est fausse : vérifiez les 5 derniers chiffres, ceux de l’établissement."
        ) from error
    if siren and number[:9] != siren_number.compact(siren):
        raise InvalidSiret(
            "Ce SIRET appartient au SIREN %(found)s, la fiche porte le SIREN %(expected)s. Corrigez l’un des deux.",
            found=number[:9],
            expected=siren_number.compact(siren),
        )
    return number


def is_valid(value: str, *, siren: str = "") -> bool:
    try:
        return bool(validate(value, siren=siren))
    except InvalidSiret:
        return False


def format(value: str) -> str:  # noqa: A001 – as stdnum names it
    """The SIREN in groups of three, then the establishment.

    >>> format("73282932000074")
    '732 829 320 00074'
    """
    number = compact(value)
    return f"{siren_number.format(number[:9])} {number[9:]}".strip()
