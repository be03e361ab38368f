"""A database that is held by another, or away, is 503: nothing was recorded, and the same call may be repeated."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.db import connection, transaction

from billing.models import Invoice
from payments.models import Payment
from tests.api.client import a_partner, json_of
from tests.factories import story

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.trust]


@contextmanager
def held(invoice: Invoice) -> Iterator[None]:
    """Somebody else is at this row."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Invoice.everywhere.select_for_update().get(pk=invoice.pk)
            taken.set()
            done.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(30)
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_row_that_another_holds_too_long_is_503_and_the_repeat_does_the_work() -> None:
    company = story.a_company()
    invoice = story.an_issued_invoice(story.a_customer(company))
    partner = a_partner(company)
    body = {"invoice_id": invoice.pk, "amount": Decimal("10.00"), "payment_method": "card"}
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    try:
        with held(invoice):
            busy = partner.post("/api/payments", body, key="once")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '10s'")
    assert (busy.status_code, json_of(busy)["code"]) == (503, "busy")
    assert int(busy["Retry-After"]) > 0
    assert not Payment.everywhere.exists()
    assert partner.post("/api/payments", body, key="once").status_code == 201
    assert Payment.everywhere.count() == 1
