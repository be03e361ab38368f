"""Where French VAT and French e-invoicing apply, by the country code of an address (ISO 3166-1).

Guadeloupe, Martinique and Réunion are inside: rules as for the mainland, and country code FR in legal documents (the
DGFiP's « group one », overseas questions of January 2026). In Guyane and Mayotte VAT does not apply (CGI 294, 1); they
and all other overseas territories are abroad (group two). Monaco has the VAT of France (convention of 18 May 1963);
whether its buyers are e-invoiced is not settled, so the installation decides (MONACO_IS_DOMESTIC).
"""

from __future__ import annotations

FRANCE = "FR"
MONACO = "MC"
DOMESTIC = frozenset({FRANCE, "GP", "MQ", "RE"})
WITHOUT_VAT = frozenset({"GF", "YT"})  # CGI 294
# of an address: Greece is GR here, and EL in a VAT number
EUROPEAN_UNION = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)


def is_domestic(country: str, *, monaco: bool = False) -> bool:
    """Whether an address is inside for e-invoicing; `monaco` says what the installation decided for Monaco."""
    return country in DOMESTIC or (monaco and country == MONACO)


def legal_code(country: str) -> str:
    """The code that legal documents give (BT-40, BT-55, BT-80): FR for the overseas departments that are inside."""
    return FRANCE if country in DOMESTIC else country


def applies_no_vat(country: str) -> bool:
    """Guyane and Mayotte, whose mention is article 294."""
    return country in WITHOUT_VAT
