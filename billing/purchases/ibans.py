"""The accounts that suppliers ask to be paid on: seen by the product, confirmed by a person only.

The most common fraud is a true invoice with another IBAN: nothing is paid to an account that no person has confirmed,
preferably by calling the supplier at a number known before.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.models import PurchaseInvoice
from billing.purchases.models import PurchaseQuerySet, SupplierIban
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, NotAllowed
from config.kernel.identifiers import bic as bic_number
from config.kernel.identifiers import iban as iban_number
from config.kernel.rows import lock
from customers.models import Customer

NEW, CHANGED = "iban_new", "iban_changed"


class PersonNeeded(NotAllowed):
    code = "person_needed"
    message = "Seule une personne peut le décider : ouvrez la fiche et vérifiez par vous-même."


class IbanRejected(DomainError):
    code = "iban_rejected"
    message = "L’IBAN %(iban)s a été écarté : il ne se confirme plus."


def check_person(actor: Actor) -> None:
    """Raises PersonNeeded for the clock, a platform, a partner's key or the product itself."""
    if actor.kind != "USER" or actor.user_id is None:
        raise PersonNeeded


@transaction.atomic
def see_iban(
    *,
    supplier: Customer,
    iban: str,
    bic: str = "",
    holder: str = "",
    seen_in: str = "",
    actor: Actor,
    at: datetime,
) -> SupplierIban:
    """The supplier's row of this IBAN, made where it is new, without any trust. Raises InvalidIban, InvalidBic."""
    number = iban_number.validate(iban)
    row, made = SupplierIban.everywhere.get_or_create(
        supplier=supplier,
        iban=number,
        defaults={
            "company_id": supplier.company_id,
            "bic": bic_number.validate(bic) if bic else "",
            "holder": holder[:70],
            "seen_at": at,
            "seen_in": seen_in[:60],
        },
    )
    if made:
        data = {"iban": ends_of(number), "name": supplier.name}
        audit.record("billing.supplier.iban_seen", subject=supplier, actor=actor, at=at, data=data)
    return row


def doubt_of_iban(*, supplier: Customer, iban: str) -> str:
    """'' for an account that a person has confirmed; iban_new where none is yet, iban_changed where another one is."""
    known = dict(SupplierIban.everywhere.filter(supplier=supplier).values_list("iban", "confirmed_at"))
    if known.get(iban) is not None:
        return ""
    rejected = SupplierIban.everywhere.filter(supplier=supplier, iban=iban).exclude(rejected_at=None).exists()
    return CHANGED if rejected or any(known.values()) else NEW


@transaction.atomic
def confirm_iban(*, iban: SupplierIban, actor: Actor, at: datetime) -> SupplierIban:
    """A person has made sure that the account is the supplier's: what asks to be paid there is doubted no more for it.

    Raises PersonNeeded, IbanRejected.
    """
    check_person(actor)
    row = lock(iban)
    if row.rejected_at is not None:
        raise IbanRejected(iban=ends_of(row.iban))
    if row.confirmed_at is not None:
        return row
    row.confirmed_at, row.confirmed_by_id = at, actor.user_id
    row.save(update_fields=["confirmed_at", "confirmed_by"])
    for purchase in asking(row).select_for_update(no_key=True, of=("self",)).order_by("pk"):
        purchase.doubts = [doubt for doubt in purchase.doubts if doubt not in {NEW, CHANGED}]
        purchase.save(update_fields=["doubts"])
    data = {"iban": ends_of(row.iban), "name": row.supplier.name}
    audit.record("billing.supplier.iban_confirmed", subject=row.supplier, actor=actor, at=at, data=data)
    return row


def trust_first_iban(row: SupplierIban, *, actor: Actor, at: datetime) -> None:
    """Confirm the only account of a supplier where a person has just typed it; any other waits for its confirmation."""
    others = SupplierIban.everywhere.filter(supplier_id=row.supplier_id).exclude(pk=row.pk).exists()
    if actor.kind == "USER" and not others and row.seen_at == at:
        confirm_iban(iban=row, actor=actor, at=at)


def asking(row: SupplierIban) -> PurchaseQuerySet:
    return PurchaseInvoice.everywhere.filter(supplier_id=row.supplier_id, iban=row.iban, booked_on=None)


def ends_of(iban: str) -> str:
    return f"{iban[:4]}…{iban[-4:]}"
