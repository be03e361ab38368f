"""What the evidence says of a bank line (payments.matching), on the company's open invoices. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q

from billing.models import Invoice, InvoiceKind, InvoiceStatus
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.money import ZERO
from payments import matching
from payments.matching import NONE, PROPOSED, Evidence, Index, OpenItem, Verdict
from payments.models import BankLine, BarredPair, MatchPart, Payment

# settled invoices are remembered so long, to recognise a second payment of the same one
REMEMBER_SETTLED = timedelta(days=400)
AROUND = timedelta(days=7)  # between the day of a payment as it was told otherwise and its day on a statement
COLUMNS = (
    "id", "number", "payment_reference", "status", "total_gross", "amount_deposited", "amount_paid", "amount_credited",
    "customer_id", "customer__name", "due_date", "currency",
)  # fmt: skip


def build_index(company: Company, *, at: datetime, customers: Collection[int] | None = None) -> Index:
    """The open invoices of the company, or of these customers alone, and those settled lately with a balance of zero.

    One query, plain columns.
    """
    since = local_day(at - REMEMBER_SETTLED)
    rows = Invoice.everywhere.issued().filter(company=company).exclude(kind=InvoiceKind.CREDIT_NOTE)
    rows = rows.filter(Q(status=InvoiceStatus.ISSUED) | Q(issue_date__gte=since))
    if customers is not None:
        rows = rows.filter(customer__in=customers)
    return Index.build(_item(*columns) for columns in rows.values_list(*COLUMNS))


def _item(
    key: int,
    number: str,
    reference: str,
    status: str,
    total: Decimal,
    deposited: Decimal,
    paid: Decimal,
    credited: Decimal,
    customer_id: int,
    customer_name: str,
    due_on: date,
    currency: str,
) -> OpenItem:
    return OpenItem(
        id=key,
        number=number,
        rf_reference=reference,
        balance=total - deposited - paid - credited if status == InvoiceStatus.ISSUED else ZERO,
        customer_id=customer_id,
        customer_name=customer_name,
        due_on=due_on,
        is_touched=bool(paid or credited),
        currency=currency,
    )


def _line(line: BankLine) -> matching.Line:
    return matching.Line(
        amount=line.amount,
        currency=line.currency,
        texts=(line.remittance, line.end_to_end_id),
        structured_reference=line.structured_reference,
        counterparty=line.counterparty,
        iban=line.counterparty_iban,
        end_to_end_id=line.end_to_end_id,
        booked_on=line.booked_on,
    )


def propose(line: BankLine, index: Index) -> Verdict:
    """The verdict on one line; pairs that a person undid are barred, and money that is known is doubted."""
    return doubt_known(line, judge(line, index, barred_pairs(line=line)))


def judge(line: BankLine, index: Index, barred: Mapping[int, Collection[int]]) -> Verdict:
    """The verdict on a line; `barred`: line id → invoices that a person took off it."""
    return matching.match(_line(line), index, barred=barred.get(line.pk, ()))


def doubt_known(line: BankLine, verdict: Verdict) -> Verdict:
    """Only proposed where the customer has a credit of this very amount that came about then, and by no bank line."""
    if verdict.kind == NONE:
        return verdict
    kept = Payment.everywhere.filter(
        customer__invoices__in=[key for key, _amount in verdict.allocations],
        currency=line.currency,
        paid_on__range=(line.booked_on - AROUND, line.booked_on + AROUND),
        allocated__lt=F("amount"),
        reverses=None,
        reversed_at=None,
    ).exclude(match_parts__in=MatchPart.everywhere.filter(match__undone_at=None))
    known = [row.number for row in kept.distinct().order_by("number") if _whole(row) == line.amount]
    if not known:
        return verdict
    return replace(verdict, kind=PROPOSED, evidence=(*verdict.evidence, Evidence("known", ", ".join(known))))


def _whole(payment: Payment) -> Decimal:
    """With what the same payment gave to invoices, where a service told it in parts."""
    if not payment.origin_service:
        return payment.amount
    origin = {"origin_service": payment.origin_service, "origin_payment": payment.origin_payment}
    parts = Payment.everywhere.filter(company=payment.company_id, reverses=None, reversed_at=None, **origin)
    return sum(parts.values_list("amount", flat=True), ZERO)


def barred_pairs(**of: Any) -> dict[int, set[int]]:
    """The invoices barred by line: `company=…` for all, or `line=…`. One query."""
    barred: dict[int, set[int]] = {}
    for line_id, invoice_id in BarredPair.everywhere.filter(**of).values_list("line_id", "invoice_id"):
        barred.setdefault(line_id, set()).add(invoice_id)
    return barred
