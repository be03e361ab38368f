"""The API's lists over a million invoices: the same queries as over a hundred, and how long they take.

`make bench`; BENCH_ROWS=1000000 by default.
"""

from __future__ import annotations

import os
import statistics
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice
from tests.api.client import Partner, a_partner, json_of
from tests.factories import story
from tests.house.test_pages_at_scale import analyse, multiply

pytestmark = pytest.mark.django_db
FEW, MANY = 100, int(os.environ.get("BENCH_ROWS", "1000000"))
TURNS = 7
AT_ONCE = 50_000  # rows: within the time a statement is given


def grow(count: int) -> None:
    """Invoices over three years, a tenth of them overdue, the others paid."""
    for start in range(0, count, AT_ONCE):
        key = f"({Invoice.everywhere.count()} + n)"
        multiply(
            "billing_invoice",
            min(AT_ONCE, count - start),
            id=f"(1000000000000 + {key})",
            number=f"'FAC-2025-' || {key}",
            issue_date=f"date '2023-01-01' + ({key} % 1000)",
            due_date=f"date '2023-02-01' + ({key} % 1000)",
            created_at=f"timestamptz '2023-01-01' + {key} * interval '90 seconds'",
            status=f"CASE WHEN {key} % 10 = 0 THEN 'ISSUED' ELSE 'PAID' END",
            amount_paid=f"CASE WHEN {key} % 10 = 0 THEN 0 ELSE 1440 END",
        )
    analyse()


def addresses(partner: Partner, customer: int) -> dict[str, str]:
    first = partner.get("/api/invoices?limit=100")
    following = first["Link"].split(";")[0].strip("<>").split("testserver")[-1] if first.has_header("Link") else ""
    return {
        "first page": "/api/invoices?limit=100",
        "next page": following or "/api/invoices?limit=100",
        "overdue": "/api/invoices?limit=100&status=overdue",
        "a customer's": f"/api/invoices?limit=100&customer_id={customer}",
        "a month": "/api/invoices?limit=100&from_date=2024-03-01&to_date=2024-03-31",
        "stats": "/api/invoices/stats",
    }


def measured(partner: Partner, address: str) -> tuple[int, float]:
    """Queries, and the median time in milliseconds."""
    partner.get(address)
    with CaptureQueriesContext(connection) as queries:
        partner.get(address)
    count, times = len(queries), []
    for _turn in range(TURNS):
        started = time.perf_counter()
        assert partner.get(address).status_code == 200
        times.append(time.perf_counter() - started)
    return count, statistics.median(times) * 1000


def test_a_list_of_a_hundred_costs_the_same_queries_over_a_million_invoices() -> None:
    company = story.a_company()
    invoice = story.an_issued_invoice(story.a_customer(company))
    partner = a_partner(company)
    grow(FEW)
    few = {name: measured(partner, path) for name, path in addresses(partner, invoice.customer_id).items()}
    grow(MANY)
    many = {name: measured(partner, path) for name, path in addresses(partner, invoice.customer_id).items()}
    for name, (count, milliseconds) in many.items():
        print(
            f"{name:14} {few[name][0]} → {count} queries, {few[name][1]:7.1f} → {milliseconds:7.1f} ms "
            f"over {FEW} → {MANY + FEW} invoices"
        )
    assert all(count for count, _ms in many.values())
    assert {name: count for name, (count, _ms) in many.items()} == {name: count for name, (count, _ms) in few.items()}
    assert len(json_of(partner.get("/api/invoices?limit=100"))) == 100
