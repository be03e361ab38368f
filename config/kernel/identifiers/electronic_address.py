"""The electronic address an invoice is sent to: EN 16931 BT-34 and BT-49, French scheme 0225 (XP Z12-012).

Shapes of scheme 0225: SIREN, SIREN_SIRET, SIREN_SIRET_ROUTINGCODE, SIREN_SUFFIX; letters, digits and + - _ .
only, 125 characters at most (BR-FR-21 to 25). Other schemes (EM for an e-mail, 0088…) are for other countries.
"""

from __future__ import annotations

import re

from config.kernel.identifiers import siren as siren_number
from config.kernel.identifiers import siret as siret_number
from config.kernel.identifiers.errors import InvalidIdentifier

SCHEME = "0225"
LONGEST = 125
ALLOWED = re.compile(r"[A-Za-z0-9+\-_.]+")
SCHEME_SHAPE = re.compile(r"[0-9]{4}|[A-Z]{2}")


class InvalidElectronicAddress(InvalidIdentifier):
    code = "invalid_electronic_address"


def compact(value: str) -> str:
    """Without the spaces people type; the case of a suffix is kept."""
    return "".join(value.split())


def build(siren: str, *, siret: str = "", routing_code: str = "", suffix: str = "") -> str:
    """The address of scheme 0225 made of its parts.

    >>> build("732829320", siret="73282932000074", routing_code="ACHATS")
    '732829320_73282932000074_ACHATS'
    """
    parts = [siren_number.validate(siren)]
    parts += [siret_number.validate(siret)] if siret else []
    parts += [part for part in (routing_code, suffix) if part]
    return validate("_".join(parts))


def validate(value: str, *, scheme: str = SCHEME, siren: str = "") -> str:
    """The address; with `siren`, a 0225 address must begin with that company's (BR-FR-21).

    >>> validate("732829320_Compta")
    '732829320_Compta'
    """
    address = compact(value)
    if not SCHEME_SHAPE.fullmatch(scheme):
        raise InvalidElectronicAddress("Le type d’adresse électronique a 4 chiffres (0225) ou 2 lettres (EM).")
    if not address:
        raise InvalidElectronicAddress("Indiquez l’adresse électronique de facturation.")
    if len(address) > LONGEST:
        raise InvalidElectronicAddress(
            "Une adresse électronique de facturation a 125 caractères au plus, celle-ci en a %(count)s.",
            count=len(address),
        )
    if scheme == "EM":
        check_email(address)
    elif not ALLOWED.fullmatch(address):
        raise InvalidElectronicAddress(
            "Une adresse électronique de facturation n’a que des lettres sans accent, des chiffres et + - _ ."
        )
    if scheme == SCHEME:
        check_french(address, siren)
    return address


def check_email(address: str) -> None:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        raise InvalidElectronicAddress("Une adresse de type EM est une adresse e-mail, par exemple nom@exemple.fr.")


def check_french(address: str, siren: str) -> None:
    holder, _, rest = address.partition("_")
    if not siren_number.is_valid(holder):
        raise InvalidElectronicAddress(
            "Une adresse électronique française commence par le SIREN, seul ou suivi de « _ », "
            "par exemple 732829320 ou 732829320_73282932000074."
        )
    expected = siren_number.compact(siren) if siren else holder
    if holder != expected:
        raise InvalidElectronicAddress(
            "Cette adresse commence par le SIREN %(found)s, la fiche porte le SIREN %(expected)s. "
            "Corrigez l’un des deux.",
            found=holder,
            expected=expected,
        )
    if "_" in address and (not rest or address.endswith("_") or "__" in address):
        raise InvalidElectronicAddress("Il manque un élément à côté d’un « _ » dans cette adresse.")
    establishment = rest.split("_")[0]
    looks_like_siret = len(establishment) == 14 and establishment.isdigit()
    if looks_like_siret and not siret_number.is_valid(establishment, siren=holder):
        raise InvalidElectronicAddress(
            "Le SIRET %(siret)s de cette adresse est faux, ou n’est pas un établissement du SIREN %(siren)s.",
            siret=establishment,
            siren=holder,
        )


def is_valid(value: str, *, scheme: str = SCHEME, siren: str = "") -> bool:
    try:
        return bool(validate(value, scheme=scheme, siren=siren))
    except InvalidElectronicAddress:
        return False


def format(value: str, *, scheme: str = SCHEME) -> str:  # noqa: A001 – as stdnum names it
    """As the directory and Peppol print it.

    >>> format("732829320_COMPTA")
    '0225:732829320_COMPTA'
    """
    return f"{scheme}:{compact(value)}"
