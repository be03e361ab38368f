"""Undoing what was decided of a bank line: the history stays, the figures are as before."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from billing.models import Invoice
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Stale
from config.kernel.money import ZERO
from payments.models import (
    Allocation,
    BankLine,
    BarredPair,
    CreditUsed,
    LineStatus,
    Match,
    MatchPart,
    PartKind,
    Payment,
    Refund,
    WriteOff,
)
from payments.outgoing.refunding import cancel_refund
from payments.outgoing.suppliers.taking_back import cancel_supplier_payment
from payments.services.allocations import held_by, lock_invoices, lock_payment, release_allocation
from payments.services.booking_lines import book_parts, take_back_entries
from payments.services.payments import Origin, reverse_payment
from payments.services.settling_differences import take_back_differences
from payments.services.settling_refunds import lock_refunds
from payments.services.settling_suppliers import lock_recorded

UNDONE = "Rapprochement défait"


class AlreadyUndone(DomainError):
    code = "already_undone"
    message = "Ce rapprochement est déjà défait."


class LineMatched(DomainError):
    code = "line_matched"
    message = "Cette ligne est rapprochée : défaites d’abord le rapprochement."


@transaction.atomic
def undo_match(*, match: Match, reason: str, actor: Actor, at: datetime) -> Match:
    """Take a decision back: what it recorded is reversed, what it found is unlinked, what it booked is booked back.

    The line is open again, or on 471 where the decision had found it. An automatic match undone bars its pairs: the
    same mistake is not made again. Raises AlreadyUndone, Stale where its money was put elsewhere at the same moment.
    """
    invoices = _lock_all([match])
    live: Match | None = (
        Match.everywhere.select_for_update(no_key=True, of=("self",))
        .select_related("line__account", "line__statement", "replaces")
        .filter(pk=match.pk, undone_at=None)
        .first()
    )
    if live is None:
        raise AlreadyUndone
    take_back_differences(live, reason=reason or UNDONE, actor=actor, at=at)
    rows = live.parts.select_related("payment__customer", "refund", "supplier_payment")
    parts = list(rows.order_by("payment_id", "position"))
    for part in parts:
        if part.payment is not None and part.is_recorded and part.payment.can_be_reversed:
            reverse_payment(payment=part.payment, reason=reason or UNDONE, actor=actor, at=at)
    _release_credits(live, reason or UNDONE, actor, at)
    take_back_entries(live, actor=actor, at=at)
    Match.everywhere.filter(pk=live.pk).update(undone_at=at, undone_because=reason[:200])
    for part in parts:
        if part.refund is not None and part.is_recorded and part.refund.is_live:
            cancel_refund(refund=part.refund, reason=reason or UNDONE, actor=actor, at=at)
        paid = part.supplier_payment
        if paid is not None and part.is_recorded and paid.is_live:
            cancel_supplier_payment(payment=paid, reason=reason or UNDONE, actor=actor, at=at)
    if live.is_automatic:
        pairs = [BarredPair(company_id=live.company_id, line=live.line, invoice=row) for row in invoices.values()]
        BarredPair.everywhere.bulk_create(pairs, ignore_conflicts=True)
    to = LineStatus.OPEN
    if live.replaces is not None:
        _suspend_again(live.replaces, live.line, actor, at)
        to = LineStatus.SUSPENSE
    documents = [document for part in parts if (document := part.document) is not None]
    states.move(
        live.line,
        to,
        tag="payments.bank.unmatched",
        actor=actor,
        at=at,
        also=[*documents, *invoices.values()],
        data={"reason": reason, "payment": ", ".join(document.number for document in documents)},
    )
    match.refresh_from_db()
    return match


def _lock_all(matches: Collection[Match]) -> dict[int, Invoice]:
    """All that undoing them touches, before any number is taken: invoices, lines, payments, refunds, purchases and what
    pays them, each by key."""
    invoices = _invoices_of(matches)
    lock_invoices(invoices.values())
    lines = {match.line_id for match in matches}
    list(BankLine.everywhere.select_for_update(no_key=True).filter(pk__in=lines).order_by("pk"))
    recorded = MatchPart.everywhere.filter(match__in=matches, is_recorded=True)
    payments = Payment.everywhere.filter(
        Q(pk__in=recorded.values("payment_id"))
        | Q(refund_shares__refund__in=recorded.values("refund_id"))
        | Q(pk__in=CreditUsed.everywhere.filter(match__in=matches).values("allocation__payment_id"))
        | Q(kept__match__in=matches)
    )
    for payment in sorted(set(payments), key=lambda row: row.pk):
        lock_payment(payment)
    lock_refunds(Refund.everywhere.filter(pk__in=recorded.values("refund_id")))
    lock_recorded(matches)
    # read without lock to know which invoices to lock first: their money pays others since
    if not _invoices_of(matches).keys() <= invoices.keys():
        raise Stale
    return invoices


def _invoices_of(matches: Collection[Match]) -> dict[int, Invoice]:
    """What their payments pay now or paid, what their returns opened again, credits were put on and what they wrote
    off."""
    recorded = MatchPart.everywhere.filter(match__in=matches, is_recorded=True).values("payment_id")
    credited = CreditUsed.everywhere.filter(match__in=matches).values_list("allocation__invoice_id", flat=True)
    keys = set(Allocation.everywhere.filter(payment__in=recorded).values_list("invoice_id", flat=True)) | set(credited)
    returns = Refund.everywhere.filter(match_parts__match__in=matches, match_parts__is_recorded=True)
    keys |= {int(key) for released in returns.values_list("released", flat=True) for key, _part in released}
    written_off = WriteOff.everywhere.filter(match__in=matches).exclude(invoice=None)
    keys |= set(written_off.values_list("invoice_id", flat=True))
    found: dict[int, Invoice] = Invoice.everywhere.in_bulk(keys)
    return found


def _release_credits(match: Match, reason: str, actor: Actor, at: datetime) -> None:
    """Give each older payment back what the decision used of it, as far as its invoice still holds it."""
    used = CreditUsed.everywhere.filter(match=match).select_related("allocation__payment", "allocation__invoice")
    for row in used.order_by("allocation__invoice_id", "allocation__payment_id"):
        payment, invoice = row.allocation.payment, row.allocation.invoice
        amount = min(row.allocation.amount, held_by(payment).get(invoice.pk, ZERO))
        if amount > 0:
            release_allocation(payment=payment, invoice=invoice, amount=amount, reason=reason, actor=actor, at=at)


def _suspend_again(former: Match, line: BankLine, actor: Actor, at: datetime) -> None:
    """The line stood on 471 before the decision that is being undone."""
    match: Match = Match.everywhere.create(
        company_id=line.company_id, line=line, rule=former.rule, evidence=former.evidence, note=former.note,
        is_automatic=former.is_automatic, at=at,
    )  # fmt: skip
    parts = [
        MatchPart(
            company_id=line.company_id, match=match, position=part.position, kind=PartKind.BOOKING, amount=part.amount,
            account=part.account, label=part.label,
        )
        for part in former.parts.order_by("position")
    ]  # fmt: skip
    MatchPart.everywhere.bulk_create(parts)
    book_parts([(match, line, parts)], actor=actor, at=at)


def live_match_of(line: BankLine) -> Match | None:
    """What explains the line now."""
    match: Match | None = Match.everywhere.filter(line=line, undone_at=None).select_related("line").first()
    return match


@transaction.atomic
def take_back_payment(
    *, payment: Payment, reason: str, actor: Actor, at: datetime, origin: Origin | None = None
) -> Payment:
    """Reverse a payment, and open again the bank lines it explains. Raises AlreadyReversed, Stale."""
    linked = MatchPart.everywhere.filter(payment=payment, match__undone_at=None).select_related("match")
    parts = list(linked.order_by("match__line_id"))
    matches = [part.match for part in parts]
    lock_invoices([*_invoices_of(matches).values(), *Invoice.everywhere.in_bulk(held_by(payment)).values()])
    _lock_all(matches)
    lock_payment(payment)
    # found on a bank line at the same moment: reversed alone, it would still explain that line
    if set(linked.values_list("pk", flat=True)) != {part.pk for part in parts}:
        raise Stale
    recorded_here = False
    for part in parts:
        undo_match(match=part.match, reason=reason, actor=actor, at=at)
        recorded_here |= part.is_recorded
    if not recorded_here:
        return reverse_payment(payment=payment, reason=reason, actor=actor, at=at, origin=origin)
    payment.refresh_from_db()
    reversal: Payment = Payment.everywhere.get(reverses=payment)
    return reversal


@transaction.atomic
def reopen_line(*, line: BankLine, actor: Actor, at: datetime) -> BankLine:
    """Take up again a line on 471, or one the bank took back. Raises LineMatched, TransitionRefused, Stale."""
    line.refresh_from_db(fields=["status"])
    if line.status == LineStatus.MATCHED:
        raise LineMatched
    match = live_match_of(line)
    if match is not None:
        undo_match(match=match, reason="Ligne rouverte", actor=actor, at=at)
        line.refresh_from_db(fields=["status"])
        return line
    states.move(line, LineStatus.OPEN, tag="payments.bank.reopened", actor=actor, at=at)
    return line


@transaction.atomic
def void_line(*, line: BankLine, reason: str, actor: Actor, at: datetime) -> BankLine:
    """The bank itself took the movement back: it never was money. Raises TransitionRefused, Stale."""
    states.move(line, LineStatus.VOID, tag="payments.bank.voided", actor=actor, at=at, data={"reason": reason})
    return line
