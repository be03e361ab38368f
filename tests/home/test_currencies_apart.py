"""Amounts of several currencies are never added: they stand apart, or in the currency of the books at frozen rates."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.api.invoices.stats import figures
from billing.invoice_sums import invoice_sums
from billing.models import Invoice
from billing.services.invoices import save_draft
from billing.services.issuing import issue_invoice
from config.kernel.clock import local_day
from config.kernel.exchange import save_rate
from config.kernel.scope import company_scope
from config.kernel.todo import Today
from config.kernel.typography import money
from config.pages.figures import month
from payments import todo
from payments.models import Method
from payments.services.payments import record_payment
from tests.factories import story
from tests.factories.people import signed_in
from tests.factories.story import ACTOR

pytestmark = pytest.mark.django_db

LINES = [story.a_line(quantity=Decimal(1), unit_price=Decimal(1000))]  # 1 200.00 with VAT, 600.00 € in dollars


@pytest.fixture
def customer(company: Any) -> Any:
    now = timezone.now()
    with company_scope(company):
        found = story.a_customer(company)
        save_rate(
            company=company,
            base="EUR",
            currency="USD",
            day=local_day(now) - timedelta(days=1),
            rate=Decimal(2),
            source="BCE",
            actor=ACTOR,
            at=now,
        )
        for currency in ("EUR", "USD"):
            issue_invoice(invoice=a_draft(found, currency), actor=ACTOR, at=now)
            a_draft(found, currency)
        yield found


def a_draft(customer: Any, currency: str) -> Invoice:
    return save_draft(
        invoice=None,
        customer=customer,
        values={"currency": currency},
        lines=LINES,
        actor=ACTOR,
        at=timezone.now(),
    )


def the_day() -> date:
    return local_day(timezone.now())


def test_what_is_owed_and_billed_is_told_in_the_books_and_drafts_stay_apart(customer: Any) -> None:
    sums = invoice_sums(the_day())
    assert (sums.due, sums.due_total) == (2, Decimal("1800.00"))
    assert (sums.drafts, sums.draft_totals) == (2, {"EUR": Decimal("1200.00"), "USD": Decimal("1200.00")})
    assert month(the_day()).gross == Decimal("1800.00")
    assert month(the_day()).net == Decimal("1500.00")


def test_the_home_page_and_the_lists_add_no_dollars_to_euros(company: Any, customer: Any) -> None:
    client = signed_in(company)
    home = client.get(reverse("home"), headers={"Accept-Language": "fr"}).text
    assert money("1800") in home
    assert f"{money('1200')} + {money('1200', 'USD')}" in home
    listed = client.get(reverse("billing:invoice-list")).context["summary"]
    assert money("2400", "USD") in listed
    assert money("2400") in listed
    assert money("4800") not in listed
    record = client.get(customer.get_absolute_url())
    assert [figure.amount for figure in record.context["figures"]] == [Decimal("1800.00")]
    assert client.get(reverse("customers:customer-list")).context["rows"][0]["balance"] == Decimal("1800.00")


def test_payments_and_bank_lines_stand_apart_by_currency(company: Any, customer: Any) -> None:
    for currency in ("EUR", "USD"):
        record_payment(
            customer=customer,
            amount=Decimal(100),
            currency=currency,
            method=Method.TRANSFER,
            paid_on=the_day(),
            shares=[],
            actor=ACTOR,
            at=timezone.now(),
        )
    assert month(the_day()).received == Decimal("150.00")
    client = signed_in(company)
    listed = client.get(reverse("payments:payment-list")).context["summary"]
    assert money(100) in listed
    assert money(100, "USD") in listed
    assert money(200) not in listed
    figures_shown = client.get(customer.get_absolute_url()).context["figures"]
    assert [(figure.amount, figure.currency) for figure in figures_shown[1:]] == [(100, "EUR"), (100, "USD")]
    (asked,) = todo.credits_to_allocate(Today(timezone.now()))
    assert f"{money(100)} + {money(100, 'USD')}" in asked.detail


def test_the_figures_of_the_api_are_those_of_the_books(company: Any, customer: Any) -> None:

    assert figures(the_day())["total_pending"] == Decimal("1800.00")
