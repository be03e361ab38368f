"""Runs ordered from the bank, by the other person above the company's limit, and taken back before the bank acts.

All in one transaction: the file (pain.001), its payments, what they settle and their entries. Killed in the middle,
nothing of it stands. Lock order: the run, purchases by key, supplier payments by key, the counters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.purchases.models import PurchaseInvoice
from billing.purchases.settling import lock_purchases
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Stale
from config.kernel.people.limits import check_own_limit
from config.kernel.rows import lock
from payments.models import Method, PaymentRun, PaymentRunLine, RunStatus, SupplierPayment, SupplierShare
from payments.outgoing.ordering import insert_order, seal_order, structured_addresses
from payments.outgoing.pain001 import Transfer
from payments.outgoing.suppliers.entries import Due
from payments.outgoing.suppliers.preparing import (
    PurchaseHeld,
    check_day,
    check_person,
    dues_of,
    give_up,
    held_of,
    live_lines,
    lock_open,
    needs_another_person,
)
from payments.outgoing.suppliers.recording import NothingPaid, insert_payments, payments_of
from payments.outgoing.suppliers.taking_back import cancel_supplier_payment, check_free, lock_payments

MOST_WORDING = 140  # of one transfer (SEPA)


class SamePerson(DomainError):
    code = "same_person"
    message = (
        "%(number)s dépasse le plafond de votre société : une autre personne que celle qui l’a préparé le confirme."
    )


class SubmitFirst(DomainError):
    code = "submit_first"
    message = "%(number)s dépasse le plafond de votre société : soumettez-le d’abord à la confirmation d’un autre."


class OrderTakenBack(DomainError):
    code = "order_taken_back"
    message = (
        "%(number)s est annulé : son fichier ne se remet plus à la banque, ses factures seraient payées deux fois."
    )


@transaction.atomic
def order_run(*, run: PaymentRun, total: Decimal, actor: Actor, at: datetime) -> PaymentRun:
    """Make the file of a run, and record and book its payments. `total` is what the person was shown.

    Each line is looked at again under lock: disputed, paid or with another IBAN since, it holds the run and says so.
    Raises PersonNeeded, RunNotOpen, SubmitFirst, SamePerson, PaymentRunBeyondLimit, Stale, OrderedInThePast,
    PurchaseHeld.
    """
    user_id = check_person(actor)
    locked = lock_open(run)
    _check_confirmed(locked, user_id)
    check_own_limit("payment_run_limit", company_id=locked.company_id, actor=actor, amount=locked.total)
    if locked.total != total:
        raise Stale
    check_day(locked.executes_on, at)
    lines = live_lines(locked)
    purchases = lock_purchases({line.purchase_id for line in lines})
    if not lines:
        raise NothingPaid
    for line in lines:
        line.purchase = purchases[line.purchase_id]
    for key, why in held_of(locked, lines).items():
        held = next(line for line in lines if line.pk == key)
        raise PurchaseHeld(number=str(held.purchase), why=why)
    _order(locked, lines, purchases, user_id, actor=actor, at=at)
    run.refresh_from_db()
    return run


def _check_confirmed(run: PaymentRun, user_id: int) -> None:
    """Raises SubmitFirst, SamePerson."""
    if not needs_another_person(run):
        return
    if user_id == run.prepared_by_id:
        raise SamePerson(number=run.number)
    if run.status == RunStatus.DRAFT:
        raise SubmitFirst(number=run.number)


def _order(
    run: PaymentRun,
    lines: Sequence[PaymentRunLine],
    purchases: dict[int, PurchaseInvoice],
    user_id: int,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    groups = transfers_of(run, lines)
    dues = [dues_of(group, purchases) for group in groups]
    account = run.bank_account
    payments = payments_of(dues, method=Method.TRANSFER, made_on=run.executes_on, bank_account=account, at=at, run=run)
    for payment, group in zip(payments, groups, strict=True):
        payment.iban = group[0].iban
    order = insert_order(account, _transfers(payments, dues), executes_on=run.executes_on, at=at)
    for payment in payments:
        payment.order = order
    insert_payments(payments, dues, actor=actor, at=at)
    seal_order(order, [*payments, *{payment.supplier for payment in payments}], actor=actor, at=at)
    PaymentRunLine.everywhere.filter(run=run, ended_at=None).update(ended_at=at)
    states.move(
        run, RunStatus.ORDERED, tag="payments.run.ordered", actor=actor, at=at, seal=True,
        also=[order, *purchases.values()],
        data={"number": run.number, "total": run.total, "order": order.number, "sha256": order.sha256},
        order=order, ordered_at=at, confirmed_by_id=user_id,
    )  # fmt: skip


def transfers_of(run: PaymentRun, lines: Sequence[PaymentRunLine]) -> list[list[PaymentRunLine]]:
    """The lines of each transfer: all of a supplier's account, or one invoice each. Credit notes need them together."""
    netted = {(line.purchase.supplier_id, line.iban) for line in lines if line.purchase.is_credit_note}
    groups: dict[tuple[int, ...] | tuple[int, str], list[PaymentRunLine]] = {}
    for line in lines:
        account = line.purchase.supplier_id, line.iban
        key = account if run.is_by_supplier or account in netted else (line.pk,)
        groups.setdefault(key, []).append(line)
    return list(groups.values())


def _transfers(payments: Sequence[SupplierPayment], dues: Sequence[Sequence[Due]]) -> list[Transfer]:
    addresses = structured_addresses(payment.supplier_id for payment in payments)
    return [
        Transfer(
            name=payment.supplier.name,
            iban=payment.iban,
            amount=payment.amount,
            wording=wording_of(payment, group),
            end_to_end_id=payment.end_to_end_id,
            address=addresses.get(payment.supplier_id, {}),
        )
        for payment, group in zip(payments, dues, strict=True)
    ]


def wording_of(payment: SupplierPayment, dues: Sequence[Due]) -> str:
    """What the supplier reads: its own reference where it asked for one, else its numbers, as many as there is room."""
    first = dues[0].purchase
    if len(dues) == 1 and first.payment_reference:
        return first.payment_reference[:MOST_WORDING]
    words = payment.number
    for due in dues:
        longer = f"{words} {due.purchase.number}"
        if len(longer) > MOST_WORDING:
            break
        words = longer
    return words


@transaction.atomic
def cancel_run(*, run: PaymentRun, reason: str, actor: Actor, at: datetime) -> PaymentRun:
    """Give a run up, or take an ordered one back before the bank did anything of it: all is as before it.

    Raises PersonNeeded, TransitionRefused, and PaymentMatched, AlreadyTakenBack or PaymentReturned where the bank did.
    """
    check_person(actor)
    locked = lock(run)
    if locked.is_open:
        give_up(locked, reason=reason, actor=actor, at=at)
        run.refresh_from_db()
        return run
    payments = list(SupplierPayment.everywhere.filter(run=locked).order_by("pk"))
    shares = SupplierShare.everywhere.filter(payment__in=payments)
    purchases = lock_purchases(set(shares.values_list("purchase_id", flat=True)))
    for payment in lock_payments(payments).values():
        check_free(payment)
    states.move(
        locked, RunStatus.CANCELLED, tag="payments.run.cancelled", actor=actor, at=at, also=list(purchases.values()),
        data={"number": locked.number, "reason": reason}, cancelled_at=at, cancelled_because=reason[:200],
    )  # fmt: skip
    for payment in payments:
        cancel_supplier_payment(payment=payment, reason=reason, actor=actor, at=at)
    run.refresh_from_db()
    return run
