"""The reports of the books beside the bare indexed SQL of the same sums, and how much memory a file of them takes.

`make bench`; BENCH_BOOKS=50000 invoices by default, each with a payment that pays four in five; 1000000 for the whole.
"""

from __future__ import annotations

import os
import statistics
import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from itertools import islice
from typing import Any

import pytest
from django.db import connection

from billing.ledger.reports import Parameters, report_called
from billing.models import JournalLine
from config.kernel.exports import csv_chunks
from config.kernel.models import Company
from config.kernel.scope import company_scope
from tests.factories import money, story
from tests.house.test_pages_at_scale import analyse, multiply

pytestmark = pytest.mark.django_db
MANY = int(os.environ.get("BENCH_BOOKS", "50000"))
AT_ONCE = 50_000
TURNS = 5
CUSTOMERS = 40
END = date(2025, 9, 30)
MOST_MEGABYTES = 64
DAY = "date '2023-01-01' + ({key} % 1000)"
LINES = "FROM billing_journalline WHERE company_id = %(company)s AND day <= %(end)s"
BARE = {
    "trial-balance": f"SELECT account, sum(debit), sum(credit) {LINES} GROUP BY 1",
    "general-ledger": f"SELECT account, sum(debit), sum(credit) {LINES} GROUP BY 1",
    "third-parties": f"SELECT customer_id, sum(debit), sum(credit) {LINES} AND customer_id IS NOT NULL GROUP BY 1",
    "journal": f"SELECT date_trunc('month', day), sum(debit), sum(credit) {LINES} GROUP BY 1",
    "aged-receivable": f"SELECT customer_id, sum(debit - credit) {LINES} AND account = '411000' GROUP BY 1",
    "credit-control": f"SELECT customer_id, sum(debit - credit) {LINES} AND account = '411000' GROUP BY 1",
    "sales-by-customer": "SELECT customer_id, sum(total_net) FROM billing_invoice WHERE company_id = %(company)s"
    " AND status <> 'DRAFT' AND issue_date BETWEEN '2023-01-01' AND %(end)s GROUP BY 1",
    "sales-by-month": "SELECT date_trunc('month', issue_date), sum(total_net) FROM billing_invoice"
    " WHERE company_id = %(company)s AND status <> 'DRAFT' AND issue_date BETWEEN '2023-01-01' AND %(end)s GROUP BY 1",
}


def grow(company: Company, customers: list[int]) -> None:
    """Invoices over three years with their entries, and the payments of four in five, a month later."""
    who = f"(ARRAY{customers})[1 + {{key}} % {len(customers)}]"
    for start in range(0, MANY, AT_ONCE):
        count, key = min(AT_ONCE, MANY - start), f"({start} + n)"

        def of(table: str, base: int, key: str = key, count: int = count, **changes: str) -> None:
            filled = {name: text.format(key=key) for name, text in changes.items()}
            multiply(table, count, id=f"{base}::bigint + {key}", **filled)

        paid = "{key} % 5 > 0"
        of(
            "billing_invoice", 10**12, number="'B-' || {key}", issue_date=DAY, due_date=f"{DAY} + 30", customer_id=who,
            status=f"CASE WHEN {paid} THEN 'PAID' ELSE 'ISSUED' END",
            amount_paid=f"CASE WHEN {paid} THEN 1440 ELSE 0 END",
        )  # fmt: skip
        of(
            "payments_payment",
            2 * 10**12,
            number="'B-' || {key}",
            paid_on=f"{DAY} + 30",
            customer_id=who,
            allocated="1440",
        )
        entry = {"created_at": f"({DAY})::timestamptz", "piece": "'B-' || {key}"}
        of(
            "billing_journalentry", 3 * 10**12, number="'VE-B-' || {key}", day=DAY, journal="'VE'",
            source="'billing.invoice:' || (1000000000000 + {key})", **entry,
        )  # fmt: skip
        of(
            "billing_journalentry", 4 * 10**12, number="'BQ-B-' || {key}", day=f"{DAY} + 30", journal="'BQ'",
            source="'payments.payment:' || (2000000000000 + {key})", **entry,
        )  # fmt: skip
        sides = [("411000", 1440, who), ("707000", -1200, "NULL"), ("445711", -240, "NULL")]
        for place, (account, amount, customer) in enumerate(sides):
            _line(of, 5 + place, "3000000000000 + {key}", DAY, account, amount, customer)
        for place, (account, amount, customer) in enumerate([("512000", 1440, "NULL"), ("411000", -1440, who)]):
            _line(of, 8 + place, "4000000000000 + {key}", f"{DAY} + 30", account, amount, customer)
        of(
            "payments_allocation", 10 * 10**12, payment_id="2000000000000 + {key}",
            invoice_id="1000000000000 + {key}", amount="1440", at=f"({DAY} + 30)::timestamptz",
        )  # fmt: skip
    _leave_a_fifth_open()
    analyse()


def _line(of: Any, base: int, entry: str, day: str, account: str, amount: int, customer: str) -> None:
    debit, credit = max(amount, 0), max(-amount, 0)
    values = {"account": f"'{account}'", "debit": str(debit), "credit": str(credit), "due_date": "NULL"}
    of("billing_journalline", base * 10**12, entry_id=entry, day=day, customer_id=customer, position="1", **values)


def _leave_a_fifth_open() -> None:
    """Their payments stay as credit, so that both columns have something."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        last = 10 * 10**12 + MANY
        cursor.execute("DELETE FROM payments_allocation WHERE id BETWEEN 10000000000000 AND %s AND id %% 5 = 0", [last])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def milliseconds(work: Callable[[], Any]) -> float:
    work()
    times = []
    for _turn in range(TURNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def test_reports_cost_a_few_times_the_bare_sums_and_files_a_bounded_memory() -> None:
    company = story.a_company()
    with company_scope(company):
        customers = [story.a_customer(company, name=f"Client {place:02}") for place in range(CUSTOMERS)]
        invoice = story.an_issued_invoice(customers[0])
        money.a_payment(customers[0], "1440.00", [(invoice, "1440.00")])
        grow(company, [customer.pk for customer in customers])
        parameters = Parameters(company=company, start=date(2023, 1, 1), end=END)
        for slug, statement in BARE.items():
            report = report_called(slug)
            assert report is not None
            whole = milliseconds(lambda build=report.build: list(islice(build(parameters).rows, 200)))
            bare = milliseconds(lambda sql=statement: _asked(sql, company))
            print(f"{slug:20} {whole:8.0f} ms, bare SQL {bare:8.0f} ms, × {whole / bare:5.1f} over {MANY} invoices")
        ledger = report_called("general-ledger")
        assert ledger is not None
        table = ledger.build(parameters.but(start=date(2025, 1, 1)))
        tracemalloc.start()
        size = sum(len(chunk) for chunk in csv_chunks(table.columns, table.lines()))
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        lines = JournalLine.objects.count()
        print(f"general ledger as CSV: {size / 2**20:.0f} MB of {lines} lines, {peak:.1f} MB of memory")
        assert peak < MOST_MEGABYTES


def _asked(statement: str, company: Company) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"company": company.pk, "end": END})
        return list(cursor.fetchall())
