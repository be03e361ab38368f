"""How late customers usually pay, and what follows: expected days, cash by week, the largest risks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.models import Invoice
from billing.services.invoices import open_dispute
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Customer
from payments.dunning.views.forecast import HEIGHT, bars
from payments.services import scores
from payments.services.payments import reverse_payment
from tests.factories import money, story
from tests.factories.people import signed_in

AT, ACTOR = story.AT, story.ACTOR
TODAY = date(2026, 11, 16)  # a Monday


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    row = story.a_company()
    with company_scope(row):
        yield row


def due_on(customer: Customer, day: date, **values: object) -> Invoice:
    return story.an_issued_invoice(customer, at=datetime(2026, 1, 5, 9, tzinfo=UTC), due_date=day, **values)


def paid(invoice: Invoice, amount: str, day: date) -> object:
    return money.a_payment(invoice.customer, amount, [(invoice, amount)], paid_on=day)


def test_the_usual_delay_is_weighted_by_the_money_and_says_on_how_many_invoices_it_rests(company, customer):
    first, second = due_on(customer, date(2026, 2, 1)), due_on(customer, date(2026, 2, 1))
    paid(first, "1440.00", date(2026, 2, 11))
    paid(second, "440.00", date(2026, 3, 1))
    known = scores.habits(on=TODAY)
    assert known.own[customer.pk] == scores.Habit(14, 2), "(1440×10 + 440×28) / 1880"
    assert known.company == scores.Habit(14, 2, is_own=False)
    stranger = story.a_customer(company, name="Beta")
    assert known.of(stranger.pk) == known.company
    assert known.expected(customer.pk, date(2026, 11, 20)) == date(2026, 12, 4)


def test_money_taken_back_tells_no_habit(company, customer):
    invoice = due_on(customer, date(2026, 2, 1))
    payment = paid(invoice, "1440.00", date(2026, 2, 11))
    reverse_payment(payment=payment, reason="Erreur", actor=ACTOR, at=AT)
    known = scores.habits(on=TODAY)
    assert (known.company, dict(known.own)) == (None, {})
    assert known.expected(customer.pk, TODAY) is None


def test_cash_is_told_by_week_with_what_should_have_come_and_what_nobody_knows(company, customer):
    paid(due_on(customer, date(2026, 2, 1)), "1440.00", date(2026, 2, 11))
    for day in (date(2026, 11, 1), date(2026, 11, 10), date(2026, 11, 20), date(2027, 6, 1)):
        due_on(customer, day)
    contested = due_on(customer, date(2026, 11, 20))
    open_dispute(invoice=contested, reason="Colis cassé", actor=ACTOR, at=AT)
    weeks = scores.cash_by_week(on=TODAY, currency="EUR", known=scores.habits(on=TODAY))
    told = [(week.label, week.first, week.invoices) for week in weeks if week.invoices]
    assert told == [
        (scores.OVERDUE, None, 1),
        (scores.WEEK, TODAY, 1),
        (scores.WEEK, TODAY + timedelta(days=14), 1),
        (scores.LATER, None, 1),
        (scores.DISPUTED, None, 1),
    ]
    assert sum(week.amount for week in weeks) == Decimal("7200.00")
    unknown = scores.cash_by_week(on=TODAY, currency="EUR", known=scores.Habits(None, {}))
    assert {week.label for week in unknown if week.invoices} == {scores.UNKNOWN, scores.DISPUTED}


def test_the_tallest_bar_is_as_tall_as_the_drawing(company, customer):
    paid(due_on(customer, date(2026, 2, 1)), "1440.00", date(2026, 2, 1))
    due_on(customer, date(2026, 11, 18))
    drawn = bars(scores.cash_by_week(on=TODAY, currency="EUR", known=scores.habits(on=TODAY)))
    assert [bar["height"] for bar in drawn] == [HEIGHT] + [0] * 11


def test_the_largest_risk_is_the_money_times_the_days_it_is_late(company, customer):
    other = story.a_customer(company, name="Beta")
    due_on(customer, date(2026, 11, 10))
    due_on(customer, date(2026, 12, 10))
    due_on(other, date(2026, 9, 1))
    first, second = scores.largest_risks(on=TODAY, currency="EUR", known=scores.habits(on=TODAY))
    assert (first.name, first.days_late, first.owed) == ("Beta", 76, Decimal("1440.00"))
    assert (second.late, second.owed, second.habit) == (Decimal("1440.00"), Decimal("2880.00"), None)


def test_the_page_says_unknown_where_nobody_has_paid_yet(company, customer):
    due_on(customer, date(2026, 11, 10))
    text = signed_in(company).get("/reminders/forecast/").text
    assert "ne sont pas connues" in text
    assert "Date inconnue" in text
    assert "<svg" in text
