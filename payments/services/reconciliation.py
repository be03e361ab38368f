"""Reconciliation: bank lines become payments, on evidence (payments.matching), with undo that restores everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction

from billing.models import Invoice, InvoiceStatus
from billing.services.settling import lock_invoice
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company
from customers.models import Customer
from payments import matching
from payments.matching import AUTO, NONE, Index, OpenItem, Verdict
from payments.models import BankLine, BarredPair, LineStatus, Match, Method
from payments.services.payments import Share, record_payment, reverse_payment

# settled invoices are remembered so long, to recognise a second payment of the same one
REMEMBER_SETTLED = timedelta(days=400)


class NothingToMatch(Invalid):
    code = "nothing_to_match"
    message = "Choisissez au moins une facture."


class OnlyCredits(Invalid):
    code = "only_credits"
    message = "Seul un crédit peut régler une facture."


class SeveralCustomers(Invalid):
    code = "several_customers"
    message = "Un virement règle les factures d’un seul client."


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


def build_index(company: Company, *, at: datetime) -> Index:
    """The open invoices of the company, and the recently settled ones with a balance of zero. One query."""
    since = local_day(at - REMEMBER_SETTLED)
    rows = (
        Invoice.everywhere.issued()
        .filter(company=company, issue_date__gte=since)
        .exclude(kind="381")
        .select_related("customer")
    )
    older = Invoice.everywhere.outstanding().filter(company=company, issue_date__lt=since).select_related("customer")
    return Index.build(_item(invoice) for invoice in [*rows, *older])


def _item(invoice: Invoice) -> OpenItem:
    is_open = invoice.status == InvoiceStatus.ISSUED
    return OpenItem(
        id=invoice.pk,
        number=invoice.number or "",
        rf_reference=invoice.payment_reference,
        balance=invoice.balance if is_open else Decimal("0.00"),
        customer_id=invoice.customer_id,
        customer_name=invoice.customer.name,
        due_on=invoice.due_date or local_day(invoice.created_at),
        is_touched=bool(invoice.amount_paid or invoice.amount_credited),
        currency=invoice.currency,
    )


def _line(line: BankLine) -> matching.Line:
    return matching.Line(
        amount=line.amount,
        currency=line.currency,
        texts=(line.remittance, line.end_to_end_id),
        structured_reference=line.structured_reference,
        counterparty=line.counterparty,
        iban=line.counterparty_iban,
    )


def propose(line: BankLine, index: Index) -> Verdict:
    """What the evidence says of one line; pairs that a person undid are barred."""
    barred = set(BarredPair.everywhere.filter(line=line).values_list("invoice_id", flat=True))
    return matching.match(_line(line), index, barred=barred)


def reconcile(*, company: Company, actor: Actor, at: datetime) -> Outcome:
    """Match what the evidence proves; propose or leave the rest. Safe to run twice, or twice at once.

    Each line is matched in a transaction of its own, under an advisory lock of the company: two runs take turns, and
    a crash keeps what was done.
    """
    index = build_index(company, at=at)
    barred = _barred(company)
    counts = {AUTO: 0, matching.PROPOSED: 0, NONE: 0}
    for line in BankLine.everywhere.filter(company=company, status=LineStatus.OPEN).order_by("booked_on", "id"):
        verdict = matching.match(_line(line), index, barred=barred.get(line.pk, ()))
        kind = verdict.kind
        if kind == AUTO and not _match_automatically(line, verdict, actor, at):
            kind = NONE
        counts[kind] += 1
    return Outcome(matched=counts[AUTO], proposed=counts[matching.PROPOSED], left=counts[NONE])


def _barred(company: Company) -> dict[int, set[int]]:
    barred: dict[int, set[int]] = {}
    for line_id, invoice_id in BarredPair.everywhere.filter(company=company).values_list("line_id", "invoice_id"):
        barred.setdefault(line_id, set()).add(invoice_id)
    return barred


@transaction.atomic
def _match_automatically(line: BankLine, verdict: Verdict, actor: Actor, at: datetime) -> bool:
    """Apply an automatic verdict if it still holds under lock: the balances are those it was judged on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x5175, line.company_id % 2**31])
    shares = _locked_shares(verdict.allocations)
    if shares is None or not _lock_open_line(line):
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
    return BankLine.everywhere.select_for_update().filter(pk=line.pk, status=LineStatus.OPEN).exists()


def _evidence(verdict: Verdict) -> list[dict[str, str]]:
    return [{"kind": one.kind, "value": one.value} for one in verdict.evidence]


@transaction.atomic
def accept_match(*, line: BankLine, shares: Sequence[Share], actor: Actor, at: datetime) -> Match:
    """A person says what the line pays. What the invoices do not take stays the customer's credit.

    Raises NothingToMatch, OnlyCredits, SeveralCustomers, LineNotOpen, OverAllocated, NotEnoughCredit.
    """
    if not shares:
        raise NothingToMatch
    if line.amount <= 0:
        raise OnlyCredits
    if len({share.invoice.customer_id for share in shares}) > 1:
        raise SeveralCustomers
    for share in sorted(shares, key=lambda one: one.invoice.pk):
        lock_invoice(share.invoice)
    if not _lock_open_line(line):
        raise LineNotOpen
    return _apply(line, shares, rule="person", evidence=[], is_automatic=False, actor=actor, at=at)


def _apply(
    line: BankLine, shares: Sequence[Share], *, rule: str, evidence: list[dict[str, str]], is_automatic: bool,
    actor: Actor, at: datetime,
) -> Match:  # fmt: skip
    customer: Customer = shares[0].invoice.customer
    payment = record_payment(
        customer=customer,
        amount=line.amount,
        currency=line.currency,
        method=Method.TRANSFER,
        paid_on=min(line.booked_on, local_day(at)),
        shares=shares,
        reference=(line.structured_reference or line.remittance)[:140],
        actor=actor,
        at=at,
    )
    match: Match = Match.everywhere.create(
        company_id=line.company_id, line=line, payment=payment, rule=rule, evidence=evidence,
        is_automatic=is_automatic, at=at,
    )  # fmt: skip
    states.move(
        line, LineStatus.MATCHED, tag="payments.bank.matched", actor=actor, at=at,
        also=[payment, customer, *(share.invoice for share in shares)],
        data={"amount": line.amount, "rule": rule, "payment": payment.number, "automatic": is_automatic},
    )  # fmt: skip
    return match


@transaction.atomic
def undo_match(*, match: Match, reason: str, actor: Actor, at: datetime) -> Match:
    """Take a match back: the payment is reversed, the invoices owe what they owed, the line is open again.

    An automatic match undone bars its pairs: the same mistake is not made again. Raises AlreadyUndone.
    """
    allocations = list(match.payment.allocations.select_related("invoice"))
    invoices = {allocation.invoice_id: allocation.invoice for allocation in allocations}
    reverse_payment(payment=match.payment, reason=reason or "Rapprochement défait", actor=actor, at=at)
    live = Match.everywhere.filter(pk=match.pk, undone_at=None)
    if not live.update(undone_at=at, undone_because=reason[:200]):
        raise AlreadyUndone
    if match.is_automatic:
        BarredPair.everywhere.bulk_create(
            [
                BarredPair(company_id=match.company_id, line=match.line, invoice=invoice)
                for invoice in invoices.values()
            ],
            ignore_conflicts=True,
        )
    states.move(
        match.line, LineStatus.OPEN, tag="payments.bank.unmatched", actor=actor, at=at,
        also=[match.payment, *invoices.values()], data={"reason": reason, "payment": match.payment.number},
    )  # fmt: skip
    match.refresh_from_db()
    return match
