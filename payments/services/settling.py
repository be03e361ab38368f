"""The one door by which a bank line is explained: by payments, credits and bookings that together are its amount.

Lock order: invoices by key, the line, older payments by key, refunds by key, purchases by key, supplier payments by
key, then the counters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest

from django.db import transaction
from django.db.models import prefetch_related_objects

from billing import ledger
from billing.models import Invoice
from config.kernel import states, typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO
from config.kernel.rows import insert_each
from payments.models import BankLine, LineStatus, Match, PartKind
from payments.services.allocations import lock_invoices, lock_payments
from payments.services.booking_lines import book_parts, take_back_entries
from payments.services.decisions import Decision
from payments.services.settling_differences import settle_differences
from payments.services.settling_parts import (
    Booked,
    Collected,
    Found,
    OfSupplier,
    Part,
    PurchasesPaid,
    Received,
    Refunded,
    Returned,
    Settlement,
    invoices_of,
    older_payments_of,
)
from payments.services.settling_received import collect_debit, find_payment, receive
from payments.services.settling_refunds import find_refund, lock_refunds, take_back
from payments.services.settling_suppliers import lock_suppliers, rows_of_suppliers, settle_supplier

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
    OnlyDebits, AnotherCompany, UnusableAccount, LineNotOpen, PaymentNotFree, RefundNotFree,
    SupplierPaymentNotFree, NotOrdered, and what recording a payment, its return or a write-off raises.
    """
    settlement = Settlement(line, parts, rule, evidence, is_automatic=is_automatic, rivals=rivals, note=note)
    check(settlement)
    invoices = lock_invoices(invoices_of(parts))
    if line.pk not in lock_lines([line]):
        raise LineNotOpen
    return settle_locked([settlement], invoices, to=to, actor=actor, at=at)[0]


def settle_locked(
    settlements: Sequence[Settlement],
    invoices: dict[int, Invoice],
    *,
    actor: Actor,
    at: datetime,
    to: str = LineStatus.MATCHED,
) -> list[Match]:
    """Settle checked and locked lines of one company as `settle_line` does one, all or none, in a transaction of the
    caller: what is received, and what is booked, takes as many statements as for one line.

    `invoices`: those of all parts, locked. No older payment is in two of the settlements.
    """
    prefetch_related_objects([one.line for one in settlements], "account", "statement")
    older = lock_payments(payment for one in settlements for payment in older_payments_of(one.parts))
    lock_refunds(part.refund for one in settlements for part in one.parts if isinstance(part, Refunded))
    lock_suppliers(part for one in settlements for part in one.parts if isinstance(part, OfSupplier))
    matches = [one.match(at, _leave_suspense(one.line, actor, at)) for one in settlements]
    insert_each(matches)
    decisions = [
        Decision(one.line, match, invoices, older, actor, at) for one, match in zip(settlements, matches, strict=True)
    ]
    # one part of each line after the other: what they receive is recorded together
    for parts in zip_longest(*(one.parts for one in settlements)):
        received = []
        for decision, part in zip(decisions, parts, strict=True):
            if isinstance(part, Received):
                received.append((decision, part))
            elif part is not None:
                _add(decision, part)
        receive(received, actor=actor, at=at)
    for decision in decisions:
        settle_differences(decision.match, decision.received, actor=actor, at=at)
    insert_each([row for decision in decisions for row in decision.rows])
    book_parts([(one.match, one.line, one.rows) for one in decisions], actor=actor, at=at)
    _move(decisions, to, actor=actor, at=at)
    return matches


def _add(decision: Decision, part: Part) -> None:
    if isinstance(part, Collected):
        collect_debit(decision, part)
    elif isinstance(part, Found):
        find_payment(decision, part)
    elif isinstance(part, Refunded):
        find_refund(decision, part)
    elif isinstance(part, Returned):
        take_back(decision, part)
    elif isinstance(part, OfSupplier):
        settle_supplier(decision, part)
    elif isinstance(part, Booked):
        _book(decision, part)


def check(settlement: Settlement) -> None:
    """Raises what `settle_line` does of the parts themselves."""
    line, parts = settlement.line, settlement.parts
    if not parts:
        raise NothingToMatch
    total = sum((part.amount for part in parts), ZERO)
    if total != line.amount:
        amount, parts_sum = (typography.money(value, line.currency) for value in (line.amount, total))
        raise PartsDoNotAddUp(amount=amount, sum=parts_sum)
    if any(part.amount <= 0 for part in parts if isinstance(part, Received | Collected | Found)):
        raise OnlyCredits
    if any(part.amount >= 0 for part in parts if isinstance(part, Refunded | Returned | PurchasesPaid)):
        raise OnlyDebits
    rows = [*invoices_of(parts), *older_payments_of(parts)]
    rows += [part.customer for part in parts if isinstance(part, Received)]
    rows += [part.debit for part in parts if isinstance(part, Collected)]
    rows += [part.refund for part in parts if isinstance(part, Refunded)]
    rows += rows_of_suppliers(parts)
    if any(row.company_id != line.company_id for row in rows):
        raise AnotherCompany
    for part in parts:
        for account in (account for account, _amount in part.split()) if isinstance(part, Booked) else ():
            check_account(account)


def check_account(account: str) -> None:
    """Raises UnusableAccount: an auxiliary account needs its customer, and a bank its own line."""
    if not ACCOUNTS.fullmatch(account) or account.startswith(("411", "512")):
        raise UnusableAccount(account=account or "—")


def lock_lines(lines: Sequence[BankLine]) -> set[int]:
    """Lock lines in the order of their keys; the keys of those that may be explained still."""
    rows = BankLine.everywhere.select_for_update(no_key=True).filter(pk__in=[line.pk for line in lines]).order_by("pk")
    found = dict(rows.values_list("pk", "status"))
    for line in lines:
        # as it is under the lock: what was read before may be older
        line.status = found[line.pk]
    return {key for key, status in found.items() if status in BankLine.UNEXPLAINED}


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


def _move(decisions: Sequence[Decision], to: str, *, actor: Actor, at: datetime) -> None:
    moves = []
    for decision in decisions:
        match, rows = decision.match, decision.rows
        numbers = [document.number for row in rows if (document := row.document) is not None]
        accounts = [row.account for row in rows if row.account]
        data = {
            "amount": decision.line.amount,
            "rule": match.rule,
            "payment": ", ".join(numbers),
            "accounts": ", ".join(accounts),
            "automatic": match.is_automatic,
            "note": match.note,
        }
        moves.append(states.Move(row=decision.line, also=list(decision.concerned.values()), data=data))
    tag = "payments.bank.suspended" if to == LineStatus.SUSPENSE else "payments.bank.matched"
    states.move_all(moves, to, tag=tag, actor=actor, at=at)


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
