"""Applied once for ever, in any order: what Abby and the platforms tell, and what becomes of what cannot be applied."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from django.db import connection
from django.utils import timezone

from billing.models import Invoice, InvoiceStatus
from config.kernel import chain
from config.kernel.api.json import dumps
from config.kernel.inbound import applying, senders
from config.kernel.models import AuditEvent, Company, ReceivedStatus, ReceivedWebhook
from einvoicing import inbound
from einvoicing.models import PlatformAccount, Transmission, TransmissionKind
from einvoicing.services import copies
from payments.models import Payment
from payments.services.payments import reverse_payment
from tests.api.client import a_partner, json_of
from tests.api.senders import KEY, a_copy, a_source, by_abby, by_afnor, by_revolut, event, knock, path_of
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, story
from tests.factories.platforms import a_platform_account
from tests.trust.at_once import scaled

pytestmark = pytest.mark.django_db
ABBY = "/api/webhooks/abby"
COPY = "abby_inv_456"
LINES = [story.a_line(quantity=Decimal(1), unit_price=Decimal("100.00"))]
GROSS = Decimal("120.00")


def a_company_with_abby() -> tuple[Company, PlatformAccount]:
    company = story.a_company()
    a_source(company)
    return company, a_platform_account(company, kind="abby")


@pytest.fixture
def invoice() -> Invoice:
    company, account = a_company_with_abby()
    account.is_enabled = False
    account.save(update_fields=["is_enabled"])
    issued = story.an_issued_invoice(story.a_customer(company), LINES)
    a_copy(account, issued, COPY)
    return issued


def tell(body: bytes) -> None:
    assert knock(ABBY, body, by_abby(body)).status_code == 200


def sweep(after: timedelta = timedelta(0)) -> int:
    return applying.apply_due(now=lambda: timezone.now() + after)


def hear(body: bytes) -> ReceivedWebhook:
    """The message, after a sweep."""
    tell(body)
    sweep()
    row: ReceivedWebhook = ReceivedWebhook.everywhere.latest("received_at")
    return row


def paid(copy: str = COPY, **values: Any) -> bytes:
    payment = {"amount": 120.00, "date": "2026-11-18", "method": "bank_transfer"}
    return event("invoice.paid", copy, **{**payment, **values})


def tags_of(invoice: Invoice) -> list[str]:
    events = AuditEvent.everywhere.filter(subjects__contains=[invoice.subject], tag__startswith="einvoicing.copy")
    return [event.tag for event in events.order_by("id")]


# -- Abby ----------------------------------------------------------------------------------------------------------


def test_a_payment_told_by_abby_is_recorded_as_seed_004_says(invoice: Invoice) -> None:
    row = hear(paid())
    [payment] = Payment.everywhere.all()
    assert (payment.amount, payment.paid_on, payment.method) == (GROSS, date(2026, 11, 18), "TRANSFER")
    assert payment.reference == f"Abby {row.event_id}"
    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance) == (InvoiceStatus.PAID, 0)
    assert (row.status, row.attempts, row.problem) == (ReceivedStatus.APPLIED, 1, "")
    assert sweep() == 0


def test_abby_is_not_told_of_the_payment_it_told_us_of(invoice: Invoice) -> None:
    PlatformAccount.everywhere.update(writes_receipts=True)
    money.a_payment(invoice.customer, "30.00", [(invoice, "30.00")])
    hear(paid(amount=20))
    assert Payment.everywhere.count() == 2
    (receipt,) = Transmission.everywhere.filter(kind=TransmissionKind.RECEIPT)
    assert b'"amount": "30.00"' in bytes(receipt.content), "what was received elsewhere, Abby must hear"


def test_paid_before_sent_ends_paid(invoice: Invoice) -> None:
    for body in (paid(), event("invoice.overdue", COPY), event("invoice.sent", COPY)):
        assert hear(body).status == ReceivedStatus.APPLIED
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID
    assert tags_of(invoice) == ["einvoicing.copy.overdue", "einvoicing.copy.sent"]


def test_a_cancelled_copy_cancels_nothing_and_says_what_to_do(invoice: Invoice) -> None:
    row = hear(event("invoice.cancelled", COPY))
    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance) == (InvoiceStatus.ISSUED, GROSS)
    assert (row.status, row.problem) == (ReceivedStatus.APPLIED, inbound.CANCELLED)
    assert tags_of(invoice) == ["einvoicing.copy.cancelled"]


def test_a_payment_that_overtakes_the_answer_to_our_deposit_waits_for_it(invoice: Invoice) -> None:
    Transmission.everywhere.update(remote_id="")
    row = hear(paid())
    assert (row.status, row.attempts) == (ReceivedStatus.RECEIVED, 1)
    assert COPY in row.problem
    assert sweep(timedelta(seconds=50)) == 0
    Transmission.everywhere.update(remote_id=COPY)
    assert sweep(timedelta(seconds=70)) == 1
    row.refresh_from_db()
    assert (row.status, row.problem) == (ReceivedStatus.APPLIED, "")
    assert Payment.everywhere.count() == 1


@pytest.mark.parametrize("key", [None, "", 7, "x" * 101, "a\u0007b"], ids=repr)
def test_an_event_that_names_no_readable_copy_says_so(invoice: Invoice, key: Any) -> None:
    row = hear(dumps({"id": "evt_1", "type": "invoice.sent", "data": {"invoice": {"id": key}}}))
    assert row.problem == inbound.NO_COPY_NAMED


def test_what_cannot_be_applied_is_tried_after_1_2_and_4_minutes_then_waits_for_a_person(invoice: Invoice) -> None:
    row = hear(paid("abby_inv_unknown"))
    later, waits = timedelta(0), []
    while row.status == ReceivedStatus.RECEIVED:
        wait = row.next_attempt_at - (timezone.now() + later)
        waits.append(round(wait.total_seconds() / 60))
        later += wait + timedelta(seconds=1)
        assert sweep(later) == 1
        row.refresh_from_db()
    assert waits == [1, 2, 4]
    assert (row.status, row.attempts) == (ReceivedStatus.FAILED, 4)
    assert sweep(timedelta(days=30)) == 0
    Transmission.everywhere.update(remote_id="abby_inv_unknown")
    answer = a_partner(invoice.company).post(f"/api/received-webhooks/{row.pk}/replay")
    assert (answer.status_code, json_of(answer)["status"]) == (202, "received")
    assert sweep() == 1
    row.refresh_from_db()
    assert (row.status, Payment.everywhere.count()) == (ReceivedStatus.APPLIED, 1)


def test_one_payment_told_by_two_events_is_recorded_once(invoice: Invoice) -> None:
    data = {"invoice": {"id": COPY}, "payment": {"id": "pay_1", "amount": 20}}
    bodies = [dumps({"id": f"evt_{place}", "type": "invoice.paid", "data": data}) for place in range(2)]
    rows = [hear(body) for body in bodies]
    assert [(row.status, row.problem) for row in rows] == [("APPLIED", ""), ("IGNORED", inbound.RECORDED_BEFORE)]
    assert [payment.amount for payment in Payment.everywhere.all()] == [20]


def test_what_was_read_before_it_is_told_is_neither_noted_nor_recorded_again(invoice: Invoice) -> None:
    copy, read_at = Transmission.everywhere.get(invoice=invoice), timezone.now()
    facts = {"state": "paid", "sent": read_at.isoformat(), "paid": read_at.isoformat()}
    copies.learn(copy, facts, at=read_at)
    reverse_payment(payment=Payment.everywhere.get(), reason="Impayé", actor=story.ACTOR, at=read_at)
    assert hear(event("invoice.sent", COPY)).status == ReceivedStatus.APPLIED
    assert tags_of(invoice) == ["einvoicing.copy.sent"]
    assert hear(paid()).problem == inbound.RECORDED_BEFORE
    invoice.refresh_from_db()
    assert invoice.balance == GROSS


def test_a_payment_of_a_settled_invoice_is_ignored_and_says_why(invoice: Invoice) -> None:
    money.a_payment(invoice.customer, "120.00", [(invoice, "120.00")])
    row = hear(paid())
    assert row.status == ReceivedStatus.IGNORED
    assert str(invoice.number) in row.problem
    assert Payment.everywhere.count() == 1


def test_money_beyond_the_balance_is_the_customers_credit(invoice: Invoice) -> None:
    hear(paid(amount=150))
    [payment] = Payment.everywhere.all()
    invoice.refresh_from_db()
    assert (invoice.balance, payment.allocated, payment.unallocated) == (0, GROSS, 30)


def test_without_an_amount_the_whole_balance_is_paid(invoice: Invoice) -> None:
    hear(event("invoice.paid", COPY))
    assert [one.amount for one in Payment.everywhere.all()] == [GROSS]


UNREADABLE = [
    {"amount": "12,5"}, {"amount": -5}, {"amount": True}, {"amount": 1.005}, {"amount": 10**30}, {"amount": [1]},
    {"date": "yesterday"}, {"date": 5}, {"date": "2026-02-30"}, {"date": "2031-01-01"}, {"currency": "USD"},
    {"amount": 0},
]  # fmt: skip


@pytest.mark.parametrize("values", UNREADABLE, ids=str)
def test_a_payment_that_cannot_be_read_is_kept_with_its_problem(invoice: Invoice, values: dict[str, Any]) -> None:
    row = hear(paid(**values))
    assert (row.status, Payment.everywhere.count()) == (ReceivedStatus.RECEIVED, 0)
    assert row.problem
    assert row.problem != applying.DEFECT


@pytest.mark.parametrize("body", [b"{}", b'{"type":["x"]}', b'{"type":"invoice.archived"}'])
def test_another_event_is_kept_and_without_effect(invoice: Invoice, body: bytes) -> None:
    assert hear(body).status == ReceivedStatus.IGNORED


def test_a_defect_holds_up_no_other_message(invoice: Invoice, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(message: ReceivedWebhook, body: Any, at: datetime) -> Any:
        if body["id"] == "evt_bad":
            raise ZeroDivisionError
        return inbound.apply_abby_event(message, body, at)

    monkeypatch.setitem(senders.SENDERS, "abby", replace(senders.SENDERS["abby"], apply=broken))
    tell(event("invoice.sent", COPY, id="evt_bad"))
    tell(event("invoice.sent", COPY, id="evt_good"))
    sweep()
    assert {row.event_id: (row.status, row.problem) for row in ReceivedWebhook.everywhere.all()} == {
        "evt_bad": ("RECEIVED", applying.DEFECT),
        "evt_good": ("APPLIED", ""),
    }


def test_another_companys_copy_is_not_paid(invoice: Invoice) -> None:
    stranger = a_source(story.a_company(), secret="the stranger's own secret")
    body = paid()
    assert knock(path_of(stranger), body, by_abby(body, "the stranger's own secret")).status_code == 200
    sweep()
    assert Payment.everywhere.count() == 0


# -- hints ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_platforms_message_makes_us_read_the_platform_and_nothing_of_the_body(sandbox: str) -> None:
    company = story.a_company()
    source = a_source(company, "afnor", KEY)
    account = a_platform_account(company, sandbox)
    for turn in range(3):
        body = b'{"flowId":"%d","updatedAt":"now","acknowledgement":{"status":"Ok"}}' % turn
        assert knock(path_of(source), body, by_afnor(body)).status_code == 200
    assert sweep() == 3
    account.refresh_from_db()
    assert account.polled_at is not None
    assert account.last_error == ""
    assert set(ReceivedWebhook.everywhere.values_list("status", flat=True)) == {"APPLIED"}


def test_a_platform_that_does_not_answer_is_read_again_later() -> None:
    company = story.a_company()
    source = a_source(company, "afnor", KEY)
    a_platform_account(company)
    assert knock(path_of(source), b"{}", by_afnor(b"{}")).status_code == 200
    sweep()
    [row] = ReceivedWebhook.everywhere.all()
    assert (row.status, row.attempts) == (ReceivedStatus.RECEIVED, 1)
    assert row.problem


@pytest.mark.parametrize("system", ["afnor", "revolut", "invoice_ninja"])
def test_a_hint_about_what_is_not_connected_says_so(system: str) -> None:
    source = a_source(story.a_company(), system, {"afnor": KEY, "invoice_ninja": ""}.get(system, "a" * 20))
    headers = {**by_afnor(b"{}"), **by_revolut(b"{}", "a" * 20)}
    assert knock(path_of(source), b"{}", headers).status_code == 200
    sweep()
    [row] = ReceivedWebhook.everywhere.all()
    assert row.status == ReceivedStatus.IGNORED
    assert row.problem.startswith("Aucun")


# -- everything at once --------------------------------------------------------------------------------------------

INVOICES = scaled(200)
REPEATS, SENDERS, CARRIERS = 10, 8, 2
NAMES = ("invoice.sent", "invoice.paid", "invoice.overdue", "invoice.cancelled")


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_events_sent_ten_times_in_any_order_by_eight_callers_are_applied_once_each(live_server: Any) -> None:
    company, account = a_company_with_abby()
    customer = story.a_customer(company)
    invoices = [story.an_issued_invoice(customer, LINES) for _ in range(INVOICES)]
    Transmission.everywhere.all().delete()
    for place, invoice in enumerate(invoices):
        a_copy(account, invoice, f"copy_{place}")
    events = [
        paid(f"copy_{place}", id=f"evt_paid_{place}") if name == "invoice.paid" else event(name, f"copy_{place}")
        for place in range(INVOICES)
        for name in NAMES
    ]
    chance = random.Random(4)
    messages = events * REPEATS
    chance.shuffle(messages)
    over = threading.Event()

    def caller(place: int) -> Counter[int]:
        with requests.Session() as http:
            return Counter(
                http.post(f"{live_server.url}{ABBY}", data=body, headers=by_abby(body), timeout=60).status_code
                for body in messages[place::SENDERS]
            )

    def carrier(_place: int) -> None:
        try:
            while not over.is_set():
                sweep()
                over.wait(0.05)
        finally:
            connection.close()

    with ThreadPoolExecutor(SENDERS + CARRIERS) as pool:
        carriers = [pool.submit(carrier, place) for place in range(CARRIERS)]
        answers = sum(pool.map(caller, range(SENDERS)), Counter())
        over.set()
        for one in carriers:
            one.result()
    sweep(timedelta(minutes=10))
    assert answers == {200: len(events) * REPEATS}
    rows = ReceivedWebhook.everywhere.all()
    assert rows.count() == len(events)
    assert set(rows.values_list("status", flat=True)) == {ReceivedStatus.APPLIED}
    payments = Payment.everywhere.filter(company=company)
    assert Counter(payments.values_list("reference", flat=True)) == {f"Abby evt_paid_{n}": 1 for n in range(INVOICES)}
    for invoice in invoices:
        invoice.refresh_from_db()
        assert (invoice.status, invoice.amount_paid) == (InvoiceStatus.PAID, GROSS)
        assert sorted(tags_of(invoice)) == [f"einvoicing.copy.{word}" for word in ("cancelled", "overdue", "sent")]
    assert list(chain.verify(company)) == []
