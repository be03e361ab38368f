"""What the books know of money, as the matcher sees it: credits, payments received lately, and what is expected on the
account: slips taken to the bank, debits that were ordered, payments recorded by hand, refunds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery

from config.kernel.clock import local_day
from config.kernel.models import Company
from payments.debits.expected import expected_debits
from payments.matching import CREDIT, DEBIT_ORDER, PAYMENT, REFUND, OpenItem
from payments.models import MatchPart, Method, Payment, Refund, RefundKind, RefundShare
from payments.outgoing.suppliers.expected import supplier_money
from payments.services.remittances import open_remittances

# a payment is remembered so long: a collection may be returned within eight weeks (SEPA), the same come twice
REMEMBERED = timedelta(days=70)
RETURNABLE = timedelta(days=400)  # a debit without a valid mandate: thirteen months, and the banks' days
# what of a payment comes by the account itself; cheques, cards and cash come by their slips
TRANSFERS = frozenset({Method.TRANSFER, Method.DIRECT_DEBIT})
SLIP, RECORDED = "remittance", "payment"  # what a DEBIT_ORDER's id is of


@dataclass(frozen=True, slots=True)
class _Shown:
    """Of the payments received lately: the end-to-end ids of the lines that show them, and those that came back."""

    by: dict[int, str]
    returned: frozenset[int]


def known_money(company: Company, at: datetime, customers: Collection[int] | None) -> Iterator[OpenItem]:
    """Of the company, or of these customers' payments alone, without what many owe at once. Eight queries."""
    since = local_day(at - REMEMBERED)
    yield from _payments(company, since, customers)
    yield from _refunds(company, since)
    yield from supplier_money(company, since)
    if customers is None:
        yield from expected_debits(company)
    for slip in open_remittances(company):
        yield OpenItem(
            id=(SLIP, slip.pk),
            number=slip.number,
            rf_reference="",
            balance=slip.total,
            customer_id=None,
            customer_name="",
            due_on=slip.remitted_on,
            kind=DEBIT_ORDER,
        )


def _payments(company: Company, since: date, customers: Collection[int] | None) -> Iterator[OpenItem]:
    """What customers paid lately, what of their money pays nothing yet, and what no bank line shows yet."""
    rows = Payment.everywhere.filter(company=company, reverses=None, reversed_at=None)
    returnable = since - RETURNABLE + REMEMBERED
    debits = Q(method=Method.DIRECT_DEBIT, paid_on__gte=returnable)
    rows = rows.filter(Q(paid_on__gte=since) | Q(allocated__lt=F("amount")) | debits)
    if customers is not None:
        rows = rows.filter(customer__in=customers)
    shown = _shown(company, returnable)
    columns = ("id", "number", "amount", "allocated", "customer_id", "customer__name", "paid_on", "currency")
    for key, number, amount, allocated, customer, name, day, currency, method, reference, *given in rows.values_list(
        *columns, "method", "reference", "debit__end_to_end_id", "debit__mandate__reference"
    ):
        common: dict[str, Any] = {"number": number, "rf_reference": "", "customer_id": customer, "customer_name": name}
        common |= {"due_on": day, "currency": currency}
        identities = tuple({reference, shown.by.get(key, "")} - {""})
        ours = tuple(filter(None, given))
        if (day >= since or ours) and key not in shown.returned:
            yield OpenItem(kind=PAYMENT, id=key, balance=amount, end_to_end_ids=identities, given_ids=ours, **common)
        if day >= since and key not in shown.by and reference and method in TRANSFERS:
            expected = {"id": (RECORDED, key), "balance": amount, "end_to_end_ids": (reference,)}
            yield OpenItem(kind=DEBIT_ORDER, **expected, **common)
        if allocated < amount:
            yield OpenItem(kind=CREDIT, id=key, balance=amount - allocated, **common)


def _shown(company: Company, since: date) -> _Shown:
    parts = MatchPart.everywhere.filter(company=company, match__undone_at=None, payment__paid_on__gte=since)
    returns = RefundShare.everywhere.filter(
        company=company, refund__kind=RefundKind.RETURN, refund__cancelled_at=None, payment__paid_on__gte=since
    )
    return _Shown(
        by=dict(parts.values_list("payment_id", "match__line__end_to_end_id")),
        returned=frozenset(returns.values_list("payment_id", flat=True)),
    )


def _refunds(company: Company, since: date) -> Iterator[OpenItem]:
    """Our transfers to customers, and the returns typed by hand, that no line of the account shows yet."""
    rows = Refund.everywhere.filter(company=company, cancelled_at=None)
    rows = rows.filter(Q(method=Method.TRANSFER) | Q(kind=RefundKind.RETURN))
    matched = MatchPart.everywhere.filter(refund=OuterRef("pk"), match__undone_at=None)
    rows = rows.filter(~Exists(matched), made_on__gte=since)
    # a return is of one payment, and the bank names the debit
    debit = RefundShare.everywhere.filter(refund=OuterRef("pk"), refund__kind=RefundKind.RETURN)
    rows = rows.annotate(debit=Subquery(debit.values("payment__debit__end_to_end_id")[:1]))
    columns = (
        "id",
        "number",
        "amount",
        "customer_id",
        "customer__name",
        "made_on",
        "currency",
        "end_to_end_id",
        "debit",
    )
    for key, number, amount, customer, name, day, currency, identity, debit_id in rows.values_list(*columns):
        yield OpenItem(
            id=key,
            number=number,
            rf_reference="",
            balance=amount,
            customer_id=customer,
            customer_name=name,
            due_on=day,
            currency=currency,
            kind=REFUND,
            end_to_end_ids=(identity, debit_id) if debit_id else (identity,),
        )
