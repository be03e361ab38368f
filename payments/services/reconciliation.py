"""Reconciliation: bank lines become payments, on evidence (payments.matching), with undo that restores everything."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from billing.models import Invoice, InvoiceStatus
from billing.services.settling import lock_each
from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from config.kernel.isolating import treat_batches
from config.kernel.models import Company
from payments.matching import AUTO, NONE, PROPOSED, Verdict
from payments.models import BankLine, BarredPair, LineStatus, Match, Payment
from payments.services.allocations import Share
from payments.services.proposing import barred_pairs, build_index, doubt_each, doubt_known, judge_all
from payments.services.rules import Memory
from payments.services.settling import AnotherCompany, NothingToMatch, OnlyCredits, settle_line
from payments.services.settling_many import Settlement, lock_lines, settle_lines
from payments.services.settling_parts import Booked, Credit, Received

ADVISORY = 0x5175  # this use of PostgreSQL's advisory locks
AT_ONCE = 200  # lines that one transaction matches: their invoices are locked so long


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

    Lines are matched some at once in one transaction, under an advisory lock of the company: two runs take turns, and
    a crash keeps what was done. The evidence is read once; the balances are looked at again under lock. What does not
    hold any more is left out of the batch and, as all of a batch that fails, matched in a transaction of its own.
    """
    index, barred = build_index(company, at=at), barred_pairs(company=company)
    open_lines = BankLine.everywhere.filter(company=company, status=LineStatus.OPEN)
    lines = list(open_lines.order_by("booked_on", "id"))
    verdicts = judge_all(lines, index, barred)
    memory = Memory.of(company)
    counts = {AUTO: 0, PROPOSED: 0, NONE: 0}

    def match_batch(batch: Sequence[BankLine]) -> list[BankLine]:
        left = _match_at_once([(line, verdicts[line.pk]) for line in batch], actor, at)
        counts[AUTO] += len(batch) - len(left)
        return left

    def reconcile_line(line: BankLine) -> None:
        verdict = verdicts[line.pk]
        if verdict.kind == AUTO:
            verdict = doubt_known(line, verdict)
        kind = verdict.kind
        if kind == AUTO and not (_is_payment(verdict) and _match_automatically(line, verdict, actor, at)):
            kind = PROPOSED
        # documents before memory: what may be an invoice's is booked nowhere else
        if kind == NONE and not verdict.rivals and _book_automatically(line, memory, actor, at):
            kind = AUTO
        counts[kind] += 1

    treat_batches(_batches(lines, verdicts), match_batch, reconcile_line, loop="rapprochement d’une ligne", at=at)
    return Outcome(matched=counts[AUTO], proposed=counts[PROPOSED], left=counts[NONE])


def _batches(lines: Sequence[BankLine], verdicts: Mapping[int, Verdict]) -> Iterator[list[BankLine]]:
    """The lines to match at once, in their order; alone, those that pay nothing and those that take more than shares.

    An invoice is in a batch once: what a line leaves of it is for a later batch to look at.
    """
    batch: list[BankLine] = []
    paid: set[Hashable] = set()
    for line in lines:
        verdict = verdicts[line.pk]
        keys = {key for key, _amount in verdict.allocations}
        if verdict.kind != AUTO:
            yield [line]
            continue
        is_simple = _is_payment(verdict) and not verdict.credits
        if batch and (not is_simple or len(batch) == AT_ONCE or keys & paid):
            yield batch
            batch, paid = [], set()
        if is_simple:
            batch.append(line)
            paid |= keys
        else:
            yield [line]
    if batch:
        yield batch


@transaction.atomic
def _match_at_once(judged: Sequence[tuple[BankLine, Verdict]], actor: Actor, at: datetime) -> list[BankLine]:
    """Apply automatic verdicts that share no invoice, those that hold under lock; the lines of the others."""
    _take_turns(judged[0][0].company_id)
    invoices = lock_each({_key(key) for _line, verdict in judged for key, _amount in verdict.allocations})
    found = lock_lines([line for line, _verdict in judged])
    barred = barred_pairs(line__in=found)
    held, left = [], []
    for (line, _verdict), verdict in zip(judged, doubt_each(judged), strict=True):
        shares = _proven_shares(line, verdict, invoices)
        is_barred = not barred.get(line.pk, set()).isdisjoint(share.invoice.pk for share in shares or ())
        if shares is None or is_barred or line.pk not in found:
            left.append(line)
        else:
            held.append(Settlement(found[line.pk], shares, verdict.rule, _evidence(verdict)))
    if held:
        settle_lines(held, actor=actor, at=at)
    return left


def _proven_shares(line: BankLine, verdict: Verdict, invoices: Mapping[int, Invoice]) -> list[Share] | None:
    """The shares whose sum is the line, of invoices of one customer in its currency; None where they are not that."""
    shares = _shares(verdict, invoices) if verdict.kind == AUTO else None
    if not shares or min(share.amount for share in shares) <= 0 or sum(share.amount for share in shares) != line.amount:
        return None
    owners = {(share.invoice.company_id, share.invoice.currency, share.invoice.customer_id) for share in shares}
    customer_id = shares[0].invoice.customer_id
    return shares if owners == {(line.company_id, line.currency, customer_id)} else None


def _take_turns(company_id: int) -> None:
    """One run of a company at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        # two keys of 32 bits; companies whose ids fall on the same one only take turns
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY, company_id % 2**31])


def _is_payment(verdict: Verdict) -> bool:
    """Of invoices, in this line's currency."""
    return bool(verdict.allocations) and not (verdict.excess or verdict.currency)


@transaction.atomic
def _match_automatically(line: BankLine, verdict: Verdict, actor: Actor, at: datetime) -> bool:
    """Apply an automatic verdict if it still holds under lock; else the line stays open for a person.

    It holds when the balances are those it was judged on, one customer owes them all, and nobody barred a pair
    meanwhile.
    """
    _take_turns(line.company_id)
    # invoices before the line, as `settle_line` and `undo_match` do
    shares = _shares(verdict, lock_each({_key(key) for key, _amount in verdict.allocations}))
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


def _key(key: Hashable) -> int:
    """The matcher takes any key; ours are primary keys."""
    return int(str(key))


def _credits(used: Iterable[tuple[object, Decimal]]) -> list[Credit] | None:
    """The credits that the verdict uses, whole; None when one has been spent since."""
    wanted = {_key(key): amount for key, amount in used}
    found = Payment.everywhere.in_bulk(wanted)
    if any(found[key].unallocated != amount for key, amount in wanted.items()):
        return None
    return [Credit(found[key], wanted[key]) for key in sorted(wanted)]


def _evidence(verdict: Verdict) -> list[dict[str, str]]:
    return [{"kind": piece.kind, "value": piece.value} for piece in verdict.evidence]


@transaction.atomic
def accept_match(*, line: BankLine, shares: Sequence[Share], actor: Actor, at: datetime) -> Match:
    """Match a line as a person decides. What the invoices do not take stays the customer's credit.

    Raises NothingToMatch, OnlyCredits, AnotherCompany, SeveralCustomers, AnotherCurrency, LineNotOpen,
    OverAllocated, NothingOutstanding, NotEnoughCredit.
    """
    if not shares:
        raise NothingToMatch
    if line.amount <= 0:
        raise OnlyCredits
    if any(share.invoice.company_id != line.company_id for share in shares):
        raise AnotherCompany
    if len({share.invoice.customer_id for share in shares}) > 1:
        raise SeveralCustomers
    parts = [Received(shares[0].invoice.customer, line.amount, shares)]
    return settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=actor, at=at)
