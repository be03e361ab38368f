"""What the two commonest acts ask of the database: each statement more is paid by every invoice and every payment."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.services.issuing import issue_invoice
from config.kernel.models import Company
from customers.models import Customer
from tests.api.client import a_partner
from tests.factories import story

pytestmark = pytest.mark.django_db


def statements(act: Callable[[], object]) -> int:
    """How many the act makes, but those that open and close transactions."""
    with CaptureQueriesContext(connection) as queries:
        act()
    return len([one for one in queries.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))])


@pytest.mark.usefixtures("in_scope")
def test_an_invoice_of_ten_lines_is_issued_in_seventeen(customer: Customer) -> None:
    """Two of them hold the counters and read how the company writes its numbers, in this order."""
    draft = story.a_draft(customer, [story.a_line() for _line in range(10)])
    assert statements(lambda: issue_invoice(invoice=draft, actor=story.ACTOR, at=story.AT)) <= 17


def test_a_payment_is_recorded_by_the_api_in_twenty_five(company: Company, customer: Customer) -> None:
    invoice, partner = story.an_issued_invoice(customer), a_partner(company)
    share = {"invoice_id": invoice.pk, "amount": Decimal("60.00")}
    body = {
        "customer_id": customer.pk,
        "amount": Decimal("100.00"),
        "payment_method": "card",
        "allocations": [share],
    }
    assert statements(lambda: partner.post("/api/payments", body, key=True)) <= 25
