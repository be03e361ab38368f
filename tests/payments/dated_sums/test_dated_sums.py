"""Sums that the database keeps by day: equal to their documents, folded or not, as of any past day."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Sum

from billing.models import BALANCE, Invoice
from config.kernel.clock import local_day
from config.kernel.scope import company_scope
from payments.dated_sums import proving
from payments.dated_sums.folding import fold_sums
from payments.dated_sums.reading import aged_on, largest_debtors, months_until, owed_in_other_currencies
from payments.models import CustomerBalance, DatedSum, Payment, PendingSum
from payments.services.allocations import allocate_payment
from payments.services.payments import reverse_payment
from payments.services.reports import live_payments
from tests.factories import money, story
from tests.factories.story import ACTOR, AT
from tests.trust import bank_acts, money_acts
from tests.trust.money_acts import MoneyDay

pytestmark = pytest.mark.django_db
ZERO = Decimal("0.00")
TODAY = local_day(AT)
ACTS = 60


def differing(company_id: int) -> list[Any]:
    rows = []
    for sql in (proving.DATED, proving.BALANCES):
        with connection.cursor() as cursor:
            cursor.execute(sql, {"company": company_id})
            rows += cursor.fetchall()
    return rows


def check_against_documents(day: date) -> None:
    """What is owed and free now is what the invoices and payments themselves say."""
    aged = aged_on(day, currency="EUR")
    due = Invoice.objects.outstanding()
    late = due.filter(due_date__lt=day)
    assert aged.owed == due.aggregate(sum=Sum(BALANCE, default=ZERO))["sum"]
    assert aged.late == late.aggregate(sum=Sum(BALANCE, default=ZERO))["sum"]
    assert aged.credit == live_payments().aggregate(sum=Sum(F("amount") - F("allocated"), default=ZERO))["sum"]


@pytest.mark.parametrize("seed", range(4))
def test_after_any_acts_the_sums_are_those_of_the_documents_folded_or_not(seed: int, settings: Any, tmp_path: Path):
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    chance = random.Random(seed)
    acts: list[Callable[[Any], object]] = [*money_acts.ACTS, *bank_acts.ACTS]
    with company_scope(company):
        day = MoneyDay(company, chance, acts=acts)
        day.open()
        answers = {}
        for turn in range(ACTS):
            day.do_something()
            if turn % 20 == 9:
                fold_sums(company)
            if turn % 10 == 5:
                assert differing(company.pk) == []
                check_against_documents(local_day(day.at))
        assert len(day.done) > ACTS // 3
        answers = aged_on(local_day(day.at), currency="EUR"), months_until(local_day(day.at), currency="EUR")
        assert fold_sums(company)
        assert not PendingSum.objects.exists()
        assert fold_sums(company) == 0
        assert differing(company.pk) == []
        assert answers == (
            aged_on(local_day(day.at), currency="EUR"),
            months_until(local_day(day.at), currency="EUR"),
        )


def test_a_past_day_is_as_it_was_when_it_is_asked_later():
    company = story.a_company()
    first, second = story.a_customer(company), story.a_customer(company, name="Deuxième")
    with company_scope(company):
        invoice, other = story.an_issued_invoice(first), story.an_issued_invoice(second)
        credit = money.a_payment(first, "100.00")
        later = TODAY + timedelta(days=40)
        asked = [aged_on(TODAY + timedelta(days=days), currency="EUR") for days in (0, 40)]
        debtors = largest_debtors(TODAY, currency="EUR", today=TODAY, limit=5)
        at = AT + timedelta(days=50)
        money.a_payment(second, "1440.00", [(other, "1440.00")], paid_on=local_day(at), at=at)
        allocate_payment(payment=credit, invoice=invoice, amount=Decimal("60.00"), actor=ACTOR, at=at)
        fold_sums(company)
        again = [aged_on(TODAY, currency="EUR"), aged_on(later, currency="EUR")]
        assert again == asked
        assert largest_debtors(TODAY, currency="EUR", today=local_day(at), limit=5) == debtors
        now = aged_on(local_day(at), currency="EUR")
        assert (now.owed, now.credit) == (Decimal("1380.00"), Decimal("40.00"))
        assert [row.owed for row in largest_debtors(local_day(at), currency="EUR", today=local_day(at), limit=5)] == [
            Decimal("1380.00")
        ]


def test_a_payment_counts_from_its_own_day_though_it_is_recorded_later():
    company = story.a_company()
    customer = story.a_customer(company)
    with company_scope(company):
        invoice = story.an_issued_invoice(customer)
        paid_on = TODAY + timedelta(days=3)
        money.a_payment(customer, "1440.00", [(invoice, "1440.00")], paid_on=paid_on, at=AT + timedelta(days=9))
        assert aged_on(TODAY + timedelta(days=2), currency="EUR").owed == Decimal("1440.00")
        assert aged_on(paid_on, currency="EUR").owed == ZERO


def test_money_taken_back_is_owed_again_from_the_day_it_was_taken_back():
    company = story.a_company()
    customer = story.a_customer(company)
    with company_scope(company):
        invoice = story.an_issued_invoice(customer)
        payment = money.a_payment(customer, "1440.00", [(invoice, "1440.00")])
        reverse_payment(payment=payment, reason="erreur", actor=ACTOR, at=AT + timedelta(days=5))
        owed = [aged_on(TODAY + timedelta(days=days), currency="EUR") for days in (0, 4, 5)]
        assert [(aged.owed, aged.credit) for aged in owed] == [(ZERO, ZERO), (ZERO, ZERO), (Decimal("1440.00"), ZERO)]


def test_other_currencies_are_told_apart_and_never_added():
    company = story.a_company()
    customer = story.a_customer(company)
    with company_scope(company):
        story.an_issued_invoice(customer)
        story.an_issued_invoice(customer, currency="USD")
        assert aged_on(TODAY, currency="EUR").owed == Decimal("1440.00")
        assert owed_in_other_currencies(TODAY, currency="EUR") == {"USD": Decimal("1440.00")}
        fold_sums(company)
        assert owed_in_other_currencies(TODAY, currency="EUR") == {"USD": Decimal("1440.00")}


def test_a_sum_that_was_changed_is_named_by_the_proof():
    company = story.a_company()
    customer = story.a_customer(company)
    with company_scope(company):
        story.an_issued_invoice(customer)
        fold_sums(company)
        assert differing(company.pk) == []
        DatedSum.objects.filter(measure="OWED", span="M").update(amount=1)
        CustomerBalance.objects.update(amount=1)
        assert len(differing(company.pk)) == 2


def test_one_company_never_reads_the_sums_of_another():
    mine, theirs = story.a_company(), story.a_company()
    with company_scope(theirs):
        story.an_issued_invoice(story.a_customer(theirs))
    with company_scope(mine):
        assert aged_on(TODAY, currency="EUR").owed == ZERO
        assert months_until(TODAY, currency="EUR").sums == {}
        assert largest_debtors(TODAY, currency="EUR", today=TODAY, limit=5) == []
        assert fold_sums(mine) == 0
    with company_scope(theirs):
        assert fold_sums(theirs) > 0
        assert Payment.objects.count() == 0
