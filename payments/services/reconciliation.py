"""Reconciliation: bank lines become payments, on evidence (payments.matching), with undo that restores everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from billing.models import Invoice, InvoiceStatus
from billing.services.settling import lock_invoice
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from customers.models import Customer
from payments.matching import AUTO, NONE, PROPOSED, Verdict
from payments.models import BankLine, BarredPair, LineStatus, Match, Method, Payment
from payments.services.allocations import Share, lock_invoices
from payments.services.payments import record_payment, reverse_payment
from payments.services.proposing import barred_pairs, build_index, doubt_known, judge

ADVISORY = 0x5175  # this use of PostgreSQL's advisory locks


class NothingToMatch(Invalid):
    code = "nothing_to_match"
    message = "Choisissez au moins une facture."


class OnlyCredits(Invalid):
    code = "only_credits"
    message = "Seul un crédit peut régler une facture."


class SeveralCustomers(Invalid):
    code = "several_customers"
    message = "Un virement règle les factures d’un seul client."


class AnotherCompany(Invalid):
    code = "another_company"
    message = "Cette facture est celle d’une autre société."


class LineNotOpen(DomainError):
    code = "line_not_open"
    message = "Cette ligne n’est plus à rapprocher."


class AlreadyUndone(DomainError):
    code = "already_undone"
    message = "Ce rapprochement est déjà défait."


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
    index, barred = build_index(company, at=at), barred_pairs(company=company)
    counts = {AUTO: 0, PROPOSED: 0, NONE: 0}

    def reconcile_line(line: BankLine) -> None:
        verdict = judge(line, index, barred)
        if verdict.kind == AUTO:
            verdict = doubt_known(line, verdict)
        kind = verdict.kind
        if kind == AUTO and not _match_automatically(line, verdict, actor, at):
            kind = PROPOSED
        counts[kind] += 1

    lines = BankLine.everywhere.filter(company=company, status=LineStatus.OPEN).order_by("booked_on", "id")
    treat_each(lines, reconcile_line, loop="rapprochement d’une ligne", at=at)
    return Outcome(matched=counts[AUTO], proposed=counts[PROPOSED], left=counts[NONE])


@transaction.atomic
def _match_automatically(line: BankLine, verdict: Verdict, actor: Actor, at: datetime) -> bool:
    """Apply an automatic verdict if it still holds under lock; else the line stays open for a person.

    It holds when the balances are those it was judged on, one customer owes them all, and nobody barred a pair
    meanwhile.
    """
    with connection.cursor() as cursor:
        # two keys of 32 bits; companies whose ids fall on the same one only take turns
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY, line.company_id % 2**31])
    # invoices before the line, as `accept_match` and `undo_match` do
    shares = _locked_shares(verdict.allocations)
    if shares is None or len({share.invoice.customer_id for share in shares}) > 1 or not _lock_open_line(line):
        return False
    if BarredPair.everywhere.filter(line=line, invoice__in=[share.invoice for share in shares]).exists():
        return False
    _apply(line, shares, rule=verdict.rule, evidence=_evidence(verdict), is_automatic=True, actor=actor, at=at)
    return True


def _locked_shares(allocations: Iterable[tuple[object, Decimal]]) -> list[Share] | None:
    """The shares on locked invoices; None when a balance has moved since."""
    wanted = {int(str(key)): amount for key, amount in allocations}
    found = Invoice.everywhere.in_bulk(wanted)
    shares = []
    for key in sorted(wanted):
        invoice = lock_invoice(found[key])
        if invoice.balance != wanted[key] or invoice.status != InvoiceStatus.ISSUED:
            return None
        shares.append(Share(invoice, wanted[key]))
    return shares


def _lock_open_line(line: BankLine) -> bool:
    return BankLine.everywhere.select_for_update(no_key=True).filter(pk=line.pk, status=LineStatus.OPEN).exists()


def _evidence(verdict: Verdict) -> list[dict[str, str]]:
    return [{"kind": piece.kind, "value": piece.value} for piece in verdict.evidence]


@transaction.atomic
def accept_match(*, line: BankLine, shares: Sequence[Share], actor: Actor, at: datetime) -> Match:
    """Match a line as a person decides. What the invoices do not take stays the customer's credit.

    Raises NothingToMatch, OnlyCredits, AnotherCompany, SeveralCustomers, AnotherCurrency, LineNotOpen,
    OverAllocated, NothingOutstanding, NotEnoughCredit.
    """
    _check_shares(line, shares)
    lock_invoices(share.invoice for share in shares)
    if not _lock_open_line(line):
        raise LineNotOpen
    return _apply(line, shares, rule="person", evidence=[], is_automatic=False, actor=actor, at=at)


def _check_shares(line: BankLine, shares: Sequence[Share]) -> None:
    if not shares:
        raise NothingToMatch
    if line.amount <= 0:
        raise OnlyCredits
    if any(share.invoice.company_id != line.company_id for share in shares):
        raise AnotherCompany
    if len({share.invoice.customer_id for share in shares}) > 1:
        raise SeveralCustomers


def _apply(
    line: BankLine,
    shares: Sequence[Share],
    *,
    rule: str,
    evidence: list[dict[str, str]],
    is_automatic: bool,
    actor: Actor,
    at: datetime,
) -> Match:
    customer: Customer = shares[0].invoice.customer
    payment = _record_payment(line, customer, shares, actor, at)
    match: Match = Match.everywhere.create(
        company_id=line.company_id,
        line=line,
        payment=payment,
        rule=rule,
        evidence=evidence,
        is_automatic=is_automatic,
        at=at,
    )
    states.move(
        line,
        LineStatus.MATCHED,
        tag="payments.bank.matched",
        actor=actor,
        at=at,
        also=[payment, customer, *(share.invoice for share in shares)],
        data={"amount": line.amount, "rule": rule, "payment": payment.number, "automatic": is_automatic},
    )
    return match


def _record_payment(line: BankLine, customer: Customer, shares: Sequence[Share], actor: Actor, at: datetime) -> Payment:
    return record_payment(
        customer=customer,
        amount=line.amount,
        currency=line.currency,
        method=Method.TRANSFER,
        # banks date some movements ahead; a payment is never in the future
        paid_on=min(line.booked_on, local_day(at)),
        bank_account=line.account,
        shares=shares,
        reference=(line.structured_reference or line.remittance)[:140],
        actor=actor,
        at=at,
    )


@transaction.atomic
def undo_match(*, match: Match, reason: str, actor: Actor, at: datetime) -> Match:
    """Take a match back: the payment is reversed, the invoices owe what they owed, the line is open again.

    An automatic match undone bars its pairs: the same mistake is not made again. Raises AlreadyUndone.
    """
    invoices = {row.invoice_id: row.invoice for row in match.payment.allocations.select_related("invoice")}
    lock_invoices(invoices.values())
    live: Match | None = (
        Match.everywhere.select_for_update(no_key=True, of=("self",))
        .select_related("line", "payment")
        .filter(pk=match.pk, undone_at=None)
        .first()
    )
    if live is None:
        raise AlreadyUndone
    if live.payment.can_be_reversed:
        reverse_payment(payment=live.payment, reason=reason or "Rapprochement défait", actor=actor, at=at)
    Match.everywhere.filter(pk=live.pk).update(undone_at=at, undone_because=reason[:200])
    if live.is_automatic:
        pairs = [BarredPair(company_id=live.company_id, line=live.line, invoice=row) for row in invoices.values()]
        BarredPair.everywhere.bulk_create(pairs, ignore_conflicts=True)
    states.move(
        live.line,
        LineStatus.OPEN,
        tag="payments.bank.unmatched",
        actor=actor,
        at=at,
        also=[live.payment, *invoices.values()],
        data={"reason": reason, "payment": live.payment.number},
    )
    match.refresh_from_db()
    return match


@transaction.atomic
def take_back_payment(*, payment: Payment, reason: str, actor: Actor, at: datetime) -> Payment:
    """Reverse a payment, and open again the bank line it came from, if any. Raises AlreadyReversed, Stale."""
    match = Match.everywhere.filter(payment=payment, undone_at=None).select_related("line", "payment").first()
    if match is None:
        return reverse_payment(payment=payment, reason=reason, actor=actor, at=at)
    undo_match(match=match, reason=reason, actor=actor, at=at)
    payment.refresh_from_db()
    reversal: Payment = Payment.everywhere.get(reverses=payment)
    return reversal
