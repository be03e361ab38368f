"""How the VAT of a purchase is treated: deducted now, on payment, owed by us, or not at all.

Source: CGI 256 bis, 258, 259-1°, 271-II, 283-2, 283-2 nonies; the entries of each case are those of the PCG.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _


class Regime(models.TextChoices):
    """The VAT treatment of a line."""

    GOODS = "GOODS", _("Biens")
    SERVICES = "SERVICES", _("Services, TVA sur encaissement")
    SERVICES_DEBITS = "SERVICES_DEBITS", _("Services, TVA sur les débits")
    INTRA_EU_GOODS = "INTRA_EU_GOODS", _("Acquisition intracommunautaire de biens")
    SERVICES_ABROAD = "SERVICES_ABROAD", _("Services d’un prestataire étranger (283-2)")
    CONSTRUCTION = "CONSTRUCTION", _("Sous-traitance de travaux (283-2 nonies)")
    IMPORT = "IMPORT", _("Importation de biens")
    ASSET = "ASSET", _("Immobilisation")
    NO_VAT = "NO_VAT", _("Sans TVA")


# the buyer owes the VAT, and deducts it in the same entry
SELF_ASSESSED = frozenset({Regime.INTRA_EU_GOODS, Regime.SERVICES_ABROAD, Regime.CONSTRUCTION})
# what is bought on these is goods
_GOODS = ("601", "602", "606", "607")
# what neither an account nor a rate says: the seller's country and the document do
_OF_THE_SELLER = SELF_ASSESSED | {Regime.IMPORT, Regime.NO_VAT}


def regime_on(account: str, *, vat_rate: Decimal, proposed: str = "") -> str:
    """The regime of a line whose account a person chose without saying it: by the account's nature.

    What the seller decides (`proposed`: no VAT, or VAT that we owe) stays whatever the account.
    """
    if proposed in _OF_THE_SELLER or (not proposed and not vat_rate):
        return proposed or Regime.NO_VAT
    if account.startswith("2"):
        return Regime.ASSET
    if account.startswith(_GOODS):
        return Regime.GOODS
    return proposed if proposed in {Regime.SERVICES, Regime.SERVICES_DEBITS} else Regime.SERVICES
