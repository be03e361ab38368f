"""The journal entries of a match: what its parts book, what it moves between money accounts, and their opposites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from billing.ledger import Entry, Posting
from billing.models import JournalEntry, JournalLine
from config.kernel.actor import Actor
from config.kernel.money import ZERO
from payments.models import BankLine, Match, MatchPart, PartKind, Payment, Refund, SupplierPayment
from payments.services.bank_journals import post_money
from payments.services.exchange import in_currency, in_value, of_line, value_of_refund


def book_parts(settled: Sequence[tuple[Match, BankLine, Sequence[MatchPart]]], *, actor: Actor, at: datetime) -> None:
    """D 512 / C the accounts of all bookings of a line together, and the other way round for what leaves the bank."""
    entries, banks = [], []
    for match, line, parts in settled:
        booked = [part for part in parts if part.kind == PartKind.BOOKING]
        if not booked:
            continue
        total = sum((part.amount for part in booked), ZERO)
        postings = [Posting(line.account.ledger_account, total)]
        postings += [Posting(part.account, -part.amount) for part in booked]
        label = next((part.label for part in booked if part.label), "") or line.remittance or line.counterparty
        entries.append(_entry(match, line, label or "Mouvement bancaire", of_line(line, postings)))
        banks.append(line.account)
    post_money(entries, banks, actor=actor, at=at)


def move_to_bank(
    match: Match, line: BankLine, payment: Payment, amount: Decimal, *, actor: Actor, at: datetime
) -> None:
    """D the line's bank / C where the payment was booked, when that is another account."""
    booked = JournalLine.everywhere.filter(entry__source=payment.subject, debit__gt=0, invoice=None)
    account = str(booked.values_list("account", flat=True).get())
    if account == line.account.ledger_account:
        return
    postings = [in_value(payment, line.account.ledger_account, amount), in_value(payment, account, -amount)]
    label = f"Remise en banque {payment.number} {payment.customer.name}"
    _write(match, line, label, postings, actor=actor, at=at)


def move_refund(match: Match, line: BankLine, refund: Refund, *, actor: Actor, at: datetime) -> None:
    """D where the refund was booked / C the line's bank, when that is another account."""
    if refund.account == line.account.ledger_account:
        return
    went = Posting(refund.account, value_of_refund(refund), **in_currency(refund))
    postings = [went, replace(went.reversed(), account=line.account.ledger_account)]
    _write(match, line, f"Remboursement {refund.number} {refund.customer.name}", postings, actor=actor, at=at)


def move_supplier_payment(
    match: Match, line: BankLine, payment: SupplierPayment, *, actor: Actor, at: datetime
) -> None:
    """The same of a supplier payment: D where it was booked / C the line's bank; of a return the other way round."""
    if payment.account == line.account.ledger_account:
        return
    amount = payment.sign * payment.amount
    postings = [Posting(payment.account, amount), Posting(line.account.ledger_account, -amount)]
    label = f"Règlement {payment.number} {payment.supplier.name}"
    _write(match, line, label, postings, actor=actor, at=at)


def _write(
    match: Match, line: BankLine, label: str, postings: Sequence[Posting], *, actor: Actor, at: datetime
) -> None:
    entry = _entry(match, line, label, postings)
    post_money([entry], [line.account], actor=actor, at=at)


def _entry(match: Match, line: BankLine, label: str, postings: Sequence[Posting]) -> Entry:
    return Entry(
        label=label,
        piece=(line.bank_reference or line.statement.reference or str(line.pk))[:40],
        piece_date=line.booked_on,
        source=match,
        on=line.booked_on,
        postings=postings,
    )


def take_back_entries(match: Match, *, actor: Actor, at: datetime) -> None:
    """Write the opposite of each entry of a match that is being undone."""
    written = (
        JournalEntry.everywhere.filter(source=match.subject).prefetch_related("lines").order_by("created_at", "id")
    )
    opposites = [
        Entry(
            label=f"Annulation {entry.label}",
            piece=entry.piece,
            piece_date=entry.piece_date,
            source=match,
            postings=[Posting.opposite_of(line) for line in entry.lines.all()],
        )
        for entry in written
    ]
    post_money(opposites, [match.line.account] * len(opposites), actor=actor, at=at)
