"""A customer’s money on a bank line: a payment recorded with its shares and credits, or one that stands already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from config.kernel import typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.money import ZERO
from payments.debits.standing import mark_collected
from payments.models import CreditUsed, MatchPart, PartKind, Payment
from payments.services.allocations import NotEnoughCredit, Share, allocate_locked, lock_invoices, lock_payment
from payments.services.booking_lines import move_to_bank
from payments.services.changed_money import is_changed, paid_in
from payments.services.decisions import Decision
from payments.services.payments import record_payments
from payments.services.receipts import Receipt
from payments.services.settling_parts import Collected, Found, Received, invoices_of


class CreditNotUsed(NotEnoughCredit):
    message = "Les factures ne prennent que %(usable)s de %(number)s : retirez les %(left)s de trop."


class PaymentNotFree(DomainError):
    code = "payment_not_free"
    message = "%(number)s est annulé, ou déjà rapproché d’une autre ligne pour ce montant."


def receive(received: Sequence[tuple[Decision, Received]], *, actor: Actor, at: datetime) -> list[Payment]:
    """Record the customers' money: the invoices get the older credits first, then what has come in."""
    if not received:
        return []
    receipts = [_receipt(decision, part, _use_credits(decision, part)) for decision, part in received]
    payments = record_payments(receipts, received[0][0].invoices, actor=actor, at=at)
    for (decision, part), payment in zip(received, payments, strict=True):
        decision.received.append((part, payment))
        decision.add(PartKind.PAYMENT, part.amount, payment=payment, is_recorded=True)
        decision.concern(payment, part.customer, *invoices_of([part]))
    return payments


def _receipt(decision: Decision, part: Received, by_credit: dict[int, Decimal]) -> Receipt:
    line = decision.line
    amount, currency, value = part.amount, line.currency, None
    if is_changed(line, part):
        (amount, currency), value = paid_in(line, part), part.amount
    lefts = [(share, share.amount - by_credit[share.invoice.pk]) for share in part.shares]
    return Receipt(
        customer=part.customer,
        amount=amount,
        currency=currency,
        value=value,
        method=part.method,
        # banks date some movements ahead; a payment is never in the future
        paid_on=min(line.booked_on, local_day(decision.at)),
        bank_account=line.account,
        shares=[Share(decision.invoices[share.invoice.pk], left) for share, left in lefts if left],
        wording={"reference": (part.reference or line.structured_reference or line.remittance)[:140]},
    )


def collect_debit(decision: Decision, part: Collected) -> None:
    """Record what the bank collected by a debit of ours. Raises NotOrdered."""
    actor, at = decision.actor, decision.at
    (payment,) = receive([(decision, part.received(decision.invoices))], actor=actor, at=at)
    mark_collected(part.debit, payment, actor=actor, at=at)
    decision.concern(part.debit.invoice)


def _use_credits(decision: Decision, part: Received) -> dict[int, Decimal]:
    """Put the credits on the invoices, in their order; what each invoice got of them. Raises NotEnoughCredit."""
    wanted = {share.invoice.pk: share.amount for share in part.shares}
    given = dict.fromkeys(wanted, ZERO)
    # locked already; read again, for the parts before this one have moved them
    if part.credits:
        decision.invoices.update(lock_invoices(share.invoice for share in part.shares))
    for credit in part.credits:
        payment, left, shares = lock_payment(credit.payment), credit.amount, []
        for key, amount in wanted.items():
            used = min(left, amount - given[key])
            if used > 0:
                shares.append(Share(decision.invoices[key], used))
                given[key], left = given[key] + used, left - used
        if left:
            usable, wanted_text = (typography.money(value, payment.currency) for value in (credit.amount - left, left))
            raise CreditNotUsed(number=payment.number, usable=usable, left=wanted_text)
        rows = allocate_locked(payment, shares, decision.invoices, actor=decision.actor, at=decision.at)
        company_id, match = decision.line.company_id, decision.match
        CreditUsed.everywhere.bulk_create(
            CreditUsed(company_id=company_id, match=match, allocation=row) for row in rows
        )
        decision.concern(payment)
    return given


def find_payment(decision: Decision, part: Found) -> None:
    """Link a payment that stands already, and book it on this bank's account if it was on another."""
    payment = decision.older[part.payment.pk]
    linked = MatchPart.everywhere.filter(payment=payment, match__undone_at=None).aggregate(sum=Sum("amount"))["sum"]
    is_free = payment.can_be_reversed and payment.currency == decision.line.currency
    if not is_free or (linked or ZERO) + part.amount > payment.amount:
        raise PaymentNotFree(number=payment.number)
    move_to_bank(decision.match, decision.line, payment, part.amount, actor=decision.actor, at=decision.at)
    decision.add(PartKind.PAYMENT, part.amount, payment=payment)
    decision.concern(payment, payment.customer)
