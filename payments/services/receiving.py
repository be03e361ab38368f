"""Money received for a given invoice: up to its balance, the rest is the customer's credit; and its correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Unpack

from django.db import transaction
from django.db.models import Q

from billing.models import Invoice
from billing.services.settling import NothingOutstanding, lock_invoice
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Stale
from config.kernel.money import ZERO
from customers.models import Customer
from payments.models import Allocation, MatchPart, Payment
from payments.services.allocations import Share, held_by, lock_invoices, lock_payment, release_allocation, spread
from payments.services.payments import Origin, Wording, record_payment, reverse_payment

EURO = "EUR"
REPLACED = "Encaissement corrigé"


class FromTheBank(DomainError):
    code = "payment_from_bank"
    message = (
        "%(number)s vient d’un relevé bancaire, qui fait foi de son montant, de sa date et de son moyen. "
        "Défaites d’abord le rapprochement."
    )


class NotHeld(DomainError):
    code = "not_allocated"
    message = "%(number)s ne paie pas cette facture."


@transaction.atomic
def pay_invoice(
    *,
    invoice: Invoice,
    amount: Decimal | None,
    method: str,
    paid_on: date,
    actor: Actor,
    at: datetime,
    origin: Origin | None = None,
    **wording: Unpack[Wording],
) -> Payment:
    """Record money received for one invoice: `amount`, or its whole balance when None.

    What is beyond the balance stays the customer's credit. An invoice with no balance refuses it, lest a second
    payment of the same balance be taken for credit. Raises NothingOutstanding, and what recording raises.
    """
    locked = lock_invoice(invoice)
    if not locked.can_be_paid or not locked.balance:
        raise NothingOutstanding(number=str(locked))
    received = locked.balance if amount is None else amount
    return record_payment(
        customer=locked.customer,
        amount=received,
        currency=locked.currency,
        method=method,
        paid_on=paid_on,
        shares=[Share(locked, min(received, locked.balance))],
        origin=origin,
        actor=actor,
        at=at,
        **wording,
    )


@transaction.atomic
def receive_oldest_first(
    *,
    customer: Customer,
    amount: Decimal,
    shares: Sequence[Share],
    method: str,
    paid_on: date,
    actor: Actor,
    at: datetime,
    **wording: Unpack[Wording],
) -> Payment:
    """Record money received from a customer; what `shares` leave goes to its other invoices, the oldest debt first.

    They are locked, so that what each owes still holds when it is paid. Raises what recording raises.
    """
    named, currency = [share.invoice.pk for share in shares], customer.company.currency
    waiting = Invoice.everywhere.outstanding().filter(customer=customer, currency=currency)
    # one statement: two queries would be locked in two orders
    rows = Invoice.everywhere.filter(Q(pk__in=waiting.values("pk")) | Q(pk__in=named))
    locked = list(rows.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    fresh = {row.pk: row for row in locked}
    order = Invoice.everywhere.filter(pk__in=fresh.keys() - set(named)).oldest_debt_first()
    others = [fresh[key] for key in order.values_list("pk", flat=True)]
    left = amount - sum((share.amount for share in shares), ZERO)
    return record_payment(
        customer=customer,
        amount=amount,
        currency=currency,
        method=method,
        paid_on=paid_on,
        shares=[*shares, *spread(left, others)],
        actor=actor,
        at=at,
        **wording,
    )


def lock_held(payment: Payment) -> dict[int, Invoice]:
    """The invoices that hold some of the payment, locked in the order of their keys, fresh."""
    return lock_invoices(Invoice.everywhere.in_bulk(held_by(payment)).values())


@transaction.atomic
def replace_payment(
    *,
    payment: Payment,
    amount: Decimal,
    method: str,
    paid_on: date,
    actor: Actor,
    at: datetime,
    **wording: Unpack[Wording],
) -> Payment:
    """Correct a recorded payment: it is reversed, and a new one pays the same invoices. Returns the new one.

    Each invoice gets what it held, as far as the new amount goes; what is more goes to them up to their balances if
    they held all of the old one, else it stays credit. Raises FromTheBank, AlreadyReversed, Stale, and what recording
    raises.
    """
    held = held_by(payment)
    lock_held(payment)
    locked = lock_payment(payment)
    if MatchPart.everywhere.filter(payment=payment, match__undone_at=None).exists():
        raise FromTheBank(number=payment.number)
    # read before the invoices were locked, since it names them; somebody allocated or released meanwhile
    if held_by(locked) != held:
        raise Stale
    was_spent = not locked.unallocated
    reverse_payment(payment=locked, reason=REPLACED, actor=actor, at=at)
    invoices = lock_invoices(Invoice.everywhere.in_bulk(held).values())
    return record_payment(
        customer=locked.customer,
        amount=amount,
        currency=locked.currency,
        method=method,
        paid_on=paid_on,
        shares=_shares(invoices, held, amount, fill=was_spent),
        actor=actor,
        at=at,
        **wording,
    )


def _shares(
    invoices: Mapping[int, Invoice], held: Mapping[int, Decimal], amount: Decimal, *, fill: bool
) -> list[Share]:
    """What each invoice gets of `amount`: what it held first, then its balance where `fill`."""
    left, parts = amount, dict.fromkeys(sorted(held), Decimal("0.00"))
    for wanted in (held, {key: invoices[key].balance for key in held} if fill else {}):
        for key in sorted(wanted):
            part = min(wanted[key] - parts[key], left)
            if part > 0:
                parts[key] += part
                left -= part
    return [Share(invoices[key], part) for key, part in parts.items() if part]


@transaction.atomic
def release_invoice(*, payment: Payment, invoice: Invoice, reason: str, actor: Actor, at: datetime) -> Allocation:
    """Take back all that the invoice holds of the payment: it is the customer's credit again. Raises NotHeld."""
    lock_invoice(invoice)
    held = held_by(payment).get(invoice.pk)
    if not held:
        raise NotHeld(number=payment.number)
    return release_allocation(payment=payment, invoice=invoice, amount=held, reason=reason, actor=actor, at=at)
