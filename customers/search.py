"""Customers as the search finds them: by name, SIREN, SIRET, VAT number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.kernel import typography
from config.kernel.search import SHORTEST, Hit, SearchSection, SearchTerms, declare
from customers.models import Customer


def _find(terms: SearchTerms) -> QuerySet[Customer]:
    rows = Customer.objects.active().customers().matching(terms.text)
    if len(terms.compact) > SHORTEST:
        rows = rows | Customer.objects.active().customers().filter(vat_number__istartswith=terms.compact)
    return rows.order_by("name", "id")


def _hits(rows: Sequence[Customer], _on: date) -> list[Hit]:
    return [
        Hit(row.name, f"SIREN {typography.siren(row.siren)}" if row.siren else row.email, row.get_absolute_url())
        for row in rows
    ]


declare(
    SearchSection(
        area="customers",
        label=_("Clients"),
        kind=_("Client"),
        icon="users",
        list_page="customers:customer-list",
        find=_find,
        hits=_hits,
    )
)
