"""Two records of one customer become one: what is going to be billed follows, what was issued stays as it was.

What is frozen (issued documents, payments, entries) keeps the record that it was made for: that record is archived and
says where it went. An app above registers, in its AppConfig.ready, what holds a merge up and what follows it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Stale
from config.kernel.rows import edit
from customers.models import Address, AddressKind, Contact, Customer
from customers.services import CustomerExists, check_active, clean_identity

Blocks = Callable[[Customer], Iterable[str]]  # a French sentence for each thing that is in flight
Follows = Callable[[Customer, Customer], Mapping[str, int]]  # kept, absorbed → how many rows of what moved

_blocks: list[Blocks] = []
_follows: list[Follows] = []

# what may be chosen, as people read it; a group goes together
CHOICES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "name": (_("Nom"), ("name", "first_name", "last_name")),
    "siret": (_("SIREN et SIRET"), ("siren", "siret", "is_public_body", "service_code", "requires_service_code",
                                    "requires_commitment", "electronic_address")),
    "vat_number": (_("N° de TVA"), ("vat_number",)),
    "email": (_("Adresse e-mail"), ("email",)),
    "phone": (_("Téléphone"), ("phone",)),
    "terms": (_("Conditions de règlement"), ("terms",)),
    "exemption_code": (_("Motif d’exonération de TVA"), ("exemption_code",)),
    "group": (_("Groupe de clients"), ("group",)),
    "notes": (_("Notes internes"), ("notes",)),
}  # fmt: skip
ADDRESS = "address"


class SameCustomer(DomainError):
    code = "same_customer"
    message = "Choisissez deux fiches différentes de la société."


class MixedKinds(DomainError):
    code = "mixed_kinds"
    message = "Une organisation et un particulier ne se réunissent pas : ce sont deux clients."


class InFlight(DomainError):
    """`reasons`: French sentences, one for each thing that must end first."""

    code = "customer_in_flight"
    message = "« %(name)s » ne peut pas encore être réunie : %(reasons)s"

    def __init__(self, *, name: str, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__(name=name, reasons=" ".join(reasons))


def register(*, blocks: Blocks | None = None, follows: Follows | None = None) -> None:
    """Called once by each app that has rows of customers."""
    _blocks.extend(filter(None, [blocks]))
    _follows.extend(filter(None, [follows]))


def check_mergeable(kept: Customer, absorbed: Customer) -> None:
    """Raises SameCustomer, MixedKinds, CustomerArchived, InFlight."""
    if kept.pk == absorbed.pk or kept.company_id != absorbed.company_id:
        raise SameCustomer
    if kept.kind != absorbed.kind:
        raise MixedKinds
    check_active(kept)
    check_active(absorbed)
    if reasons := [reason for block in _blocks for reason in block(absorbed)]:
        raise InFlight(name=absorbed.name, reasons=reasons)


def shown_of(kept: Customer, absorbed: Customer) -> str:
    """Stands for both records as they are: what is confirmed is what was shown."""
    names = sorted(name for _label, columns in CHOICES.values() for name in columns)
    facts = [[str(getattr(row, name)) for name in names] for row in (kept, absorbed)]
    facts += [[str(row)] for row in (billing_of(kept), billing_of(absorbed))]
    return hashlib.sha256(repr((kept.pk, absorbed.pk, facts)).encode()).hexdigest()[:32]


def billing_of(customer: Customer) -> Address | None:
    return Address.objects.filter(customer=customer, kind=AddressKind.BILLING).first()


@transaction.atomic
def merge_customers(
    *, kept: Customer, absorbed: Customer, chosen: Collection[str], shown: str, actor: Actor, at: datetime
) -> Customer:
    """`kept` takes those of CHOICES (and `address`) that are `chosen` from `absorbed`, which is archived.

    It is not undone: what followed stays. Raises as check_mergeable, Invalid, CustomerExists, Stale when `shown` is
    another print.
    """
    keys = sorted({kept.pk, absorbed.pk})
    # in one order: two who merge the same two the other way round do not wait in a circle
    rows = Customer.everywhere.select_for_update(no_key=True, of=("self",)).filter(pk__in=keys).order_by("pk")
    found = {row.pk: row for row in rows.select_related("terms")}
    kept, absorbed = found[kept.pk], found[absorbed.pk]
    check_mergeable(kept, absorbed)
    if shown_of(kept, absorbed) != shown:
        raise Stale
    taken = {name: getattr(absorbed, name) for choice in chosen if choice in CHOICES for name in CHOICES[choice][1]}
    _retire(absorbed, kept, at, gives_its_siret="siret" in taken)
    _write(kept, absorbed, taken)
    moved = _contacts(kept, absorbed, whole=ADDRESS in chosen)
    for follow in _follows:
        moved |= follow(kept, absorbed)
    data = {"name": absorbed.name, "taken": sorted(chosen), "moved": {key: n for key, n in moved.items() if n}}
    audit.record("customers.customer.merged", subject=kept, also=[absorbed], actor=actor, at=at, data=data)
    return kept


def _retire(absorbed: Customer, kept: Customer, at: datetime, *, gives_its_siret: bool) -> None:
    """Archived, and known as the other. A SIRET is borne once: where it is taken, this record has none any more."""
    bare = {"siret": "", "is_public_body": False, "requires_service_code": False} if gives_its_siret else {}
    Customer.everywhere.filter(merged_into=absorbed).update(merged_into=kept)
    Customer.everywhere.filter(pk=absorbed.pk).update(merged_into=kept, archived_at=at, **bare)


def _write(kept: Customer, absorbed: Customer, taken: Mapping[str, Any]) -> None:
    sides = {name: getattr(kept, name) or getattr(absorbed, name) for name in ("is_customer", "is_supplier")}
    columns = ["kind", *(name for _label, names in CHOICES.values() for name in names)]
    clean = clean_identity({name: getattr(kept, name) for name in columns} | dict(taken))
    try:
        with transaction.atomic():
            edit(kept, clean | sides)
    except IntegrityError as error:
        if "one_customer_per_siret" in str(error):
            raise CustomerExists(fields={"siret": CustomerExists.message}) from error
        raise


def _contacts(kept: Customer, absorbed: Customer, *, whole: bool) -> dict[str, int]:
    """Contacts follow; of addresses the billing one where it is chosen, the delivery one where the other has none."""
    moved = {"contacts": Contact.objects.filter(customer=absorbed).update(customer=kept)}
    there = billing_of(absorbed)
    if whole and there is not None:
        # swapped: each record has one, and issued documents have copies of their own
        mine = {name: getattr(there, name) for name in ("line", "extra", "postcode", "city", "country")}
        Address.objects.update_or_create(
            customer=kept, kind=AddressKind.BILLING, defaults={"company_id": kept.company_id, **mine}
        )
    deliveries = Address.objects.filter(kind=AddressKind.DELIVERY)
    if not deliveries.filter(customer=kept).exists():
        moved["addresses"] = deliveries.filter(customer=absorbed).update(customer=kept)
    return moved
