"""What the forecast learns from, and what it starts with, as of a day: paid and open invoices, credits, money at the
bank that nothing explains yet, what suppliers and the State are to be paid. Of the company in scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q, Sum

from billing.purchases.models import PurchaseInvoice, PurchaseStatus
from config.kernel.money import ZERO
from config.kernel.scope import current_company_id
from config.pages.dashboard.lateness import Past
from config.pages.dashboard.simulating import Expected
from payments.models import BankLine, LineStatus, PaymentRunLine
from payments.outgoing.suppliers.due import OPEN_BALANCE

DAYS_BACK = 730

INVOICES = """
SELECT fact.record_id, fact.customer_id, fact.due_date, sum(fact.amount),
  max(fact.day) FILTER (WHERE fact.source = 'payments.allocation' AND fact.amount < 0),
  (SELECT disputed_at IS NOT NULL FROM billing_invoice WHERE id = fact.record_id)
FROM payments_dated_facts(%(company)s) AS fact
WHERE fact.measure = 'OWED' AND fact.currency = %(currency)s AND fact.day <= %(on)s AND fact.due_date > %(since)s
GROUP BY 1, 2, 3 ORDER BY 3, 1
"""


@dataclass(frozen=True, slots=True)
class Position:
    """`past` tells the habits, `expected` is open, oldest first; amounts are of the day."""

    past: list[Past]
    expected: list[Expected]
    disputed: Decimal
    credit: Decimal


def position_on(on: date, *, currency: str, credit: Mapping[int, Decimal]) -> Position:
    """Only what was known at the end of the day, save whether an invoice is disputed. One query.

    `credit`: what each customer paid that no invoice holds; it pays the oldest that is open, and no money comes then.
    """
    values: dict[str, Any] = {
        "company": current_company_id(), "currency": currency, "on": on, "since": on - timedelta(days=DAYS_BACK),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(INVOICES, values)
        rows = cursor.fetchall()
    free = defaultdict(lambda: ZERO, credit)
    past, expected, disputed = [], [], ZERO
    for _key, customer, due, left, paid_on, is_disputed in rows:
        if left > 0 and is_disputed:
            disputed += left
        elif left > 0:
            past.append(Past(customer, (on - due).days, is_paid=False))
            part = min(free[customer], left)
            free[customer] -= part
            if left > part:
                expected.append(Expected(customer, float(left - part), (on - due).days))
        elif paid_on is not None:
            past.append(Past(customer, (paid_on - due).days, is_paid=True))
    return Position(past, expected, disputed, sum(credit.values(), ZERO))


CREDITS = """
SELECT customer_id, sum(amount) FROM payments_dated_facts(%(company)s)
WHERE measure = 'CREDIT' AND currency = %(currency)s AND day <= %(on)s GROUP BY 1 HAVING sum(amount) > 0
"""
CREDITS_NOW = """
SELECT customer_id, sum(amount - allocated) FROM payments_payment
WHERE company_id = %(company)s AND currency = %(currency)s AND amount > allocated AND reversed_at IS NULL
  AND reverses_id IS NULL GROUP BY 1
"""


def credits_on(on: date, *, currency: str, is_today: bool) -> dict[int, Decimal]:
    """What each customer paid that no invoice holds. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            CREDITS_NOW if is_today else CREDITS, {"company": current_company_id(), "currency": currency, "on": on}
        )
        return dict(cursor.fetchall())


def unmatched_money(*, currency: str) -> Decimal:
    """Money at the bank that no payment explains yet: its invoices seem open, and it will not come again. One query."""
    waiting = BankLine.objects.filter(currency=currency, amount__gt=0, status=LineStatus.OPEN)
    found: Decimal = waiting.aggregate(sum=Sum("amount", default=ZERO))["sum"]
    return found


def payables(*, currency: str) -> tuple[dict[date, Decimal], Decimal]:
    """What leaves on each day, credit notes taken off: a run's day where it is in one, else when it is due; and what is
    disputed, apart. What is not approved yet counts: it is expected all the same. Two queries."""
    waiting = (PurchaseStatus.TO_CHECK, PurchaseStatus.TO_APPROVE, PurchaseStatus.APPROVED, PurchaseStatus.BOOKED)
    rows = PurchaseInvoice.objects.filter(Q(status__in=waiting), currency=currency).order_by()
    runs = dict(
        PaymentRunLine.objects.filter(ended_at=None, removed_at=None).values_list("purchase_id", "run__executes_on")
    )
    found: dict[date, Decimal] = defaultdict(lambda: ZERO)
    disputed = ZERO
    for pk, kind, due, at, left in rows.annotate(left=OPEN_BALANCE).values_list(
        "pk", "kind", "due_date", "disputed_at", "left"
    ):
        amount = -left if kind == "381" else left
        if at is not None:
            disputed += amount
        elif (day := runs.get(pk) or due) is not None:
            found[day] += amount
    return dict(found), disputed
