"""The last money that moved, up to a day: received, given back, paid to suppliers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from config.kernel.models import Company
from config.kernel.scope import company_scope
from config.pages.dashboard.asking import Asked
from payments.models import Payment, Refund, SupplierPayment

LAST = 8


@dataclass(frozen=True, slots=True)
class Movement:
    """Positive for what came in. `url` is '' for a company one does not work in now."""

    day: date
    company: Company
    number: str
    name: str
    amount: Decimal
    url: str


def last_movements(asked: Asked, *, here: Company) -> list[Movement]:
    """The latest first; what was cancelled is left out. Three queries a company."""
    found: list[Movement] = []
    for company in asked.companies:
        with company_scope(company):
            found += _of_company(asked, company, is_here=company.pk == here.pk)
    return sorted(found, key=lambda one: (one.day, one.number), reverse=True)[:LAST]


def _of_company(asked: Asked, company: Company, *, is_here: bool) -> list[Movement]:
    of = {"currency": asked.currency}
    received = Payment.objects.filter(paid_on__lte=asked.on, **of).select_related("customer")
    live = {**of, "made_on__lte": asked.on, "cancelled_at": None}
    refunds = Refund.objects.filter(**live).select_related("customer")
    paid = SupplierPayment.objects.filter(**live).select_related("supplier")
    rows = [
        *((row, row.paid_on, row.customer.name, row.amount) for row in received.order_by("-paid_on", "-id")[:LAST]),
        *((row, row.made_on, row.customer.name, -row.amount) for row in refunds.order_by("-made_on", "-id")[:LAST]),
        *(
            (row, row.made_on, row.supplier.name, -row.sign * row.amount)
            for row in paid.order_by("-made_on", "-id")[:LAST]
        ),
    ]
    return [
        Movement(day, company, row.number, name, amount, row.get_absolute_url() if is_here else "")
        for row, day, name, amount in rows
    ]
