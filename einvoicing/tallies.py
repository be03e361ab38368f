"""What e-invoicing counts in many companies at once: what was refused or stopped on its way, documents to treat."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.kernel.tallies import by_company, tally
from config.kernel.todo import Today
from einvoicing.models import ReceivedDocument, Transmission
from einvoicing.problems.waiting import find_problems


@tally(
    "transmissions",
    needs="einvoicing.send",
    label=_("Factures rejetées ou arrêtées en route"),
    sentence=lambda n: ngettext("%(n)s facture rejetée ou arrêtée", "%(n)s factures rejetées ou arrêtées", n),
    tone="bad",
    page="einvoicing:transmission-list",
    query="status=to_mend",
)
def stopped_transmissions(_today: Today, companies: Collection[int]) -> dict[int, int]:
    return by_company(find_problems(Transmission.objects.all()), companies)


@tally(
    "received",
    needs="purchases.edit",
    label=_("Documents reçus à traiter"),
    sentence=lambda n: ngettext("%(n)s document reçu à traiter", "%(n)s documents reçus à traiter", n),
    tone="warn",
    page="einvoicing:received-list",
)
def documents_to_treat(_today: Today, companies: Collection[int]) -> dict[int, int]:
    return by_company(ReceivedDocument.objects.waiting(), companies)
