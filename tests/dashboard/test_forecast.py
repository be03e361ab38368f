"""Cash to come: habits learnt from paid and open invoices, intervals, and what is not counted twice."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from billing.ledger.vat import vat_to_come
from billing.services.invoices import open_dispute
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.scope import company_scope
from config.pages.dashboard.asking import Asked
from config.pages.dashboard.forecast import Forecast, forecast_of, is_quick
from config.pages.dashboard.lateness import ENOUGH, Past, chances_by_week, learn
from config.pages.dashboard.simulating import WEEKS, Expected, simulate
from tests.factories import money, purchases, story
from tests.factories.story import ACTOR, AT

TODAY = local_day(AT)
PROMPT, SLOW, NEW = 1, 2, 3


def habits(count: int = 30) -> list[Past]:
    return [
        *(Past(PROMPT, place % 3, is_paid=True) for place in range(count)),
        *(Past(SLOW, 40 + place % 3, is_paid=True) for place in range(count)),
    ]


def test_each_customer_is_expected_by_its_own_delays():
    found = learn(habits(), customers={PROMPT, SLOW, NEW})
    prompt, slow = (chances_by_week(found.of(one), -1, WEEKS) for one in (PROMPT, SLOW))
    assert prompt[0] > 0.7
    assert slow[0] < 0.35
    assert slow[5:7].sum() > slow[1:5].sum()
    assert np.allclose(found.of(NEW), found.company)


def test_a_late_invoice_is_not_expected_as_one_that_is_just_due():
    """Who pays forty days late has not forgotten after ten; who always pays at once and has not is no more at once."""
    found = learn(habits(), customers={SLOW})
    assert chances_by_week(found.of(SLOW), 10, WEEKS)[0] < 0.1
    assert chances_by_week(found.of(SLOW), 38, WEEKS)[0] > 0.5


def test_open_invoices_tell_that_they_were_not_paid_so_far():
    paid = [Past(PROMPT, 5, is_paid=True) for _place in range(10)]
    still_open = [Past(PROMPT, 60, is_paid=False) for _place in range(10)]
    sure, less = (learn(rows, customers=set()) for rows in (paid, paid + still_open))
    week = (chances_by_week(one.company, 0, WEEKS)[0] for one in (sure, less))
    assert next(week) == pytest.approx(1.0)
    assert next(week) == pytest.approx(0.5)


def test_the_interval_holds_its_middle_and_is_the_same_each_time():
    expected = [Expected(PROMPT, 100.0, late) for late in range(-20, 20)]
    known = learn(habits(), customers={PROMPT})
    told = simulate(expected, known).balances()
    assert (told[:, 0] <= told[:, 1]).all()
    assert (told[:, 1] <= told[:, 2]).all()
    assert (np.diff(told, axis=0) >= 0).all()
    assert np.array_equal(told, simulate(expected, known).balances())


def test_money_that_is_at_the_bank_already_comes_off_what_comes_first():
    expected = [Expected(PROMPT, 100.0, 0) for _place in range(10)]
    known = learn(habits(), customers={PROMPT})
    whole, less = (simulate(expected, known, already_in=taken).balances()[-1, 1] for taken in (0.0, 300.0))
    assert whole - less == pytest.approx(300.0)


def ahead_of(company: Company, balance: Decimal | None = None, today: date = TODAY) -> Forecast:
    return forecast_of(Asked([company], [company], today, today), balance=balance)


@pytest.mark.django_db
def test_without_enough_paid_invoices_due_dates_stand_and_no_margin_is_told():
    company = story.a_company()
    invoice = story.an_issued_invoice(story.a_customer(company))
    found = ahead_of(company)
    assert not found.is_known
    (week,) = [week for week in found.weeks if week.inflow.middle]
    assert invoice.due_date is not None
    assert week.first <= invoice.due_date <= week.last
    assert week.inflow.low == week.inflow.high == Decimal("1440.00")
    assert week.balance is None


@pytest.mark.django_db
def test_with_a_history_a_range_is_told_and_the_balance_follows():
    company = story.a_company()
    customer = story.a_customer(company)
    for place in range(ENOUGH):
        at = AT - timedelta(days=200 - 10 * place)
        invoice = story.an_issued_invoice(customer, at=at)
        paid = at + timedelta(days=35 + place)
        money.a_payment(customer, "1440.00", [(invoice, "1440.00")], paid_on=local_day(paid), at=paid)
    story.an_issued_invoice(customer)
    found = ahead_of(company, balance=Decimal("100.00"))
    assert (found.is_known, found.learnt_from) == (True, ENOUGH)
    last = found.weeks[-1]
    assert last.balance is not None
    assert last.balance.low <= last.balance.middle <= last.balance.high
    taxes = sum((week.vat for week in found.weeks), ZERO)
    assert last.balance.high == Decimal("1540.00") - taxes
    assert found.lowest is not None


@pytest.mark.django_db
def test_what_is_disputed_stands_apart_and_credit_and_unmatched_money_are_not_awaited_again():
    company = story.a_company()
    customer, other = story.a_customer(company), story.a_customer(company, name="Autre")
    disputed, _open = story.an_issued_invoice(customer), story.an_issued_invoice(customer)
    money.a_payment(customer, "400.00")
    story.an_issued_invoice(other)
    with company_scope(company):
        open_dispute(invoice=disputed, reason="Abîmé", actor=ACTOR, at=AT)
        money.bank_lines(company, [money.a_credit("500.00")])
    found = ahead_of(company)
    assert (found.disputed, found.credit, found.already_in) == (
        Decimal("1440.00"),
        Decimal("400.00"),
        Decimal("500.00"),
    )
    coming = sum((week.inflow.middle for week in found.weeks), ZERO)
    assert coming == Decimal("2880.00") - Decimal("400.00") - Decimal("500.00")


@pytest.mark.django_db
def test_suppliers_are_paid_when_due_and_late_ones_first():
    company = story.a_company()
    supplier = purchases.a_supplier(company)
    with company_scope(company):
        purchases.a_purchase(supplier)
    found = ahead_of(company)
    assert sum((week.outflow for week in found.weeks), ZERO) > 0


@pytest.mark.django_db
def test_vat_of_services_is_due_as_they_are_paid_unless_the_company_chose_the_debits():
    on_debits, on_receipts = story.a_company(vat_on_debits=True), story.a_company(vat_on_debits=False)
    found = {}
    for company in (on_debits, on_receipts):
        customer = story.a_customer(company)
        invoice = story.an_issued_invoice(customer, [story.a_line(is_service=True), story.a_line()])
        with company_scope(company):
            before = vat_to_come(company, TODAY).due
            money.a_payment(customer, "1440.00", [(invoice, "1440.00")])
            found[company.pk] = before, vat_to_come(company, TODAY).due
    assert found[on_debits.pk] == (Decimal("480.00"), Decimal("480.00"))
    assert found[on_receipts.pk] == (Decimal("240.00"), Decimal("360.00"))


@pytest.mark.django_db
def test_a_large_company_is_asked_for_its_forecast_apart(monkeypatch: pytest.MonkeyPatch):
    company = story.a_company()
    customer = story.a_customer(company)
    for _place in range(2):
        story.an_issued_invoice(customer)
    asked = Asked([company], [company], TODAY, TODAY)
    assert is_quick(asked)
    monkeypatch.setattr("config.pages.dashboard.forecast.MOST_OPEN", 1)
    assert not is_quick(asked)
