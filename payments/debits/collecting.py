"""Debits that the bank credits, one by one or a batch in one line, and those that it takes back (R-transactions)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef

from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from config.kernel.money import ZERO
from payments.debits.reasons import REASONS, reason_of
from payments.models import BankLine, DebitStatus, DirectDebit, LineStatus, Match, MatchPart, Method
from payments.outgoing.refunding import return_payment
from payments.services.allocations import Share, lock_invoices
from payments.services.settling import settle_line
from payments.services.settling_parts import Received

RULE = "debit"


class NotOrdered(DomainError):
    code = "debit_not_ordered"
    message = "Ce prélèvement n’attend plus d’argent de la banque."


class UnknownReturnCode(Invalid):
    code = "unknown_return_code"
    message = "Choisissez le motif que la banque a donné."


def debits_of(line: BankLine) -> list[DirectDebit]:
    """The ordered debits that the line credits to the cent: its own end-to-end id, or a batch of one of our orders.

    Of a batch, those that were rejected before the credit are no longer waited for. Empty where none is proven.
    """
    if line.amount <= 0:
        return []
    waiting = DirectDebit.everywhere.filter(company=line.company_id, status=DebitStatus.ORDERED)
    waiting = waiting.select_related("invoice", "mandate__customer", "order").order_by("pk")
    text = _text(line)
    own = [debit for debit in waiting.filter(amount=line.amount) if debit.end_to_end_id in text]
    if own:
        return own[:1]
    batches: dict[object, list[DirectDebit]] = {}
    for debit in waiting:
        if debit.order and debit.order.number in text and debit.order.bank_account_id == line.account_id:
            batches.setdefault(debit.order_id, []).append(debit)
            batches.setdefault((debit.order_id, debit.sequence, debit.collected_on), []).append(debit)
    fitting = [rows for rows in batches.values() if sum((row.amount for row in rows), ZERO) == line.amount]
    # an order of one batch is found twice, the same; of two batches of one amount either may be meant
    return fitting[0] if fitting and all(rows == fitting[0] for rows in fitting) else []


def _text(line: BankLine) -> str:
    return f"{line.end_to_end_id} {line.bank_reference} {line.structured_reference} {line.remittance}".upper()


@transaction.atomic
def collect_debits(
    *, line: BankLine, debits: Iterable[DirectDebit], is_automatic: bool, actor: Actor, at: datetime
) -> Match:
    """Record what the bank collected: each invoice is paid as far as it still asks for money.

    What it no longer asks for (paid by transfer, or credited after the file) is the customer's credit. Raises
    NotOrdered, and what settling a line raises.
    """
    wanted = list(debits)
    invoices = lock_invoices(debit.invoice for debit in wanted)
    rows = DirectDebit.everywhere.select_for_update(no_key=True, of=("self",)).filter(
        pk__in=[debit.pk for debit in wanted], status=DebitStatus.ORDERED
    )
    found = list(rows.select_related("invoice", "mandate__customer").order_by("pk"))
    if len(found) < len(wanted) or not found:
        raise NotOrdered
    parts = [_received(debit, invoices[debit.invoice_id].balance) for debit in found]
    evidence = [{"kind": "debit", "value": debit.end_to_end_id} for debit in found[:20]]
    match = settle_line(
        line=line, parts=parts, rule=RULE, evidence=evidence, is_automatic=is_automatic, actor=actor, at=at
    )
    recorded = MatchPart.everywhere.filter(match=match).select_related("payment").order_by("position")
    for debit, part in zip(found, recorded, strict=True):
        states.move(
            debit, DebitStatus.COLLECTED, tag="payments.debit.collected", actor=actor, at=at,
            also=[debit.invoice, debit.mandate.customer], payment=part.payment,
            data={"amount": debit.amount, "invoice": debit.invoice.number},
        )  # fmt: skip
    return match


def _received(debit: DirectDebit, balance: Decimal) -> Received:
    part = min(debit.amount, balance)
    shares = [Share(debit.invoice, part)] if part > 0 and debit.invoice.status == "ISSUED" else []
    return Received(
        customer=debit.mandate.customer,
        amount=debit.amount,
        shares=shares,
        method=Method.DIRECT_DEBIT,
        reference=debit.end_to_end_id,
    )


def collect_lines(*, company: Company, actor: Actor, at: datetime) -> int:
    """Match every open line that credits our debits to the cent; how many. What a person undid stays undone."""
    if not DirectDebit.everywhere.filter(company=company, status=DebitStatus.ORDERED).exists():
        return 0

    def collect(line: BankLine) -> int:
        debits = debits_of(line)
        if not debits:
            return 0
        collect_debits(line=line, debits=debits, is_automatic=True, actor=actor, at=at)
        return 1

    lines = BankLine.everywhere.filter(company=company, status=LineStatus.OPEN, amount__gt=0)
    undone = Match.everywhere.filter(company=company, line=OuterRef("pk"), undone_at__isnull=False)
    lines = lines.exclude(Exists(undone)).select_related("account", "statement").order_by("booked_on", "id")
    return sum(treat_each(lines, collect, loop="encaissement des prélèvements", at=at))


@transaction.atomic
def return_debit(*, debit: DirectDebit, code: str, returned_on: date, actor: Actor, at: datetime) -> DirectDebit:
    """The bank refused it, or took back what it had paid: then the money is booked back and the invoice is open again.

    A refusal before any credit moves no money. Raises NotOrdered, UnknownReturnCode, and what returning a payment
    raises.
    """
    if code not in REASONS:
        raise UnknownReturnCode(fields={"code": UnknownReturnCode.message})
    lock_invoices([debit.invoice])
    debit.refresh_from_db()
    if debit.status not in (DebitStatus.ORDERED, DebitStatus.COLLECTED):
        raise NotOrdered
    if debit.payment is not None:
        reason = f"{code} – {reason_of(code).sentence}"
        return_payment(
            payment=debit.payment, amount=debit.amount, returned_on=returned_on, reason=reason, actor=actor, at=at
        )
    _mark_returned(debit, code, returned_on, actor=actor, at=at)
    return debit


def taken_back(line: BankLine) -> DirectDebit | None:
    """The collected debit that the line takes back to the cent, by its end-to-end id."""
    if line.amount >= 0:
        return None
    text = _text(line)
    rows = DirectDebit.everywhere.filter(company=line.company_id, status=DebitStatus.COLLECTED, amount=-line.amount)
    return next((debit for debit in rows if debit.end_to_end_id in text), None)


def _mark_returned(debit: DirectDebit, code: str, day: date, *, actor: Actor, at: datetime) -> None:
    """The debit came back: its invoice may be debited again, and its reason waits on the home page."""
    states.move(
        debit, DebitStatus.RETURNED, tag="payments.debit.returned", actor=actor, at=at,
        also=[debit.invoice, debit.mandate.customer, debit.mandate],
        data={
            "amount": debit.amount, "invoice": debit.invoice.number, "code": code,
            "reason": reason_of(code).sentence,
        },
        return_code=code, returned_on=day,
    )  # fmt: skip


@transaction.atomic
def handle_return(*, debit: DirectDebit, actor: Actor, at: datetime) -> DirectDebit:
    """A person has done what was to be done about it. Twice changes nothing."""
    rows = DirectDebit.everywhere.filter(pk=debit.pk, status=DebitStatus.RETURNED, handled_at=None)
    if rows.update(handled_at=at):
        audit.record(
            "payments.debit.handled", subject=debit, also=[debit.invoice], actor=actor, at=at,
            data={"invoice": debit.invoice.number},
        )  # fmt: skip
    debit.refresh_from_db()
    return debit
