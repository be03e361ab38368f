"""What the page of reminders costs when 10,000 invoices are late: `make bench`."""

from __future__ import annotations

import os
import statistics
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from payments.models import BankAccount, Reminder
from tests.factories import money, story
from tests.factories.people import signed_in
from tests.house.test_pages_at_scale import analyse, multiply

pytestmark = pytest.mark.django_db
LATE, CUSTOMERS, REMINDED, OPEN = int(os.environ.get("BENCH_LATE", "10000")), 1000, 4000, 200
TURNS = 7


def grow() -> None:
    """Late invoices of many customers, some reminded already, and credits of the bank that nothing explains."""
    multiply("customers_customer", CUSTOMERS, id="1000000000000 + n", name="'Client ' || n", siren="''", siret="''")
    multiply(
        "billing_invoice",
        LATE,
        id="1000000000000 + n",
        number="'FAC-2025-' || n",
        customer_id=f"1000000000001 + n % {CUSTOMERS}",
        buyer_name=f"'Client ' || 1 + n % {CUSTOMERS}",
        due_date="current_date - (n % 90) - 1",
        total_gross="1240 + n",
        total_net="1000 + n",
    )
    multiply("payments_reminder", REMINDED, id="1000000000000 + n", invoice_id="1000000000000 + n")
    multiply(
        "payments_bankline",
        OPEN,
        id="1000000000000 + n",
        import_key="'copy:' || n",
        amount="0.5 + n",
        counterparty="'P' || n",
    )
    analyse()


def measured(client: Client, address: str) -> tuple[int, float, int]:
    """Queries, the median time in milliseconds, and the weight of the page in bytes."""
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        weight = len(client.get(address).content)
    asked = len(queries)
    times = []
    for _turn in range(TURNS):
        started = time.perf_counter()
        assert client.get(address).status_code == 200
        times.append(time.perf_counter() - started)
    return asked, statistics.median(times) * 1000, weight


def test_what_the_pages_of_reminders_cost_over_ten_thousand_late_invoices() -> None:
    now = timezone.now()
    company = story.a_company()
    invoice = story.an_issued_invoice(story.a_customer(company, name="Petit"), at=now - timedelta(days=120))
    Reminder.everywhere.create(
        company=company,
        invoice=invoice,
        level=1,
        status="SENT",
        balance=invoice.balance,
        created_at=now - timedelta(days=30),
    )
    money.bank_lines(company, [money.a_credit("77.77", counterparty="Autre")], at=now)
    BankAccount.everywhere.filter(company=company).update(imported_at=now)
    client = signed_in(company)
    grow()
    addresses = (
        "/reminders/",
        "/reminders/?level=2",
        "/reminders/?q=client+12",
        "/reminders/held/",
        "/reminders/history/",
    )
    for address in (*addresses, "/reminders/send/"):
        count, milliseconds, weight = measured(client, address)
        print(f"{address:26} {count} queries, {milliseconds:7.1f} ms, {weight / 1000:.0f} kB over {LATE}")
