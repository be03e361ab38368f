"""Sales and payments for the tests of e-reporting, made by the product's own services."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.models import Invoice
from config.kernel.models import Company
from customers.models import Customer
from payments.models import Payment
from tests.factories import money, story


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def an_individual(company: Company, **values: Any) -> Customer:
    return story.a_customer(company, kind="INDIVIDUAL", **values)


def a_german(company: Company, **values: Any) -> Customer:
    return story.a_customer(
        company,
        name="Möbel Schmidt GmbH",
        siret="",
        vat_number="DE811907980",
        address={"country": "DE", "postcode": "10115", "city": "Berlin"},
        **values,
    )


def a_sale(customer: Customer, day: date, *lines: tuple[str, str, bool], **values: Any) -> Invoice:
    """An invoice of a day; each line: its net, its rate, whether it is a service."""
    made = [
        story.a_line(
            description="Pose" if service else "Chaise",
            quantity=Decimal(1),
            unit_price=Decimal(net),
            vat_rate=Decimal(rate),
            is_service=service,
            **values,
        )
        for net, rate, service in lines
    ]
    return story.an_issued_invoice(customer, made, at=noon(day))


def paid(invoice: Invoice, day: date, amount: str | None = None) -> Payment:
    invoice.refresh_from_db()
    amount = amount or str(invoice.balance)
    return money.a_payment(invoice.customer, amount, [(invoice, amount)], paid_on=day, at=noon(day))
