"""Who bills us: found by identity, never by a name alone; kept among the third parties of `customers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.purchases.ibans import see_iban, trust_first_iban
from billing.purchases.models import SupplierIban, SupplierRule
from billing.purchases.resemblance import plain_name, resembles
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.rows import edit
from customers.models import Customer, CustomerKind
from customers.services import ensure_terms, save_customer

MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class FoundSupplier:
    """The one third party that an identifier names, or those whose names come near for a person to choose from."""

    supplier: Customer | None
    because: str = ""  # siren, vat_number, iban
    candidates: tuple[Customer, ...] = ()


def find_supplier(
    *, company_id: int, siren: str = "", vat_number: str = "", name: str = "", iban: str = ""
) -> FoundSupplier:
    """Whom a document names, by SIREN, VAT number or a confirmed IBAN, in this order; a name gives candidates only.

    A customer that never billed us is found too: recording its first invoice makes it a supplier. An identifier of
    several third parties (establishments of one company) decides where only one of them is a supplier.
    """
    for because, value in (("siren", siren), ("vat_number", vat_number), ("iban", iban)):
        found = _identified(company_id, because, value) if value else []
        known = [row for row in found if row.is_supplier]
        if len(found) == 1 or len(known) == 1:
            return FoundSupplier((known or found)[0], because)
        if found:
            return FoundSupplier(None, because, tuple(found[:MOST_CANDIDATES]))
    return FoundSupplier(None, "", tuple(similar_suppliers(company_id=company_id, name=name)) if name else ())


def _identified(company_id: int, because: str, value: str) -> list[Customer]:
    rows = Customer.everywhere.filter(company_id=company_id).select_related("merged_into")
    if because == "iban":
        trusted = SupplierIban.everywhere.filter(company_id=company_id, iban=value).exclude(confirmed_at=None)
        found = rows.filter(pk__in=trusted.values("supplier_id")).order_by("pk")
    else:
        # whoever is archived is still owed what it bills: it comes after those at work
        found = rows.filter(**{because: value}).order_by("archived_at", "pk")
    return list(dict.fromkeys(row.merged_into or row for row in found))


def similar_suppliers(*, company_id: int, name: str) -> list[Customer]:
    """Suppliers whose names are, or nearly are, this one, the nearest first."""
    rows = Customer.everywhere.filter(company_id=company_id, archived_at=None).suppliers()
    wanted = plain_name(name)
    near = [(row, resembles(wanted, plain_name(row.name))) for row in rows.order_by("pk").iterator(2000)]
    ranked = sorted((pair for pair in near if pair[1]), key=lambda pair: -pair[1])
    return [row for row, _likeness in ranked[:MOST_CANDIDATES]]


@transaction.atomic
def save_supplier(
    *,
    supplier: Customer | None,
    company_id: int,
    values: Mapping[str, Any],
    address: Mapping[str, Any],
    iban: str = "",
    bic: str = "",
    rule: Mapping[str, Any] | None = None,
    actor: Actor,
    at: datetime,
) -> Customer:
    """Create the supplier, or correct the given one, with its address, its IBAN and its rule.

    The first IBAN that a person types for a new supplier is confirmed by that person; any other is only seen. Raises
    Invalid with a sentence per field, CustomerExists, InvalidIdentifier.
    """
    given = {"kind": CustomerKind.ORGANISATION, "siret": "", "siren": "", "vat_number": "", **values}
    if supplier is None:
        given = {"terms": ensure_terms(company_id), "is_customer": False, **given}
    written = {"line": "", "postcode": "", "city": "", "country": "FR", **address}
    row = save_customer(
        customer=supplier,
        company_id=company_id,
        values={**given, "is_supplier": True},
        address=written,
        actor=actor,
        at=at,
    )
    if iban:
        seen = see_iban(supplier=row, iban=iban, bic=bic, seen_in=row.subject, actor=actor, at=at)
        trust_first_iban(seen, actor=actor, at=at)
    if rule is not None:
        save_rule(supplier=row, values=rule, actor=actor, at=at)
    return row


@transaction.atomic
def save_rule(*, supplier: Customer, values: Mapping[str, Any], actor: Actor, at: datetime) -> SupplierRule:
    """How what the supplier bills is booked. Raises Invalid."""
    if values.get("discount_percent") and not values.get("discount_days"):
        raise Invalid(fields={"discount_days": "Indiquez sous combien de jours l’escompte est acquis."})
    stored = SupplierRule.everywhere.select_for_update(no_key=True).filter(supplier=supplier).first()
    rule = stored or SupplierRule(company_id=supplier.company_id, supplier=supplier)
    changed = edit(rule, values)
    data = {"name": supplier.name, "changed": changed}
    audit.record("billing.supplier.rule_saved", subject=supplier, actor=actor, at=at, data=data)
    return rule
