"""The one door by which a bank line is explained: by payments, credits and bookings that together are its amount.

Lock order: invoices by key, the line, older payments by key, refunds by key, then the counters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from billing import ledger
from config.kernel import states, typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO
from payments.models import BankLine, LineStatus, Match, MatchPart, PartKind
from payments.services.allocations import lock_invoices, lock_payment
from payments.services.booking_lines import book_parts, take_back_entries
from payments.services.decisions import Decision
from payments.services.settling_differences import settle_differences
from payments.services.settling_parts import (
    Booked,
    Collected,
    Found,
    Part,
    Received,
    Refunded,
    Returned,
    invoices_of,
    older_payments_of,
)
from payments.services.settling_received import collect_debit, find_payment, receive
from payments.services.settling_refunds import find_refund, lock_refunds, take_back

ACCOUNTS = re.compile(r"[1-7][0-9]{2,9}")  # PCG, classes 1 to 7
SUSPENDED = "suspense"


class NothingToMatch(Invalid):
    code = "nothing_to_match"
    message = "Choisissez au moins une facture."


class OnlyCredits(Invalid):
    code = "only_credits"
    message = "Seul un crédit peut régler une facture."


class OnlyDebits(Invalid):
    code = "only_debits"
    message = "Seul un débit peut être un remboursement ou un rejet."


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
    OnlyDebits, AnotherCompany, UnusableAccount, LineNotOpen, PaymentNotFree, RefundNotFree, NotOrdered, and what
    recording a payment, its return or a write-off raises.
    """
    _check(line, parts)
    invoices = lock_invoices(invoices_of(parts))
    _lock_line(line)
    older = {payment.pk: lock_payment(payment) for payment in older_payments_of(parts)}
    lock_refunds(part.refund for part in parts if isinstance(part, Refunded))
    match = _insert(
        line, rule=rule, evidence=list(evidence), rivals=list(rivals), is_automatic=is_automatic, note=note[:200],
        at=at, replaces=_leave_suspense(line, actor, at),
    )  # fmt: skip
    decision = Decision(line, match, invoices, older, actor, at)
    for part in parts:
        if isinstance(part, Received):
            receive(decision, part)
        elif isinstance(part, Collected):
            collect_debit(decision, part)
        elif isinstance(part, Found):
            find_payment(decision, part)
        elif isinstance(part, Refunded):
            find_refund(decision, part)
        elif isinstance(part, Returned):
            take_back(decision, part)
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
    if any(part.amount <= 0 for part in parts if isinstance(part, Received | Collected | Found)):
        raise OnlyCredits
    if any(part.amount >= 0 for part in parts if isinstance(part, Refunded | Returned)):
        raise OnlyDebits
    rows = [*invoices_of(parts), *older_payments_of(parts)]
    rows += [part.customer for part in parts if isinstance(part, Received)]
    rows += [part.debit for part in parts if isinstance(part, Collected)]
    rows += [part.refund for part in parts if isinstance(part, Refunded)]
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


def _book(decision: Decision, part: Booked) -> None:
    for account, amount in part.split():
        decision.add(PartKind.BOOKING, amount, account=account, label=part.label[:200])


def _move(decision: Decision, to: str) -> None:
    match, rows = decision.match, decision.rows
    numbers = [document.number for row in rows if (document := row.payment or row.refund) is not None]
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
