"""The one door by which a bank line is explained: by payments, credits and bookings that together are its amount.

Lock order: invoices by key, the line, older payments by key, then the counters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from billing import ledger
from billing.models import Invoice
from config.kernel import states, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import CompanyRow
from config.kernel.money import ZERO
from payments.models import BankLine, CreditUsed, LineStatus, Match, MatchPart, PartKind, Payment
from payments.services.allocations import NotEnoughCredit, Share, allocate_locked, lock_invoices, lock_payment
from payments.services.booking_lines import book_parts, move_to_bank, take_back_entries
from payments.services.payments import record_payment
from payments.services.settling_differences import settle_differences
from payments.services.settling_parts import Booked, Found, Part, Received, invoices_of, older_payments_of

ACCOUNTS = re.compile(r"[1-7][0-9]{2,9}")  # PCG, classes 1 to 7
SUSPENDED = "suspense"


class NothingToMatch(Invalid):
    code = "nothing_to_match"
    message = "Choisissez au moins une facture."


class OnlyCredits(Invalid):
    code = "only_credits"
    message = "Seul un crédit peut régler une facture."


class AnotherCompany(Invalid):
    code = "another_company"
    message = "Cette facture est celle d’une autre société."


class PartsDoNotAddUp(Invalid):
    code = "parts_do_not_add_up"
    message = "Les parts font %(sum)s, la ligne %(amount)s : il faut que ce soit le même montant."


class UnusableAccount(Invalid):
    code = "unusable_account"
    message = (
        "%(account)s ne peut pas expliquer une ligne bancaire : indiquez un compte du plan comptable, de classe 1 à 7. "
        "Les clients (411) se règlent par un encaissement, les virements internes passent par 580."
    )


class LineNotOpen(DomainError):
    code = "line_not_open"
    message = "Cette ligne n’est plus à rapprocher."


class CreditNotUsed(NotEnoughCredit):
    message = "Les factures ne prennent que %(usable)s de %(number)s : retirez les %(left)s de trop."


class PaymentNotFree(DomainError):
    code = "payment_not_free"
    message = "%(number)s est annulé, ou déjà rapproché d’une autre ligne pour ce montant."


@dataclass(slots=True)
class _Decision:
    """One decision while it is written."""

    line: BankLine
    match: Match
    invoices: Mapping[int, Invoice]
    older: Mapping[int, Payment]
    actor: Actor
    at: datetime
    rows: list[MatchPart] = field(default_factory=list)
    concerned: dict[str, CompanyRow] = field(default_factory=dict)
    received: list[tuple[Received, Payment]] = field(default_factory=list)

    def add(self, kind: str, amount: Decimal, **columns: Any) -> None:
        """One part more; its payment, customer and invoices show the decision in their timelines."""
        position = len(self.rows) + 1
        row = MatchPart(company_id=self.line.company_id, match=self.match, position=position, kind=kind, amount=amount)
        for name, value in columns.items():
            setattr(row, name, value)
        self.rows.append(row)

    def concern(self, *rows: CompanyRow) -> None:
        self.concerned |= {row.subject: row for row in rows}


@transaction.atomic
def settle_line(
    *,
    line: BankLine,
    parts: Sequence[Part],
    rule: str,
    is_automatic: bool,
    actor: Actor,
    at: datetime,
    evidence: Sequence[Mapping[str, str]] = (),
    rivals: Sequence[Mapping[str, str]] = (),
    note: str = "",
    to: str = LineStatus.MATCHED,
) -> Match:
    """Explain an open line, or one on 471, by parts that together are its amount. Writes all of it or nothing.

    A line on 471 leaves it: its entry is taken back. Raises NothingToMatch, PartsDoNotAddUp, OnlyCredits,
    AnotherCompany, UnusableAccount, LineNotOpen, PaymentNotFree, and what recording a payment or writing off raises.
    """
    _check(line, parts)
    invoices = lock_invoices(invoices_of(parts))
    _lock_line(line)
    older = {payment.pk: lock_payment(payment) for payment in older_payments_of(parts)}
    match = _insert(
        line, rule=rule, evidence=list(evidence), rivals=list(rivals), is_automatic=is_automatic, note=note[:200],
        at=at, replaces=_leave_suspense(line, actor, at),
    )  # fmt: skip
    decision = _Decision(line, match, invoices, older, actor, at)
    for part in parts:
        if isinstance(part, Received):
            _receive(decision, part)
        elif isinstance(part, Found):
            _find(decision, part)
        else:
            _book(decision, part)
    settle_differences(match, decision.received, actor=actor, at=at)
    MatchPart.everywhere.bulk_create(decision.rows)
    book_parts(match, line, decision.rows, actor=actor, at=at)
    _move(decision, to)
    return match


def _insert(line: BankLine, **columns: Any) -> Match:
    match: Match = Match.everywhere.create(company_id=line.company_id, line=line, **columns)
    return match


def _check(line: BankLine, parts: Sequence[Part]) -> None:
    if not parts:
        raise NothingToMatch
    total = sum((part.amount for part in parts), ZERO)
    if total != line.amount:
        amount, parts_sum = (typography.money(value, line.currency) for value in (line.amount, total))
        raise PartsDoNotAddUp(amount=amount, sum=parts_sum)
    if any(part.amount <= 0 for part in parts if not isinstance(part, Booked)):
        raise OnlyCredits
    rows = [*invoices_of(parts), *older_payments_of(parts)]
    rows += [part.customer for part in parts if isinstance(part, Received)]
    if any(row.company_id != line.company_id for row in rows):
        raise AnotherCompany
    for part in parts:
        for account in (account for account, _amount in part.split()) if isinstance(part, Booked) else ():
            check_account(account)


def check_account(account: str) -> None:
    """Raises UnusableAccount: an auxiliary account needs its customer, and a bank its own line."""
    if not ACCOUNTS.fullmatch(account) or account.startswith(("411", "512")):
        raise UnusableAccount(account=account or "—")


def _lock_line(line: BankLine) -> None:
    """Raises LineNotOpen."""
    rows = BankLine.everywhere.select_for_update(no_key=True).filter(pk=line.pk)
    status = rows.values_list("status", flat=True).get()
    if status not in BankLine.UNEXPLAINED:
        raise LineNotOpen
    # as it is under the lock: what was read before may be older
    line.status = status


def _leave_suspense(line: BankLine, actor: Actor, at: datetime) -> Match | None:
    """Take the locked line off 471; the match that had put it there."""
    if line.status != LineStatus.SUSPENSE:
        return None
    live: Match = Match.everywhere.select_for_update(no_key=True, of=("self",)).get(line=line, undone_at=None)
    take_back_entries(live, actor=actor, at=at)
    Match.everywhere.filter(pk=live.pk).update(undone_at=at, undone_because="Reclassée")
    return live


def _receive(decision: _Decision, part: Received) -> None:
    """Record the customer's money: the invoices get the older credits first, then what has come in."""
    line, at, actor = decision.line, decision.at, decision.actor
    by_credit = _use_credits(decision, part)
    shares = []
    for share in part.shares:
        left = share.amount - by_credit[share.invoice.pk]
        if left:
            shares.append(Share(decision.invoices[share.invoice.pk], left))
    payment = record_payment(
        customer=part.customer,
        amount=part.amount,
        currency=line.currency,
        method=part.method,
        # banks date some movements ahead; a payment is never in the future
        paid_on=min(line.booked_on, local_day(at)),
        bank_account=line.account,
        shares=shares,
        reference=(part.reference or line.structured_reference or line.remittance)[:140],
        actor=actor,
        at=at,
    )
    decision.received.append((part, payment))
    decision.add(PartKind.PAYMENT, part.amount, payment=payment, is_recorded=True)
    decision.concern(payment, part.customer, *invoices_of([part]))


def _use_credits(decision: _Decision, part: Received) -> dict[int, Decimal]:
    """Put the credits on the invoices, in their order; what each invoice got of them. Raises NotEnoughCredit."""
    wanted = {share.invoice.pk: share.amount for share in part.shares}
    given = dict.fromkeys(wanted, ZERO)
    for credit in part.credits:
        payment, left, shares = decision.older[credit.payment.pk], credit.amount, []
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


def _find(decision: _Decision, part: Found) -> None:
    """Link a payment that stands already, and book it on this bank's account if it was on another."""
    payment = decision.older[part.payment.pk]
    linked = MatchPart.everywhere.filter(payment=payment, match__undone_at=None).aggregate(sum=Sum("amount"))["sum"]
    is_free = payment.can_be_reversed and payment.currency == decision.line.currency
    if not is_free or (linked or ZERO) + part.amount > payment.amount:
        raise PaymentNotFree(number=payment.number)
    move_to_bank(decision.match, decision.line, payment, part.amount, actor=decision.actor, at=decision.at)
    decision.add(PartKind.PAYMENT, part.amount, payment=payment)
    decision.concern(payment, payment.customer)


def _book(decision: _Decision, part: Booked) -> None:
    for account, amount in part.split():
        decision.add(PartKind.BOOKING, amount, account=account, label=part.label[:200])


def _move(decision: _Decision, to: str) -> None:
    match, rows = decision.match, decision.rows
    numbers = [row.payment.number for row in rows if row.payment is not None]
    accounts = [row.account for row in rows if row.account]
    states.move(
        decision.line,
        to,
        tag="payments.bank.suspended" if to == LineStatus.SUSPENSE else "payments.bank.matched",
        actor=decision.actor,
        at=decision.at,
        also=list(decision.concerned.values()),
        data={
            "amount": decision.line.amount,
            "rule": match.rule,
            "payment": ", ".join(numbers),
            "accounts": ", ".join(accounts),
            "automatic": match.is_automatic,
            "note": match.note,
        },
    )


@transaction.atomic
def suspend_line(*, line: BankLine, reason: str, actor: Actor, at: datetime) -> Match:
    """Book a line on 471 until it is known what it is. Raises LineNotOpen."""
    if line.status == LineStatus.SUSPENSE:
        raise LineNotOpen
    return settle_line(
        line=line,
        parts=[Booked(ledger.SUSPENSE, line.amount, reason)],
        rule=SUSPENDED,
        is_automatic=False,
        note=reason,
        to=LineStatus.SUSPENSE,
        actor=actor,
        at=at,
    )
