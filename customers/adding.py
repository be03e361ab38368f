"""Many third parties at once, as a list from other software brings them: what `save_customer` does of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.models import Company
from customers.models import Address, AddressKind, Contact, Customer
from customers.services import save_customer


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """`identity` as `clean_identity` gives it; `contact`: the name of a person there, '' for none."""

    identity: Mapping[str, Any]
    address: Mapping[str, str]
    contact: str = ""
    given: frozenset[str] = field(default_factory=frozenset)  # the columns of the list that said something


@transaction.atomic
def add_customers(*, company: Company, rows: Sequence[NewCustomer], actor: Actor, at: datetime) -> list[Customer]:
    """Create them all, in this order. Raises IntegrityError where one bears what another bears already."""
    created = timezone.now()
    customers = [Customer(company=company, created_at=created, **row.identity) for row in rows]
    Customer.everywhere.bulk_create(customers)
    pairs = list(zip(customers, rows, strict=True))
    Address.everywhere.bulk_create(
        Address(company=company, customer=customer, kind=AddressKind.BILLING, **row.address) for customer, row in pairs
    )
    Contact.everywhere.bulk_create(
        Contact(company=company, customer=customer, name=row.contact) for customer, row in pairs if row.contact
    )
    for tag, is_customer in (("customers.customer.created", True), ("customers.supplier.created", False)):
        of_tag = [customer for customer in customers if customer.is_customer is is_customer]
        happenings = [audit.Happening(subject=row, data={"name": row.name, "changed": []}) for row in of_tag]
        if happenings:
            audit.record_all(tag, happenings, actor=actor, at=at)
    return customers


@transaction.atomic
def complete_customer(*, customer: Customer, row: NewCustomer, actor: Actor, at: datetime) -> Customer:
    """Write what the list says of a known one; what it does not say stays. Raises Invalid, CustomerExists."""
    kept = {name: getattr(customer, name) for name in row.identity if name not in ("is_customer", "is_supplier")}
    said = {name: value for name, value in row.identity.items() if name in row.given}
    if customer.electronic_address:
        # the row's is only deduced from its SIREN
        said.pop("electronic_address", None)
    sides = {name: getattr(customer, name) or bool(row.identity[name]) for name in ("is_customer", "is_supplier")}
    billing = Address.objects.filter(customer=customer, kind=AddressKind.BILLING).first()
    names = ("line", "extra", "postcode", "city", "country")
    address = {name: getattr(billing, name) if billing else row.address[name] for name in names}
    address |= {name: row.address[name] for name in names if name in row.given}
    return save_customer(
        customer=customer,
        company_id=customer.company_id,
        values={**kept, **said, **sides},
        address=address,
        actor=actor,
        at=at,
    )
