"""The accounts that buying books on, by the PCG (ANC 2014-03); supplier invoices never leave these for their VAT."""

from __future__ import annotations

from django.utils.translation import gettext as _

SUPPLIERS = "401000"
ASSET_SUPPLIERS = "404000"
ACCRUED = "408100"  # goods or services here, invoice not
SUPPLIER_DEPOSITS = "409100"
ASSET_VAT = "445620"
DEDUCTIBLE_VAT = "445660"
WAITING_VAT = "445640"  # on services: deductible once they are paid (CGI 269-2 c, 271-I-2)
INTRA_EU_VAT = "445200"
ABROAD_VAT = "445210"
IMPORT_VAT = "445300"
CONSTRUCTION_VAT = "445716"  # a sub-account of 44571 of its own: 445711 to 445715 are those of our sales, by rate
PREPAID = "486000"
DISCOUNTS_OBTAINED = "765000"

GOODS = "607000"
OTHER_SERVICES = "628000"
# charges, assets, stocks; deposits to suppliers (409), taxes on a bill (447), others' money and what waits (46 to 48)
BOUGHT_ON = ("2", "3", "6", "409", "447", "46", "47", "48")


def may_be_bought_on(account: str) -> bool:
    """Whether a line of a supplier invoice may be booked there: no sale, no pay, no bank."""
    return account.startswith(BOUGHT_ON)


def not_bought_on(account: str) -> str:
    return _(
        "Un achat ne s’enregistre pas au compte %(account)s : choisissez une charge (6), une immobilisation (2), un "
        "stock (3) ou un compte d’attente (47)."
    ) % {"account": account}
