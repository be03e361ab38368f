"""How the VAT of a purchase is treated: deducted now, on payment, owed by us, or not at all.

Source: CGI 256 bis, 258, 259-1°, 271-II, 283-2, 283-2 nonies; the entries of each case are those of the PCG.
"""

from __future__ import annotations

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
