"""The list of customers as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.kernel.exports import Column, Row
from config.kernel.lists.declared import DeclaredList
from customers.models import Address, AddressKind, Customer
from customers.panels import balances_of

IDENTITY = (
    Column("name", _("Nom")),
    Column("kind", _("Type")),
    Column("siren", "SIREN"),
    Column("siret", "SIRET"),
    Column("vat_number", _("N° de TVA")),
    Column("email", _("Adresse e-mail")),
    Column("phone", _("Téléphone")),
    Column("line", _("Adresse")),
    Column("postcode", _("Code postal")),
    Column("city", _("Ville")),
    Column("country", _("Pays")),
    Column("terms", _("Règlement")),
)


def identity_cells(customers: Sequence[Customer]) -> Iterator[dict[str, Any]]:
    """Who they are and where they are billed; `terms` are selected with them."""
    billed = Address.objects.filter(customer__in=customers, kind=AddressKind.BILLING)
    addresses = {address.customer_id: address for address in billed}
    for customer in customers:
        address = addresses.get(customer.pk)
        yield {
            "name": customer.name,
            "kind": customer.get_kind_display(),
            "terms": customer.terms,
            **{name: getattr(customer, name) for name in ("siren", "siret", "vat_number", "email", "phone")},
            **{name: getattr(address, name, "") for name in ("line", "postcode", "city", "country")},
        }


def _cells(customers: Sequence[Customer]) -> Iterator[Row]:
    owed = balances_of(customers)
    for customer, cells in zip(customers, identity_cells(customers), strict=True):
        yield {**cells, "created": customer.created_at, "owed": owed.get(customer.pk)}


CUSTOMERS = DeclaredList(
    "customers",
    _("Clients"),
    (*IDENTITY, Column("created", _("Créé le"), "date"), Column("owed", _("Reste à payer"), "money")),
    _cells,
    ("name", "kind", "siren", "city", "email", "terms", "owed"),
)
