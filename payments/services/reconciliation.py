"""Reconciliation: bank lines become payments, on evidence (payments.matching), with undo that restores everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from billing.models import Invoice, InvoiceStatus
from billing.services.settling import lock_invoice
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from payments.debits.collecting import collect_lines
from payments.matching import AUTO, NONE, PROPOSED, Verdict
from payments.models import BankLine, BarredPair, LineStatus, Match, Payment
from payments.services.allocations import Share
from payments.services.explaining import explain_automatically
from payments.services.proposing import barred_pairs, build_index, doubt_known, judge_all
from payments.services.rules import Memory
from payments.services.settling import AnotherCompany, NothingToMatch, OnlyCredits, settle_line
from payments.services.settling_parts import Booked, Credit, Kept, Received, Rest

ADVISORY = 0x5175  # this use of PostgreSQL's advisory locks


class SeveralCustomers(Invalid):
    code = "several_customers"
    message = "Un virement règle les factures d’un seul client."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did."""

    matched: int
    proposed: int
    left: int


def reconcile(*, company: Company, actor: Actor, at: datetime) -> Outcome:
    """Match what the evidence proves; propose or leave the rest. Safe to run twice, or twice at once.

    Each line is matched in a transaction of its own, under an advisory lock of the company: two runs take turns, and
    a crash keeps what was done. The evidence is read once; the balances are looked at again under lock.
    """
    # first, and before the evidence is read: what we asked the bank for needs none
    collected = collect_lines(company=company, actor=actor, at=at)
    index, barred = build_index(company, at=at), barred_pairs(company=company)
    open_lines = BankLine.everywhere.filter(company=company, status=LineStatus.OPEN)
    lines = list(open_lines.order_by("booked_on", "id"))
    verdicts = judge_all(lines, index, barred)
    memory = Memory.of(company)
    counts = {AUTO: collected, PROPOSED: 0, NONE: 0}

    def reconcile_line(line: BankLine) -> None:
        verdict = verdicts[line.pk]
        if verdict.kind == AUTO:
            verdict = doubt_known(line, verdict)
        kind = verdict.kind
        if kind == AUTO and not _apply(line, verdict, actor, at):
            kind = PROPOSED
        # documents before memory: what may be an invoice's is booked nowhere else
        if kind == NONE and not verdict.rivals and _book_automatically(line, memory, actor, at):
            kind = AUTO
        counts[kind] += 1

    treat_each(lines, reconcile_line, loop="rapprochement d’une ligne", at=at)
    return Outcome(matched=counts[AUTO], proposed=counts[PROPOSED], left=counts[NONE])


def _apply(line: BankLine, verdict: Verdict, actor: Actor, at: datetime) -> bool:
    if _is_payment(verdict):
        return _match_automatically(line, verdict, actor, at)
    if verdict.allocations:
        return False
    return explain_automatically(line, verdict, _evidence(verdict), actor=actor, at=at)


def _is_payment(verdict: Verdict) -> bool:
    """Of invoices, in this line's currency."""
    return bool(verdict.allocations) and not (verdict.excess or verdict.currency)


@transaction.atomic
def _match_automatically(line: BankLine, verdict: Verdict, actor: Actor, at: datetime) -> bool:
    """Apply an automatic verdict if it still holds under lock; else the line stays open for a person.

    It holds when the balances are those it was judged on, one customer owes them all, and nobody barred a pair
    meanwhile.
    """
    with connection.cursor() as cursor:
        # two keys of 32 bits; companies whose ids fall on the same one only take turns
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY, line.company_id % 2**31])
    # invoices before the line, as `settle_line` and `undo_match` do
    shares = _locked_shares(verdict.allocations, is_whole=verdict.rule != "partial")
    if shares is None or len({share.invoice.customer_id for share in shares}) > 1:
        return False
    open_line = BankLine.everywhere.select_for_update(no_key=True).filter(pk=line.pk, status=LineStatus.OPEN)
    if not open_line.exists():
        return False
    if BarredPair.everywhere.filter(line=line, invoice__in=[share.invoice for share in shares]).exists():
        return False
    credits_used = _credits(verdict.credits)
    if credits_used is None:
        return False
    parts = [Received(shares[0].invoice.customer, line.amount, shares, credits_used)]
    evidence = _evidence(verdict)
    settle_line(line=line, parts=parts, rule=verdict.rule, evidence=evidence, is_automatic=True, actor=actor, at=at)
    return True


def _book_automatically(line: BankLine, memory: Memory, actor: Actor, at: datetime) -> bool:
    """Book a line as a rule says, unless somebody was at it meanwhile."""
    found = memory.booking(line)
    return found is not None and _book(line, *found, actor=actor, at=at)


@transaction.atomic
def _book(
    line: BankLine, rule: str, evidence: list[dict[str, str]], booked: Booked, *, actor: Actor, at: datetime
) -> bool:
    open_line = BankLine.everywhere.select_for_update(no_key=True).filter(pk=line.pk, status=LineStatus.OPEN)
    if not open_line.exists():
        return False
    settle_line(line=line, parts=[booked], rule=rule, evidence=evidence, is_automatic=True, actor=actor, at=at)
    return True


def _locked_shares(allocations: Iterable[tuple[object, Decimal]], *, is_whole: bool) -> list[Share] | None:
    """The shares on locked invoices; None when a balance has moved since, or a part is more than is left of it."""
    wanted = {int(str(key)): amount for key, amount in allocations}
    found = Invoice.everywhere.in_bulk(wanted)
    shares = []
    for key in sorted(wanted):
        invoice = lock_invoice(found[key])
        if (
            invoice.balance != wanted[key] if is_whole else invoice.balance <= wanted[key]
        ) or invoice.status != InvoiceStatus.ISSUED:
            return None
        shares.append(Share(invoice, wanted[key]))
    return shares


def _credits(used: Iterable[tuple[object, Decimal]]) -> list[Credit] | None:
    """The credits that the verdict uses, whole; None when one has been spent since."""
    wanted = {int(str(key)): amount for key, amount in used}
    found = Payment.everywhere.in_bulk(wanted)
    if any(found[key].unallocated != amount for key, amount in wanted.items()):
        return None
    return [Credit(found[key], wanted[key]) for key in sorted(wanted)]


def _evidence(verdict: Verdict) -> list[dict[str, str]]:
    return [{"kind": piece.kind, "value": piece.value} for piece in verdict.evidence]


@transaction.atomic
def accept_match(
    *,
    line: BankLine,
    shares: Sequence[Share],
    actor: Actor,
    at: datetime,
    credits_used: Sequence[Credit] = (),
    write_offs: Sequence[Rest] = (),
    kept: Kept | None = None,
) -> Match:
    """Match a line as a person decides, with older credits and a small difference settled. What the invoices do not
    take stays the customer's credit.

    Raises NothingToMatch, OnlyCredits, AnotherCompany, SeveralCustomers, AnotherCurrency, LineNotOpen,
    OverAllocated, NothingOutstanding, NotEnoughCredit, and what writing off raises.
    """
    if not shares:
        raise NothingToMatch
    if line.amount <= 0:
        raise OnlyCredits
    if any(share.invoice.company_id != line.company_id for share in shares):
        raise AnotherCompany
    if len({share.invoice.customer_id for share in shares}) > 1:
        raise SeveralCustomers
    customer = shares[0].invoice.customer
    parts = [Received(customer, line.amount, shares, credits_used, write_offs=write_offs, kept=kept)]
    return settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=actor, at=at)
