"""Aged balances of dollars, in euros: equal to 411, and nothing is left of what is paid."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from config.kernel.exchange import save_rate
from config.kernel.scope import company_scope
from payments.aged.reading import aged_documents
from payments.models import Method
from payments.outgoing.refunding import refund_customer
from payments.services.allocations import Share
from payments.services.payments import record_payment
from payments.services.valuing import value_foreign_items
from tests.factories import story
from tests.factories.story import ACTOR
from tests.payments.reports.test_aged import aged, asked, noon

pytestmark = pytest.mark.django_db

D0 = date(2026, 3, 2)
LATER = D0 + timedelta(days=10)


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        # an invoice in dollars brings its own: 1.25
        for day, rate in ((LATER, "1.1133"), (date(2026, 3, 31), "1.2")):
            save_rate(
                company=company,
                base="EUR",
                currency="USD",
                day=day,
                rate=Decimal(rate),
                source="BCE",
                actor=ACTOR,
                at=noon(D0),
            )
        yield company


def paid(invoice, amount, *shares, day=LATER):
    return record_payment(
        customer=invoice.customer,
        amount=Decimal(amount),
        currency="USD",
        method=Method.TRANSFER,
        paid_on=day,
        shares=[Share(invoice, Decimal(part)) for part in shares],
        actor=ACTOR,
        at=noon(day),
    )


def test_what_is_paid_in_dollars_leaves_nothing_in_euros(company):
    invoice = story.an_issued_invoice(story.a_customer(company), at=noon(D0), currency="USD")
    owed = aged(company, D0)
    assert sum(owed) == aged_documents("receivable", asked(company, D0))[0].amount == Decimal("1152.00")
    paid(invoice, "333.33", "333.33")
    paid(invoice, "333.34", "333.34")
    paid(invoice, "773.33", "773.33")
    assert aged_documents("receivable", asked(company, LATER)) == []
    assert aged(company, LATER - timedelta(days=1)) == owed


def test_too_much_in_dollars_is_credit_until_it_is_refunded(company):
    invoice = story.an_issued_invoice(story.a_customer(company), at=noon(D0), currency="USD")
    paid(invoice, "1540.00", "1440.00")
    assert aged(company, LATER)[:5] == (0, 0, 0, 0, 0)
    assert aged(company, LATER)[5] == Decimal("-89.82")
    after = LATER + timedelta(days=1)
    refund_customer(
        customer=invoice.customer,
        amount=Decimal("100.00"),
        currency="USD",
        method=Method.TRANSFER,
        iban=story.SECOND_IBAN,
        reason="x",
        made_on=after,
        actor=ACTOR,
        at=noon(after),
    )
    assert aged_documents("receivable", asked(company, after)) == []


def test_what_is_latent_at_a_month_end_is_gone_on_the_next_day(company):
    story.an_issued_invoice(story.a_customer(company), at=noon(D0), currency="USD")
    before = aged(company, date(2026, 4, 1))
    value_foreign_items(company=company, on=date(2026, 3, 31), actor=ACTOR, at=noon(date(2026, 4, 2)))
    assert sum(aged(company, date(2026, 3, 31))) == Decimal("1200.00")
    assert aged(company, date(2026, 4, 1)) == before
