"""VAT numbers of the European Union; the French one holds the SIREN and a key computed from it (CGI art. 286 ter).

And the Swiss UID, which is the number of a company there, with or without the letters that say it owes VAT.
"""

from __future__ import annotations

from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.fr import tva

from config.kernel.identifiers import siren as siren_number
from config.kernel.identifiers import uid as uid_number
from config.kernel.identifiers.errors import InvalidIdentifier, without_separators

COUNTRIES = frozenset({*eu_vat.MEMBER_STATES, "el", "xi"})


class InvalidVat(InvalidIdentifier):
    code = "invalid_vat"


def compact(value: str) -> str:
    return without_separators(value)


def from_siren(siren: str) -> str:
    """The French number of a company: key = (12 + 3 × (SIREN mod 97)) mod 97.

    >>> from_siren("732 829 320")
    'FR44732829320'
    """
    number = siren_number.validate(siren)
    return f"FR{(12 + 3 * (int(number) % 97)) % 97:02}{number}"


def validate(value: str, *, siren: str = "", uid: str = "") -> str:
    """The number with its country letters; with `siren` or `uid`, a French or a Swiss number must be that company's.

    >>> validate("FR 44 732.829.320", siren="732829320")
    'FR44732829320'
    """
    number = compact(value)
    if number.startswith("CHE"):
        return check_swiss(number, uid)
    if number[:2].lower() not in COUNTRIES:
        raise InvalidVat(
            "Un numéro de TVA commence par les deux lettres d’un pays de l’Union européenne, "
            "par exemple FR44732829320, ou par CHE en Suisse. Ailleurs, laissez ce champ vide."
        )
    if number.startswith("FR"):
        check_french(number, siren)
    elif not eu_vat.is_valid(number):
        raise InvalidVat(
            "Ce numéro de TVA n’a pas la forme ou la clé de ceux du pays « %(country)s ». "
            "Demandez-le de nouveau au client, ou vérifiez-le sur VIES.",
            country=number[:2],
        )
    return number


def check_swiss(number: str, uid: str = "") -> str:
    """A UID without its dots, its suffix of VAT kept: CHE123456788TVA."""
    try:
        holder = uid_number.validate(number)
    except uid_number.InvalidUid as error:
        raise InvalidVat(error.message) from error
    if uid and holder != uid_number.compact(uid):
        raise InvalidVat(
            "Ce numéro de TVA est celui de l’IDE %(found)s, la fiche porte l’IDE %(expected)s. Corrigez l’un des deux.",
            found=uid_number.format(holder),
            expected=uid_number.format(uid),
        )
    return holder + uid_number.suffix_of(number)


def check_french(number: str, siren: str) -> None:
    if len(number) != 13 or not number[4:].isdigit():
        raise InvalidVat("Un numéro de TVA français s’écrit FR, une clé de 2 caractères, puis les 9 chiffres du SIREN.")
    holder = number[4:]
    expected = siren_number.compact(siren) if siren else holder
    if holder != expected:
        raise InvalidVat(
            "Ce numéro de TVA contient le SIREN %(found)s, la fiche porte le SIREN %(expected)s. "
            "Corrigez l’un des deux.",
            found=holder,
            expected=expected,
        )
    try:
        tva.validate(number)
    except ValidationError as error:
        if not siren_number.is_valid(holder):
            raise InvalidVat(
                "Les 9 derniers chiffres de ce numéro de TVA ne forment pas un SIREN : "
                "un chiffre est sans doute mal recopié."
            ) from error
        raise InvalidVat(
            "La clé de ce numéro de TVA ne correspond pas au SIREN : le numéro attendu est %(expected)s.",
            expected=from_siren(holder),
        ) from error


def is_valid(value: str, *, siren: str = "") -> bool:
    try:
        return bool(validate(value, siren=siren))
    except InvalidVat:
        return False


def format(value: str) -> str:  # noqa: A001 – as stdnum names it
    """As people print it.

    >>> format("FR44732829320")
    'FR 44 732 829 320'
    """
    number = compact(value)
    if number.startswith("FR") and len(number) == 13:
        return f"FR {number[2:4]} {siren_number.format(number[4:])}"
    if number.startswith("CHE"):
        return uid_number.format(number)
    return f"{number[:2]} {number[2:]}".strip()
