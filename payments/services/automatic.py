"""What is done of a bank line without a person: an automatic verdict is applied if it still holds under lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from billing.models import Invoice, InvoiceStatus
from billing.services.settling import lock_each
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from payments.matching import AUTO, Verdict
from payments.models import BankLine, LineStatus, Match, Payment
from payments.services.allocations import Share
from payments.services.explaining import parts_of_verdict
from payments.services.proposing import barred_pairs, doubt_each, doubt_known
from payments.services.rules import Memory
from payments.services.settling import check, lock_lines, settle_line, settle_locked
from payments.services.settling_parts import Credit, Received, Settlement

ADVISORY = 0x5175  # this use of PostgreSQL's advisory locks


def is_payment(verdict: Verdict) -> bool:
    """Of invoices, in this line's currency."""
    return bool(verdict.allocations) and not (verdict.excess or verdict.currency)


@transaction.atomic
def match_automatically(judged: Sequence[tuple[BankLine, Verdict]], *, actor: Actor, at: datetime) -> int:
    """Apply automatic verdicts of one company that share no invoice and no credit, those that still hold under lock;
    how many did. The other lines stay open for a person.

    One holds when the balances are those it was judged on, one customer owes them all, nobody barred a pair meanwhile,
    and no credit of this amount came about by another way.
    """
    with connection.cursor() as cursor:
        # two keys of 32 bits; companies whose ids fall on the same one only take turns
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY, judged[0][0].company_id % 2**31])
    # invoices before lines, as `settle_line` and `undo_match` do
    invoices = lock_each({_key(key) for _line, verdict in judged for key, _amount in verdict.allocations})
    lines = [line for line, _verdict in judged]
    lock_lines(lines)
    barred = barred_pairs(line__in=lines)
    settlements = []
    for line, verdict in zip(lines, doubt_each(judged), strict=True):
        parts = _parts(line, verdict, invoices, barred.get(line.pk, set())) if verdict.kind == AUTO else None
        if parts is not None and line.status == LineStatus.OPEN:
            settlements.append(Settlement(line, parts, verdict.rule, _evidence(verdict)))
    return _settle(settlements, invoices, actor=actor, at=at)


def _settle(settlements: Sequence[Settlement], invoices: dict[int, Invoice], *, actor: Actor, at: datetime) -> int:
    for settlement in settlements:
        check(settlement)
    if settlements:
        settle_locked(settlements, invoices, actor=actor, at=at)
    return len(settlements)


def _parts(
    line: BankLine, verdict: Verdict, invoices: Mapping[int, Invoice], barred: set[int]
) -> list[Received] | None:
    """What the line is by its verdict; None where that holds no more."""
    shares = _shares(verdict, invoices)
    credits_used = _credits(verdict.credits)
    if shares is None or credits_used is None or barred & {share.invoice.pk for share in shares}:
        return None
    if len({share.invoice.customer_id for share in shares}) > 1:
        return None
    return [Received(shares[0].invoice.customer, line.amount, shares, credits_used)]


def _shares(verdict: Verdict, locked: Mapping[int, Invoice]) -> list[Share] | None:
    """The shares on locked invoices; None when a balance has moved since, or a part is more than is left of it."""
    wanted = {_key(key): amount for key, amount in verdict.allocations}
    is_whole = verdict.rule != "partial"
    shares = []
    for key in sorted(wanted):
        invoice = locked[key]
        has_moved = invoice.balance != wanted[key] if is_whole else invoice.balance <= wanted[key]
        if has_moved or invoice.status != InvoiceStatus.ISSUED:
            return None
        shares.append(Share(invoice, wanted[key]))
    return shares


def _credits(used: Iterable[tuple[object, Decimal]]) -> list[Credit] | None:
    """The credits that the verdict uses, whole; None when one has been spent since."""
    wanted = {_key(key): amount for key, amount in used}
    if not wanted:
        return []
    found = Payment.everywhere.in_bulk(wanted)
    if any(found[key].unallocated != amount for key, amount in wanted.items()):
        return None
    return [Credit(found[key], wanted[key]) for key in sorted(wanted)]


def _key(key: object) -> int:
    """The matcher takes any key; ours are primary keys."""
    return int(str(key))


def _evidence(verdict: Verdict) -> list[dict[str, str]]:
    return [{"kind": piece.kind, "value": piece.value} for piece in verdict.evidence]


@transaction.atomic
def book_automatically(lines: Sequence[BankLine], *, actor: Actor, at: datetime) -> set[int]:
    """Book lines of one company as its rules say now, unless somebody was at one meanwhile; the keys of the booked."""
    lock_lines(lines)
    # read once the lines are ours: a rule archived or changed since the run began, a booking undone, count
    memory = Memory.of(lines[0].company)
    settlements = []
    for line in lines:
        found = memory.booking(line) if line.status == LineStatus.OPEN else None
        if found is not None:
            rule, evidence, part = found
            settlements.append(Settlement(line, [part], rule, evidence))
    _settle(settlements, {}, actor=actor, at=at)
    return {settlement.line.pk for settlement in settlements}


def explain_automatically(line: BankLine, verdict: Verdict, *, actor: Actor, at: datetime) -> bool:
    """Book what our own identifiers prove; False where it no longer holds, and the line waits for a person."""
    if verdict.allocations or doubt_known(line, verdict).kind != AUTO or _was_undone(line, verdict.rule):
        return False
    try:
        return _explain(line, verdict, actor, at)
    except DomainError:
        # cancelled, matched or used since the evidence was read
        return False


def _was_undone(line: BankLine, rule: str) -> bool:
    """A person undid such a decision on this line: it is not taken again alone."""
    rows = Match.everywhere.filter(line=line, rule=rule, is_automatic=True).exclude(undone_at=None)
    return bool(rows.exists())


@transaction.atomic
def _explain(line: BankLine, verdict: Verdict, actor: Actor, at: datetime) -> bool:
    parts = parts_of_verdict(line, verdict)
    if not parts or not BankLine.everywhere.filter(pk=line.pk, status=LineStatus.OPEN).exists():
        return False
    evidence = _evidence(verdict)
    settle_line(line=line, parts=parts, rule=verdict.rule, evidence=evidence, is_automatic=True, actor=actor, at=at)
    return True
