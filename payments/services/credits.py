"""A customer's credit used on its next invoice, when somebody asks: the oldest money first (art. 1342-10 C. civ.)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, QuerySet

from billing.models import Invoice
from billing.services.settling import NothingOutstanding
from config.kernel import typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.money import ZERO
from customers.models import Customer
from payments.models import Allocation, Payment
from payments.services.allocations import Share, allocate_shares, check_amount, lock_invoices, lock_payment

EURO = "EUR"


class NoCredit(DomainError):
    code = "no_credit"
    message = "%(customer)s n’a pas de crédit en %(currency)s à utiliser."


class BeyondWhatIsHeld(DomainError):
    code = "beyond_credit"
    message = "Le crédit de %(customer)s est de %(credit)s : %(amount)s ne peuvent pas être utilisés."


def credit_payments(customer: Customer, *, currency: str = EURO) -> QuerySet[Payment]:
    """The payments of a customer that hold credit, the oldest first."""
    rows: QuerySet[Payment] = Payment.everywhere.filter(
        customer=customer, currency=currency, reverses=None, reversed_at=None, amount__gt=F("allocated")
    )
    return rows.order_by("paid_on", "id")


def credit_of(customer: Customer, *, currency: str = EURO) -> Decimal:
    """What a customer has paid that pays no invoice, in this currency. One query."""
    return sum((payment.unallocated for payment in credit_payments(customer, currency=currency)), ZERO)


@transaction.atomic
def use_credit(*, invoice: Invoice, actor: Actor, at: datetime, amount: Decimal | None = None) -> list[Allocation]:
    """Pay an invoice with its customer's credit: `amount` of it, or as much as there is and the invoice takes.

    Raises NoCredit, BeyondWhatIsHeld, and what `allocate_shares` does: NothingOutstanding, OverAllocated.
    """
    if amount is not None:
        check_amount(amount)
    locked = lock_invoices([invoice])[invoice.pk]
    if not locked.can_be_paid:
        raise NothingOutstanding(number=str(locked))
    found = list(credit_payments(invoice.customer, currency=invoice.currency))
    held = {payment.pk: lock_payment(payment) for payment in sorted(found, key=lambda payment: payment.pk)}
    # in their order, as they stand now that they are locked
    payments = [held[payment.pk] for payment in found if held[payment.pk].unallocated > 0]
    credit = sum((payment.unallocated for payment in payments), ZERO)
    if not credit:
        raise NoCredit(customer=invoice.customer.name, currency=invoice.currency)
    if amount is not None and amount > credit:
        shown, wanted = (typography.money(value, invoice.currency) for value in (credit, amount))
        raise BeyondWhatIsHeld(customer=invoice.customer.name, credit=shown, amount=wanted)
    left = min(credit, locked.balance) if amount is None else amount
    rows: list[Allocation] = []
    for payment in payments:
        part = min(left, payment.unallocated)
        if part > 0:
            rows += allocate_shares(payment=payment, shares=[Share(invoice, part)], actor=actor, at=at)
            left -= part
    invoice.refresh_from_db()
    return rows
