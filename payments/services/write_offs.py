"""Differences settled: what remains of an invoice written off, what is too much of a payment kept as income.

No money comes: nothing is declared as received (212), and dunning has nothing left to ask for. Each is booked at once,
with VAT back where the law lets: a discount the customer is told of, a loss that is proven (CGI 272-1,
BOI-TVA-DED-40-10-20). Lock order: invoices by key, then payments by key, then the counters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from billing import exchange, ledger
from billing.ledger import Entry, Posting
from billing.ledger.vat.moving import Settled, given_back_postings, move_settled_vat
from billing.models import Invoice, Journal, JournalLine
from billing.services.settling import NothingOutstanding, count_write_off, lock_invoice
from billing.sharing import split_vat
from billing.standing_vat import standing_vat
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO, round2
from config.kernel.people.limits import check_own_limit
from payments.models import Match, Payment, WriteOff, WriteOffReason
from payments.services.allocations import NotEnoughCredit, check_amount, lock_payment
from payments.services.exchange import value_of, value_of_last
from payments.services.write_off_limits import check_may_write_off

LOST: dict[str, str] = {
    WriteOffReason.BANK_FEE: ledger.BANK_FEES,
    WriteOffReason.ROUNDING: ledger.OTHER_CHARGES,
    WriteOffReason.DISCOUNT: ledger.DISCOUNTS_GRANTED,
    WriteOffReason.LOSS: ledger.BAD_DEBTS,
    WriteOffReason.EXCHANGE: ledger.TRADE_EXCHANGE_LOSS,
}
GAINED: dict[str, str] = {
    WriteOffReason.ROUNDING: ledger.OTHER_INCOME,
    WriteOffReason.EXCHANGE: ledger.TRADE_EXCHANGE_GAIN,
}
# a fee, a rounding or a rate of exchange takes nothing off the price: VAT is due on the whole
WITH_VAT = frozenset({WriteOffReason.DISCOUNT, WriteOffReason.LOSS})


class VatNotGivenBack(Invalid):
    code = "vat_not_given_back"
    message = "La TVA reste due pour ce motif : seuls un escompte ou une créance irrécouvrable la réduisent."


class ProofMissing(Invalid):
    code = "proof_missing"
    message = (
        "Dites ce qui prouve que la créance est définitivement perdue : jugement de liquidation, "
        "certificat d’irrécouvrabilité, poursuites sans effet."
    )


class DepositNotLost(DomainError):
    code = "deposit_not_lost"
    message = "%(number)s est un acompte : s’il n’est pas payé, annulez-le par un avoir."


class NotAGain(Invalid):
    code = "not_a_gain"
    message = "Un trop-perçu se garde comme arrondi ou comme écart de change, jamais pour un autre motif."


class AlreadyTakenBack(DomainError):
    code = "write_off_taken_back"
    message = "Cette différence est déjà annulée."


@transaction.atomic
def write_off(
    *,
    invoice: Invoice,
    amount: Decimal,
    reason: str,
    with_vat: bool,
    note: str,
    actor: Actor,
    at: datetime,
    match: Match | None = None,
) -> WriteOff:
    """Settle `amount` of what remains of an invoice without money, in its currency, and book it.

    Raises AmountNotPositive, FractionOfACent, NothingOutstanding, OverAllocated, VatNotGivenBack, ProofMissing,
    DepositNotLost, NotAllowed, BeyondLimit, WriteOffBeyondLimit.
    """
    check_amount(amount)
    _check_reason(invoice, reason, with_vat=with_vat, note=note)
    locked = lock_invoice(invoice)
    if not locked.can_be_paid:
        raise NothingOutstanding(number=str(locked))
    _check_limit(locked, amount, reason, actor)
    count_write_off(locked=locked, amount=amount, actor=actor, at=at)
    vat = vat_given_back(locked, amount) if with_vat else {}
    row: WriteOff = WriteOff.everywhere.create(
        company_id=locked.company_id,
        invoice=locked,
        match=match,
        amount=amount,
        vat={f"{rate.normalize():f}": f"{part:f}" for rate, part in vat.items()},
        vat_amount=sum(vat.values(), ZERO),
        reason=reason,
        account=LOST[reason],
        note=note[:300],
        at=at,
    )
    _seal("payments.write_off.written", row, actor=actor, at=at)
    _book(row, _written_off(row), actor=actor, at=at)
    _move_waiting_vat(row, locked, actor=actor, at=at)
    return row


def _check_reason(invoice: Invoice, reason: str, *, with_vat: bool, note: str) -> None:
    if reason not in LOST:
        raise Invalid(fields={"reason": Invalid.message})
    if with_vat and reason not in WITH_VAT:
        raise VatNotGivenBack(fields={"with_vat": VatNotGivenBack.message})
    if reason == WriteOffReason.LOSS and invoice.is_deposit:
        raise DepositNotLost(number=str(invoice))
    if reason == WriteOffReason.LOSS and not note.strip():
        raise ProofMissing(fields={"note": ProofMissing.message})


def _check_limit(of: Invoice | Payment, amount: Decimal, reason: str, actor: Actor) -> None:
    """Several small ones on one document count together."""
    before = write_offs_of(of).aggregate(
        for_this=Sum("amount", filter=Q(reason=reason), default=ZERO), for_any=Sum("amount", default=ZERO)
    )
    check_may_write_off(
        company_id=of.company_id,
        actor=actor,
        reason=reason,
        total=before["for_this"] + amount,
        currency=of.currency,
        amount=amount,
    )
    total = before["for_any"] + amount
    value = exchange.converted(total, of) if isinstance(of, Invoice) else value_of(of, total)
    check_own_limit("write_off_limit", company_id=of.company_id, actor=actor, amount=value)


def write_offs_of(row: Invoice | Payment) -> QuerySet[WriteOff]:
    """Those of an invoice or a payment with their opposites, in the order they were written."""
    of: dict[str, Any] = {"invoice": row} if isinstance(row, Invoice) else {"payment": row}
    rows: QuerySet[WriteOff] = WriteOff.everywhere.filter(**of).order_by("at", "id")
    return rows


def live_write_offs(row: Invoice | Payment) -> QuerySet[WriteOff]:
    """Those that stand, the latest first."""
    return write_offs_of(row).filter(reverses=None, reversal=None).order_by("-at", "-id")


def vat_given_back(invoice: Invoice, amount: Decimal) -> dict[Decimal, Decimal]:
    """The VAT within `amount` of an invoice by rate, never more of a rate than its document still bears. Rates of
    zero are left out."""
    rows = standing_vat(invoice)
    given: Counter[Decimal] = Counter()
    before = ZERO
    for earlier in write_offs_of(invoice).exclude(vat={}):
        before += earlier.amount
        given.update({Decimal(rate): Decimal(part) for rate, part in earlier.vat.items()})
    parts = {}
    for share, row in zip(split_vat(amount, rows, already_paid=before), rows, strict=True):
        gross = row.base + row.amount
        part = round2(share.amount * row.amount / gross) if gross else ZERO
        parts[row.rate] = min(part, row.amount - given[row.rate]) if row.amount > 0 else part
    return {rate: part for rate, part in parts.items() if part}


@transaction.atomic
def keep_excess(
    *,
    payment: Payment,
    amount: Decimal,
    reason: str,
    note: str,
    actor: Actor,
    at: datetime,
    match: Match | None = None,
) -> WriteOff:
    """Keep `amount` of a payment's credit as income: a customer rounded up, or the rate of exchange was better.

    Raises AmountNotPositive, FractionOfACent, NotAGain, NotEnoughCredit, NotAllowed, BeyondLimit,
    WriteOffBeyondLimit.
    """
    check_amount(amount)
    if reason not in GAINED:
        raise NotAGain(fields={"reason": NotAGain.message})
    locked = lock_payment(payment)
    if amount > locked.unallocated:
        free, wanted = (typography.money(value, locked.currency) for value in (locked.unallocated, amount))
        raise NotEnoughCredit(number=locked.number, unallocated=free, amount=wanted)
    _check_limit(locked, amount, reason, actor)
    _count_kept(locked, amount)
    row: WriteOff = WriteOff.everywhere.create(
        company_id=locked.company_id,
        payment=locked,
        match=match,
        amount=amount,
        reason=reason,
        account=GAINED[reason],
        note=note[:300],
        at=at,
    )
    _seal("payments.write_off.kept", row, actor=actor, at=at)
    customer = locked.customer
    value = value_of_last(locked, amount)
    foreign: Any = {} if locked.accounting_amount is None else {"currency": locked.currency, "currency_amount": amount}
    kept = Posting(ledger.CUSTOMERS, value, customer.pk, **foreign)
    postings = [kept, replace(kept.reversed(), account=row.account, customer_id=None)]
    _book(row, postings, actor=actor, at=at)
    payment.refresh_from_db()
    return row


def _count_kept(locked: Payment, amount: Decimal) -> None:
    locked.allocated += amount
    locked.save(update_fields=["allocated"])


@transaction.atomic
def take_back_write_off(*, write_off: WriteOff, reason: str, actor: Actor, at: datetime) -> WriteOff:
    """Undo a write-off exactly, VAT and entry included: the invoice asks for it again, or the credit is there again.

    Raises AlreadyTakenBack.
    """
    # its invoice or payment first: who takes it back at the same moment waits for that lock
    if write_off.invoice is not None:
        locked = lock_invoice(write_off.invoice)
        _check_stands(write_off)
        count_write_off(locked=locked, amount=-write_off.amount, actor=actor, at=at)
    elif write_off.payment is not None:
        payment = lock_payment(write_off.payment)
        _check_stands(write_off)
        _count_kept(payment, -write_off.amount)
    row: WriteOff = WriteOff.everywhere.create(
        company_id=write_off.company_id,
        invoice_id=write_off.invoice_id,
        payment_id=write_off.payment_id,
        match_id=write_off.match_id,
        amount=-write_off.amount,
        vat={rate: f"{-Decimal(part):f}" for rate, part in write_off.vat.items()},
        vat_amount=-write_off.vat_amount,
        reason=write_off.reason,
        account=write_off.account,
        note=reason[:300],
        at=at,
        reverses=write_off,
    )
    _seal("payments.write_off.taken_back", row, actor=actor, at=at)
    _book(row, _opposite(row, write_off), actor=actor, at=at)
    if row.invoice_id:
        _move_waiting_vat(row, locked, actor=actor, at=at)
    return row


def _move_waiting_vat(row: WriteOff, locked: Invoice, *, actor: Actor, at: datetime) -> None:
    """What is settled without its VAT is due as if it were paid: a fee, a rounding. The invoice is its document."""
    settled = Settled(invoice=locked, amount=row.amount, by=locked, piece=str(locked), on=local_day(at))
    move_settled_vat([settled], actor=actor, at=at)


def _opposite(row: WriteOff, write_off: WriteOff) -> list[Posting]:
    """What undoes its entry. In another currency 411 takes the cents that are left now, for others were settled since,
    and the account of the write-off the difference.
    """
    booked = JournalLine.everywhere.filter(entry__source=write_off.subject).order_by("position")
    postings = [Posting.opposite_of(line) for line in booked]
    if row.invoice is None or not row.invoice.is_foreign:
        return postings
    cleared = exchange.share_worth(Invoice.everywhere.get(pk=row.invoice.pk), row.amount)
    amounts = [-cleared if one.account == ledger.CUSTOMERS else one.amount for one in postings]
    place = next(place for place, one in enumerate(postings) if one.account == row.account)
    amounts[place] -= sum(amounts, ZERO)
    return [replace(one, amount=amount) for one, amount in zip(postings, amounts, strict=True)]


def _check_stands(write_off: WriteOff) -> None:
    if write_off.reverses_id or WriteOff.everywhere.filter(reverses=write_off).exists():
        raise AlreadyTakenBack


def _written_off(row: WriteOff) -> list[Posting]:
    """D the charge and the VAT given back / C 411, which clears of an invoice what this part of it was booked for."""
    invoice = row.invoice
    if invoice is None:
        raise ValueError("only an invoice is written off")
    if invoice.is_foreign:
        return _written_off_abroad(row, Invoice.everywhere.get(pk=invoice.pk))
    return [
        Posting(row.account, row.amount - row.vat_amount),
        *given_back_postings(invoice, {Decimal(rate): Decimal(part) for rate, part in row.vat.items()}),
        Posting(ledger.CUSTOMERS, -row.amount, invoice.customer_id),
    ]


def _written_off_abroad(row: WriteOff, invoice: Invoice) -> list[Posting]:
    """The same in the currency of the books, at the rate of the invoice; the charge takes the cent."""
    vat = {Decimal(rate): exchange.converted(Decimal(part), invoice) for rate, part in row.vat.items()}
    given_back = given_back_postings(invoice, vat)
    cleared = exchange.share_worth(invoice, row.amount)
    rest = cleared - sum((posting.amount for posting in given_back), ZERO)
    foreign: Any = {"currency": invoice.currency}
    return [
        Posting(row.account, rest, currency_amount=row.amount - row.vat_amount, **foreign),
        *given_back,
        Posting(ledger.CUSTOMERS, -cleared, invoice.customer_id, currency_amount=-row.amount, **foreign),
    ]


def _seal(tag: str, row: WriteOff, *, actor: Actor, at: datetime) -> None:
    document = _document(row)
    data = {"number": document.number, "amount": row.amount, "vat": row.vat_amount, "code": row.reason}
    data |= audit.in_currency(document.currency)
    data["reason"] = " – ".join(part for part in (str(WriteOffReason(row.reason).label), row.note) if part)
    audit.record(tag, subject=row, also=[document, document.customer], actor=actor, at=at, seal=True, data=data)


def _book(row: WriteOff, postings: Sequence[Posting], *, actor: Actor, at: datetime) -> None:
    document = _document(row)
    undone = "Annulation " if row.reverses_id else ""
    entry = Entry(
        label=f"{undone}{WriteOffReason(row.reason).label} {document.number} {document.customer.name}",
        piece=str(document.number),
        piece_date=local_day(at),
        source=row,
        postings=postings,
    )
    ledger.post([entry], journal=Journal.MISCELLANEOUS, day=local_day(at), actor=actor, at=at)


def _document(row: WriteOff) -> Invoice | Payment:
    document = row.invoice or row.payment
    if document is None:
        raise ValueError("a write-off is of an invoice or of a payment")
    return document
