"""Supplier payments taken back: one that is cancelled, a transfer that the bank gave back. Purchases are open again.

Lock order: purchases by key, then the payment, then the counters.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from billing.purchases.settling import lock_purchases
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from payments.dates import check_not_ancient
from payments.models import BankAccount, MatchPart, SupplierPayment, SupplierPaymentKind, SupplierShare
from payments.outgoing.suppliers.entries import Due
from payments.outgoing.suppliers.recording import PaidInTheFuture, announce_taken_back, insert_payments, write_shares


class AlreadyTakenBack(DomainError):
    code = "supplier_payment_cancelled"
    message = "%(number)s est déjà annulé."


class PaymentMatched(DomainError):
    code = "supplier_payment_matched"
    message = "%(number)s est rapproché d’une ligne bancaire : défaites d’abord le rapprochement."


class PaymentReturned(DomainError):
    code = "supplier_payment_returned"
    message = "%(number)s est déjà revenu de la banque (%(by)s)."


class NotReturnable(DomainError):
    code = "supplier_payment_not_returnable"
    message = "%(number)s ne peut pas revenir : il est annulé, ou c’est lui-même un retour."


def lock_payments(payments: Iterable[SupplierPayment | int]) -> dict[int, SupplierPayment]:
    """Supplier payments as they are now, by key, locked in the order of their keys."""
    keys = {row if isinstance(row, int) else row.pk for row in payments}
    if not keys:
        return {}
    rows = SupplierPayment.everywhere.filter(pk__in=keys).select_related("supplier", "returns").order_by("pk")
    return {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",))}


def locked_dues(payment: SupplierPayment) -> list[Due]:
    """What a payment or return settled when it was made, on its purchases, locked."""
    sign = Q(amount__lt=0) if payment.is_return else Q(amount__gt=0)
    shares = list(SupplierShare.everywhere.filter(sign, payment=payment).order_by("id"))
    purchases = lock_purchases({share.purchase_id for share in shares})
    return [Due(purchases[share.purchase_id], share.amount, share.discount) for share in shares]


@transaction.atomic
def cancel_supplier_payment(*, payment: SupplierPayment, reason: str, actor: Actor, at: datetime) -> SupplierPayment:
    """Take a payment back whole, or a return: the opposite is booked, its purchases are as before it.

    Raises AlreadyTakenBack, PaymentMatched, PaymentReturned; PaidTwice where what came back was paid again.
    """
    dues = locked_dues(payment)
    locked = lock_payments([payment])[payment.pk]
    check_free(locked)
    SupplierPayment.everywhere.filter(pk=locked.pk).update(cancelled_at=at, cancelled_because=reason[:200])
    locked.refresh_from_db(fields=["cancelled_at", "cancelled_because"])
    opposite = [due.taken_back() for due in reversed(dues)]
    write_shares([locked], [opposite], actor=actor, at=at)
    told = locked.returns if locked.is_return else locked
    announce_taken_back(told, opposite, on=local_day(at), actor=actor, at=at)
    audit.record(
        "payments.supplier_payment.cancelled",
        subject=locked,
        also=[locked.supplier, *(due.purchase for due in dues)],
        actor=actor,
        at=at,
        data={"number": locked.number, "amount": locked.amount, "reason": reason},
    )
    payment.refresh_from_db()
    return payment


def check_free(payment: SupplierPayment) -> None:
    """A locked payment that nothing stands on. Raises AlreadyTakenBack, PaymentMatched, PaymentReturned."""
    if not payment.is_live:
        raise AlreadyTakenBack(number=payment.number)
    if is_matched(payment):
        raise PaymentMatched(number=payment.number)
    returned = SupplierPayment.everywhere.filter(returns=payment, cancelled_at=None).first()
    if returned is not None:
        raise PaymentReturned(number=payment.number, by=returned.number)


def is_matched(payment: SupplierPayment) -> bool:
    """A bank line shows it."""
    return bool(MatchPart.everywhere.filter(supplier_payment=payment, match__undone_at=None).exists())


@transaction.atomic
def return_supplier_payment(
    *,
    payment: SupplierPayment,
    returned_on: date,
    reason: str,
    actor: Actor,
    at: datetime,
    bank_account: BankAccount | None = None,
) -> SupplierPayment:
    """The bank gave a transfer back, whole (R-transaction), on the account it left or on `bank_account`.

    Its purchases are to be paid again. Raises PaidInTheFuture, PaidTooLongAgo, NotReturnable, PaymentReturned.
    """
    if returned_on > local_day(at):
        raise PaidInTheFuture(fields={"returned_on": PaidInTheFuture.message})
    check_not_ancient(returned_on, "returned_on")
    dues = locked_dues(payment)
    locked = lock_payments([payment])[payment.pk]
    if not locked.is_live or locked.is_return:
        raise NotReturnable(number=locked.number)
    returned = SupplierPayment.everywhere.filter(returns=locked, cancelled_at=None).first()
    if returned is not None:
        raise PaymentReturned(number=locked.number, by=returned.number)
    row = SupplierPayment(
        company_id=locked.company_id,
        kind=SupplierPaymentKind.RETURN,
        supplier=locked.supplier,
        amount=locked.amount,
        currency=locked.currency,
        method=locked.method,
        iban=locked.iban,
        bank_account=bank_account or locked.bank_account,
        account=bank_account.ledger_account if bank_account else locked.account,
        reference=reason[:140],
        made_on=returned_on,
        returns=locked,
        at=at,
    )
    opposite = [due.taken_back() for due in reversed(dues)]
    insert_payments([row], [opposite], actor=actor, at=at)
    announce_taken_back(locked, opposite, on=returned_on, actor=actor, at=at)
    return row
