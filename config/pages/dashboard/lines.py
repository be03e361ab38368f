"""The documents behind a figure: exactly those whose amounts are summed in it, as of the same day.

A figure of a period is its facts (an invoice, a payment, a refund and its cancellation); one of a day is what was left
then of each document: what is left now, less what came since.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel.clock import start_of_day
from config.kernel.places import record_url
from config.kernel.scope import current_company_id
from config.pages.dashboard.asking import Asked, last_day
from payments.dated_sums.models import Measure
from payments.dated_sums.since import OWED_SINCE
from payments.models import Payment, Refund, SupplierPayment

PAGE = 100
NUMBERED: dict[str, Any] = {
    "billing.invoice": Invoice,
    "payments.payment": Payment,
    "payments.refund": Refund,
    "payments.supplierpayment": SupplierPayment,
}
# the figures of a day by the name that the address gives them: how late, in days, at least and at most
OWED: dict[str, tuple[int | None, int | None]] = {
    "owed": (None, None),
    "late": (1, None),
    "not_due": (None, 0),
    "days_1_30": (1, 30),
    "days_31_60": (31, 60),
    "days_61_90": (61, 90),
    "days_over_90": (91, None),
}
CREDIT = "credit"
# those of a month
FLOWS: dict[str, tuple[str, ...]] = {
    "received": (Measure.RECEIVED,),
    "refunded": (Measure.REFUNDED,),
    "paid_out": (Measure.PAID_OUT,),
    "net": (Measure.NET,),
}
TITLES = {
    "owed": _("À encaisser"),
    "late": _("En retard"),
    "not_due": _("Non échu"),
    "days_1_30": _("En retard de 1 à 30 jours"),
    "days_31_60": _("En retard de 31 à 60 jours"),
    "days_61_90": _("En retard de 61 à 90 jours"),
    "days_over_90": _("En retard de plus de 90 jours"),
    CREDIT: _("Crédits non affectés"),
    "received": _("Encaissé"),
    "refunded": _("Remboursé"),
    "paid_out": _("Réglé aux fournisseurs"),
    "net": _("Facturé HT"),
}

_FLOW = """
SELECT day, source_id AS key, record, record_id, customer_id, amount FROM payments_dated_facts(%(company)s)
WHERE measure = ANY(%(measures)s) AND currency = %(currency)s AND day BETWEEN %(start)s AND %(end)s AND amount <> 0
"""
_OWED = f"""
SELECT invoice.due_date AS day, invoice.id AS key, 'billing.invoice' AS record, invoice.id AS record_id,
  invoice.customer_id, invoice.total_gross - invoice.amount_deposited - invoice.amount_paid - invoice.amount_credited
    - invoice.amount_written_off - coalesce(later.amount, 0) AS amount
FROM billing_invoice AS invoice LEFT JOIN (
  SELECT record_id, sum(amount) AS amount FROM ({OWED_SINCE}) AS since WHERE %(is_past)s GROUP BY 1
) AS later ON later.record_id = invoice.id
WHERE invoice.company_id = %(company)s AND invoice.currency = %(currency)s AND invoice.kind <> '381'
  AND (invoice.status = 'ISSUED' OR invoice.status <> 'DRAFT' AND later.record_id IS NOT NULL)
  AND invoice.due_date BETWEEN %(due_from)s AND %(due_to)s
  AND (%(customer)s::bigint IS NULL OR invoice.customer_id = %(customer)s)
"""  # noqa: S608 - no values of callers
_CREDIT = """
SELECT payment.paid_on AS day, payment.id AS key, 'payments.payment' AS record, payment.id AS record_id,
  payment.customer_id,
  CASE WHEN payment.reversed_at IS NULL THEN payment.amount - payment.allocated ELSE 0 END
    - coalesce(later.amount, 0) AS amount
FROM payments_payment AS payment LEFT JOIN (
  SELECT record_id, sum(amount) AS amount FROM payments_dated_facts(%(company)s)
  WHERE %(is_past)s AND measure = 'CREDIT' AND currency = %(currency)s AND day > %(on)s GROUP BY 1
) AS later ON later.record_id = payment.id
WHERE payment.company_id = %(company)s AND payment.currency = %(currency)s AND payment.reverses_id IS NULL
  AND (payment.amount > payment.allocated AND payment.reversed_at IS NULL OR later.record_id IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """What is asked to be shown: a figure of a day, perhaps one debtor's, or of a month."""

    figure: str
    month: date | None = None
    customer_id: int | None = None

    @property
    def is_of_month(self) -> bool:
        return self.figure in FLOWS


@dataclass(frozen=True, slots=True)
class Line:
    """A document with what of it is in the figure; `day` is its due date where it is owed."""

    day: date
    key: int
    subject: str
    number: str
    customer: str
    amount: Decimal

    @property
    def url(self) -> str:
        return record_url(self.subject)


@dataclass(frozen=True, slots=True)
class Lines:
    rows: Sequence[Line]
    total: Decimal
    count: int
    following: str  # '' at the end


def behind_of(figure: str, month: str, customer: str) -> Behind | None:
    """None for what is no figure of ours."""
    if figure in FLOWS and re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", month):
        return Behind(figure, month=date.fromisoformat(f"{month}-01"))
    if figure in OWED:
        known = customer if re.fullmatch(r"\d{1,18}", customer) else ""
        return Behind(figure, customer_id=int(known) if known else None)
    return Behind(figure) if figure == CREDIT else None


def total_of(behind: Behind, asked: Asked) -> tuple[Decimal, int]:
    """The sum and the number of the documents, of the company in scope."""
    rows, values = _asked_rows(behind, asked)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(sum(amount), 0), count(*) FROM ({rows}) AS line WHERE amount <> 0", values)  # noqa: S608
        total, count = cursor.fetchone()
    return total, count


def lines_of(behind: Behind, asked: Asked, *, after: str = "") -> Lines:
    """A page of them, of the company in scope: what is most overdue first, what is latest first. Four queries."""
    total, count = total_of(behind, asked)
    rows, values = _asked_rows(behind, asked)
    # what moved is read from its end, what is owed from its oldest
    side, order = ("<", "DESC") if behind.is_of_month else (">", "ASC")
    place = _place(after)
    values |= {"limit": PAGE + 1, "day": place[0] if place else None, "key": place[1] if place else 0}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT line.*, customer.name FROM ({rows}) AS line "  # noqa: S608 - no values of callers
            "JOIN customers_customer AS customer ON customer.id = line.customer_id WHERE amount <> 0 "
            f"AND (%(day)s::date IS NULL OR (line.day, line.key) {side} (%(day)s::date, %(key)s)) "
            f"ORDER BY line.day {order}, line.key {order} LIMIT %(limit)s",
            values,
        )
        found = cursor.fetchall()
    shown = found[:PAGE]
    numbers = _numbers(shown)
    lines = [
        Line(day, key, f"{record}:{record_id}", numbers.get((record, record_id), ""), name, amount)
        for day, key, record, record_id, _customer, amount, name in shown
    ]
    following = f"{lines[-1].day.isoformat()}_{lines[-1].key}" if len(found) > PAGE else ""
    return Lines(lines, total, count, following)


def _asked_rows(behind: Behind, asked: Asked) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {
        "company": current_company_id(),
        "currency": asked.currency,
        "on": asked.on,
        "since": start_of_day(asked.on + timedelta(days=1)),
        "is_past": asked.on < asked.today,
        "customer": behind.customer_id,
    }
    if behind.month is not None:
        end = min(last_day(behind.month), asked.on)
        measures = list(FLOWS[behind.figure])
        return _FLOW, {**values, "measures": measures, "start": behind.month, "end": end}
    if behind.figure == CREDIT:
        return _CREDIT, values
    least, most = OWED[behind.figure]
    due_from = date.min if most is None else asked.on - timedelta(days=most)
    due_to = date.max if least is None else asked.on - timedelta(days=least)
    return _OWED, {**values, "due_from": due_from, "due_to": due_to}


def _place(text: str) -> tuple[date, int] | None:
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)_(\d{1,18})", text)
    try:
        return (date.fromisoformat(found[1]), int(found[2])) if found else None
    except ValueError:
        return None


def _numbers(rows: Sequence[Any]) -> Mapping[tuple[str, int], str]:
    wanted: dict[str, set[int]] = {}
    for row in rows:
        wanted.setdefault(row[2], set()).add(row[3])
    return {
        (record, pk): number or ""
        for record, keys in wanted.items()
        for pk, number in NUMBERED[record].objects.filter(pk__in=keys).values_list("pk", "number")
    }
