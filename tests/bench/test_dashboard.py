"""The dashboard over a million invoices of three years, beside the bare SQL of one of its figures; and how good the
forecast of cash is, on a world whose customers pay as customers do.

`make bench`; BENCH_ROWS=1000000 by default. The ratio counts, not the time: the machine is what it is.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from billing.models import BALANCE, Invoice
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.postgresql.base import APP_ROLE
from config.kernel.scope import company_scope
from config.pages.dashboard.lateness import Past, learn
from config.pages.dashboard.simulating import QUANTILES, WEEKS, Expected, simulate
from payments.dated_sums.folding import fold_sums
from tests.factories import money, story
from tests.factories.people import signed_in
from tests.house.test_pages_at_scale import analyse, multiply

MANY = int(os.environ.get("BENCH_ROWS", "1000000"))
AT_ONCE, TURNS, CUSTOMERS = 50_000, 7, 2_000
NOTE = """
INSERT INTO payments_pendingsum (id, company_id, measure, currency, day, due_date, customer_id, amount)
SELECT 2000000000000000 + row_number() OVER (), %(company)s, measure, currency, day, due_date,
  CASE WHEN measure = 'OWED' THEN customer_id END, amount FROM payments_dated_facts(%(company)s)
"""


def grow(company: Company, count: int) -> None:
    """Invoices over three years to many customers; nine of ten are paid, two weeks late."""
    today = local_day(timezone.now())
    for start in range(0, CUSTOMERS, AT_ONCE):
        multiply(
            "customers_customer", CUSTOMERS - start, id="(3000000000000 + n)", name="'Client ' || n", siren="''",
            siret="''", vat_number="''", reference="NULL",
        )  # fmt: skip
    for start in range(0, count, AT_ONCE):
        key, at_most = f"({start} + n)", min(AT_ONCE, count - start)
        day = f"date '{today}' - 1095 + ({key} % 1095)::int"
        of_customer, at_noon = (
            f"(3000000000001 + {key} % {CUSTOMERS})",
            f"(least(date '{today}', {day} + 44) + time '12:00')",
        )
        is_open = f"{key} % 10 = 0"
        multiply(
            "billing_invoice",
            at_most,
            id=f"(1000000000000 + {key})",
            number=f"'FAC-25-' || {key}",
            customer_id=of_customer,
            issue_date=day,
            due_date=f"{day} + 30",
            created_at=f"timestamptz '2023-01-01' + {key} * interval '90 seconds'",
            status=f"CASE WHEN {is_open} THEN 'ISSUED' ELSE 'PAID' END",
            amount_paid=f"CASE WHEN {is_open} THEN 0 ELSE 1440 END",
        )
        multiply(
            "payments_payment",
            at_most,
            id=f"(5000000000000 + {key})",
            number=f"'ENC-25-' || {key}",
            customer_id=of_customer,
            paid_on=f"{at_noon}::date",
            recorded_at=at_noon,
        )
        multiply(
            "payments_allocation",
            at_most,
            id=f"(7000000000000 + {key})",
            payment_id=f"(5000000000000 + {key})",
            invoice_id=f"(1000000000000 + {key})",
            # next to nothing of what stays open
            amount=f"CASE WHEN {is_open} THEN 0.01 ELSE 1440 END",
            at=at_noon,
        )
    analyse()


def empty_the_folded() -> None:
    """What the fold took away is still there for this transaction: elsewhere a vacuum has cleared it long ago."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE payments_pendingsum")
        cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")


def median_ms(work: Callable[[], object]) -> float:
    work()
    times = []
    for _turn in range(TURNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


@pytest.mark.django_db
def test_the_dashboard_costs_little_over_a_million_invoices() -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer)
    money.a_payment(customer, "1440.00", [(invoice, "1440.00")])
    client = signed_in(company)
    grow(company, MANY)
    with company_scope(company):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM payments_pendingsum")
            cursor.execute(NOTE, {"company": company.pk})
        started = time.perf_counter()
        folded = fold_sums(company)
        seconds = time.perf_counter() - started
    empty_the_folded()
    analyse()
    today = local_day(timezone.now())

    def bare() -> object:
        with company_scope(company):
            return Invoice.objects.outstanding().aggregate(owed=Sum(BALANCE))

    page = median_ms(lambda: client.get("/dashboard/"))
    past = median_ms(lambda: client.get(f"/dashboard/?on={today - timedelta(days=3)}"))
    sql = median_ms(bare)
    print(
        f"\n{MANY} invoices: dashboard {page:.0f} ms, three days ago {past:.0f} ms; the sum of what is owed by SQL "
        f"{sql:.0f} ms (ratio {page / sql:.2f}); {folded} facts folded in {seconds:.0f} s"
    )
    assert client.get("/dashboard/").status_code == 200


def _pinball(actual: float, told: float, quantile: float) -> float:
    return (actual - told) * (quantile if actual >= told else quantile - 1)


def test_the_forecast_beats_due_dates_and_its_interval_holds() -> None:
    chance = random.Random(7)
    habits = [(chance.gauss(9, 12), chance.uniform(3, 15)) for _customer in range(80)]
    invoices = []
    for issued in range(1000):
        slow = 6 * np.sin(issued / 60)  # all pay later in some seasons
        for _one in range(chance.randrange(4)):
            customer = chance.randrange(len(habits))
            mean, spread = habits[customer]
            due = issued + chance.choice((30, 45))
            paid = 10**6 if chance.random() < 0.02 else max(issued + 1, round(due + chance.gauss(mean + slow, spread)))
            invoices.append((customer, issued, due, paid, chance.lognormvariate(7, 1)))
    inside, loss, plain, count = 0, 0.0, 0.0, 0
    for day in range(500, 900, 13):
        past, expected = [], []
        actual, by_due_date = np.zeros(WEEKS), np.zeros(WEEKS)
        for customer, issued, due, paid, amount in invoices:
            if issued > day:
                continue
            past.append(Past(customer, min(paid, day) - due, is_paid=paid <= day))
            if paid > day:
                expected.append(Expected(customer, amount, day - due))
                for sums, when in ((actual, paid), (by_due_date, max(due, day + 1))):
                    if (week := (when - day - 1) // 7) < WEEKS:
                        sums[week] += amount
        told = simulate(expected, learn(past, customers={one.customer_id for one in expected})).balances()
        for row, real, due_date in zip(told, actual.cumsum(), by_due_date.cumsum(), strict=True):
            count += 1
            inside += row[0] <= real <= row[2]
            loss += sum(_pinball(real, value, quantile) for value, quantile in zip(row, QUANTILES, strict=True))
            plain += sum(_pinball(real, due_date, quantile) for quantile in QUANTILES)
    print(f"\nforecast: {inside / count:.0%} within the 80 % interval, pinball loss {loss / plain:.2f} of due dates'")
    assert 0.65 <= inside / count <= 0.97
    assert loss < plain * 0.6
