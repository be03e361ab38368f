"""VAT to come: what the month of a day makes due, by the company's rule, less what its purchases make deductible.

Goods, and everything where the company chose the debits, are due as they are billed; services as they are paid (CGI
269-2). A receipt pays each part of an invoice in proportion. Kept in one function: the VAT return will say it by boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.purchases.payables import deductible_vat, due_vat
from config.kernel.models import Company
from config.kernel.money import ZERO, round2
from config.pages.dashboard.asking import last_day, month_before

PAID_BY = 24  # of the next month, at the latest (CGI ann. IV 39)

# the share of an invoice that is services, by its lines
_SERVICES = """
  SELECT coalesce(sum(net_amount) FILTER (WHERE is_service) / nullif(sum(net_amount), 0), 0)
  FROM billing_invoiceline WHERE invoice_id = invoice.id
"""
BILLED = f"""
SELECT coalesce(sum(fact.amount * (CASE WHEN %(debits)s THEN 1 ELSE 1 - ({_SERVICES}) END)), 0)
FROM payments_dated_facts(%(company)s) AS fact JOIN billing_invoice AS invoice ON invoice.id = fact.record_id
WHERE fact.measure = 'VAT' AND fact.currency = 'EUR' AND fact.day BETWEEN %(start)s AND %(end)s
"""  # noqa: S608 - no values of callers
RECEIVED = f"""
SELECT coalesce(sum(-fact.amount * ({_SERVICES}) * (invoice.total_vat - invoice.deposited_vat)
    / nullif(invoice.total_gross - invoice.amount_deposited, 0)), 0)
FROM payments_dated_facts(%(company)s) AS fact JOIN billing_invoice AS invoice ON invoice.id = fact.record_id
WHERE fact.source = 'payments.allocation' AND fact.measure = 'OWED' AND fact.currency = 'EUR'
  AND fact.day BETWEEN %(start)s AND %(end)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class VatToCome:
    """In euros; negative `due` is a credit."""

    start: date
    end: date
    collected: Decimal
    deductible: Decimal

    @property
    def due(self) -> Decimal:
        return self.collected - self.deductible

    @property
    def due_on(self) -> date:
        return month_before(self.start, -1).replace(day=PAID_BY)


def vat_to_come(company: Company, *, on: date) -> VatToCome:
    """Of the month of the day, up to it, for the company in scope."""
    start, end = on.replace(day=1), min(last_day(on), on)
    values: dict[str, Any] = {"company": company.pk, "start": start, "end": end, "debits": company.vat_on_debits}
    with connection.cursor() as cursor:
        cursor.execute(BILLED, values)
        collected = Decimal(cursor.fetchone()[0])
        if not company.vat_on_debits:
            cursor.execute(RECEIVED, values)
            collected += Decimal(cursor.fetchone()[0])
    # what we owe ourselves on purchases is due and deductible: both sides are told
    collected += sum((row.vat for row in due_vat(company, start=start, end=end)), ZERO)
    deductible = sum((row.vat for row in deductible_vat(company, start=start, end=end)), ZERO)
    return VatToCome(start, end, round2(collected), round2(deductible))
