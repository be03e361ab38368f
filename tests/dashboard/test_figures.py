"""The figures of the dashboard: sums of documents, as of a day, of one company or of those one may read."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.billed import NET, billed
from billing.models import Invoice
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.scope import company_scope
from config.pages.dashboard import dso
from config.pages.dashboard.asking import Asked, last_day, month_before
from config.pages.dashboard.dso import MonthOfSales
from config.pages.dashboard.figures import Figures, figures_of
from config.pages.dashboard.lines import CREDIT, FLOWS, OWED, Behind, lines_of, total_of
from payments.dated_sums.folding import fold_sums
from tests.factories import money, story
from tests.factories.story import AT
from tests.trust import bank_acts, money_acts
from tests.trust.at_once import a_share
from tests.trust.money_acts import MoneyDay

pytestmark = pytest.mark.django_db
TODAY = local_day(AT)
DEC = Decimal


def asked(*companies: Company, on: date = TODAY, today: date | None = None, **values: Any) -> Asked:
    return Asked(companies=companies, readable=companies, on=on, today=today or on, **values)


def check_lines(found: Figures, company: Company) -> None:
    """Every figure is the sum of the lines that its link shows."""
    question, aged = found.asked, found.aged
    stocks = {**{name: aged.buckets[name] for name in aged.buckets}, "owed": aged.owed, "late": aged.late}
    assert stocks.keys() == OWED.keys()
    with company_scope(company):
        for figure, amount in {**stocks, CREDIT: aged.credit}.items():
            assert total_of(Behind(figure), question)[0] == amount, figure
        for owing in found.debtors:
            behind = Behind("owed", customer_id=owing.debtor.customer_id)
            assert lines_of(behind, question).total == owing.debtor.owed
        for month in found.months:
            for figure in FLOWS:
                shown = lines_of(Behind(figure, month=month.first), question)
                assert shown.total == getattr(month, figure)
                assert shown.following or sum((row.amount for row in shown.rows), ZERO) == shown.total


@pytest.mark.parametrize("seed", a_share(range(3), 3))
def test_each_figure_is_the_sum_of_its_lines_on_any_day(seed: int, settings: Any, tmp_path: Path):
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    acts: list[Callable[[Any], object]] = [*money_acts.ACTS, *bank_acts.ACTS]
    with company_scope(company):
        day = MoneyDay(company, random.Random(seed), acts=acts)
        day.open()
        for _turn in range(40):
            day.do_something()
            day.at += timedelta(days=day.chance.randrange(3))
        fold_sums(company)
    today = local_day(day.at)
    for back in (0, 6, 40):
        check_lines(figures_of(asked(company, on=today - timedelta(days=back), today=today, months=6)), company)
    with company_scope(company):
        found = figures_of(asked(company, on=today, months=6))
        for month in found.months:
            issued = Invoice.objects.issued().filter(
                issue_date__gte=month.first, issue_date__lte=last_day(month.first), currency="EUR"
            )
            assert month.net == issued.aggregate(net=billed(NET))["net"]


def test_a_past_day_says_what_it_said_then():
    company = story.a_company()
    customer = story.a_customer(company)
    with company_scope(company):
        invoice = story.an_issued_invoice(customer)
    then = figures_of(asked(company))
    later = AT + timedelta(days=70)
    money.a_payment(customer, "1440.00", [(invoice, "1440.00")], paid_on=local_day(later), at=later)
    story.an_issued_invoice(customer, at=later)
    again = figures_of(asked(company, today=local_day(later)))
    assert (again.aged, again.months, again.best_possible_dso) == (then.aged, then.months, then.best_possible_dso)
    assert [one.debtor for one in again.debtors] == [one.debtor for one in then.debtors]


def test_several_companies_are_added_and_no_other_is():
    mine, second, theirs = story.a_company(), story.a_company(), story.a_company()
    for company in (mine, second, theirs):
        story.an_issued_invoice(story.a_customer(company))
    found = figures_of(asked(mine, second))
    assert found.aged.owed == DEC("2880.00")
    assert found.now.net == DEC("2400.00")
    assert {one.company.pk for one in found.debtors} == {mine.pk, second.pk}
    assert {pk: aged.owed for pk, aged in found.by_company.items()} == {
        mine.pk: DEC("1440.00"),
        second.pk: DEC("1440.00"),
    }


def test_a_new_company_has_no_figure_and_no_delay():
    found = figures_of(asked(story.a_company()))
    assert found.is_empty
    assert (found.now.dso, found.now.dso_count_back, found.best_possible_dso, found.bank_balance) == (None,) * 4


def test_credits_stand_in_their_own_column_and_lower_no_bucket():
    company = story.a_company()
    customer = story.a_customer(company)
    story.an_issued_invoice(customer)
    money.a_payment(customer, "100.00")
    found = figures_of(asked(company))
    assert (found.aged.owed, found.aged.credit) == (DEC("1440.00"), DEC("100.00"))


def test_count_back_takes_whole_months_then_the_share_that_remains():
    months = [MonthOfSales(month_before(TODAY, place), 30, DEC(sales)) for place, sales in enumerate((100, 80, 70))]
    assert dso.count_back(DEC(212), months) == DEC("73.7")
    assert dso.count_back(DEC(0), months) == ZERO
    assert dso.count_back(DEC(251), months) is None
    assert dso.count_back(DEC(10), []) is None
    assert dso.simple(DEC(30), DEC(360), 360) == DEC(30)
    assert dso.simple(DEC(30), ZERO, 360) is None


def test_the_figures_cost_the_same_queries_with_more_documents():
    company = story.a_company()
    customer = story.a_customer(company)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            figures_of(asked(company))
        return len(found)

    story.an_issued_invoice(customer)
    few = queries()
    for _place in range(5):
        money.a_payment(customer, "10.00", [(story.an_issued_invoice(customer), "10.00")])
    assert queries() == few == 5
