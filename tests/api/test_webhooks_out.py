"""Messages to partners: what is announced, how it is signed, and that each arrives at least once and in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from standardwebhooks import WebhookVerificationError

from billing.models import Email, EmailKind, Invoice
from config.kernel import audit, tasks
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent, Company, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from config.kernel.queue import DELAYS
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.kernel.webhooks import endpoints, forgetting, sending
from config.kernel.webhooks.announcing import message
from payments.outgoing.refunding import cancel_refund, refund_customer
from payments.outgoing.returning import return_payment
from payments.services.write_offs import take_back_write_off, write_off
from tests.api.receiver import Receiver, failing, receiving
from tests.factories import money, story
from tests.factories.people import a_person
from tests.trust.at_once import WHOLE

pytestmark = pytest.mark.django_db
ROOT = Path(django_settings.BASE_DIR)
EVENTS = 200 if WHOLE else 60


@pytest.fixture(autouse=True)
def _loopback_allowed(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def an_endpoint(company: Company, url: str, *events: str) -> tuple[WebhookEndpoint, str]:
    return endpoints.create_endpoint(
        company=company, url=url, events=events or ["*"], actor=story.ACTOR, at=timezone.now()
    )


def happen(company: Company, subject: Any, tag: str = "customers.customer.changed", **data: Any) -> AuditEvent:
    return audit.record(tag, subject=subject, actor=story.ACTOR, at=timezone.now(), data=data)


def drain(after: timedelta = timedelta(0), **options: Any) -> int:
    """A sweep, as if some time had passed; messages are signed with the hour it is then."""
    return sending.carry_due(now=lambda: timezone.now() + after, **options)


# -- what is announced ---------------------------------------------------------------------------------------------


def test_a_payment_tells_its_invoice_with_amounts_as_numbers(receiver: Receiver) -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer)
    _endpoint, secret = an_endpoint(company, receiver.url)
    money.a_payment(customer, "1440.00", [(invoice, "1440.00")])
    drain()
    sent = {one.body["type"]: one for one in receiver.taken}
    assert set(sent) == {"payment.recorded", "payment.allocated", "invoice.paid"}
    paid, allocated = sent["invoice.paid"].body["data"], sent["payment.allocated"].body["data"]
    number = Invoice.everywhere.get(pk=invoice.pk).number
    assert (paid["object"], paid["id"], paid["url"]) == ("invoice", invoice.pk, f"/api/invoices/{invoice.pk}")
    assert (paid["number"], paid["from"], paid["to"]) == (number, "ISSUED", "PAID")
    assert b'"amount":1440.00' in sent["payment.allocated"].content
    assert {"object": "invoice", "id": invoice.pk, "url": f"/api/invoices/{invoice.pk}"} in allocated["related"]
    assert all(one.is_signed_with(secret) for one in receiver.seen)


def test_money_given_back_and_differences_are_told_and_their_undoing_too(receiver: Receiver) -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer)
    payment = money.a_payment(customer, "1400.00", [(invoice, "1300.00")])
    an_endpoint(
        company,
        receiver.url,
        "refund.made",
        "refund.cancelled",
        "refund.returned",
        "write_off.made",
        "write_off.undone",
    )
    with company_scope(company):
        who: dict[str, Any] = {"actor": story.ACTOR, "at": timezone.now()}
        day = local_day(timezone.now())
        refund = refund_customer(
            customer=customer, amount=Decimal(60), method="TRANSFER", iban=story.IBAN, made_on=day, reason="Trop", **who
        )
        cancel_refund(refund=refund, reason="Refusé", **who)
        back = return_payment(payment=payment, amount=Decimal(100), returned_on=day, reason="Rejet", **who)
        lost = write_off(invoice=invoice, amount=Decimal(120), reason="LOSS", with_vat=True, note="Liquidation", **who)
        undone = take_back_write_off(write_off=lost, reason="Payée", **who)
    drain()
    told = {one.body["type"]: one.body["data"] for one in receiver.taken}
    shown = {name: (data["object"], data["id"], data["url"], data["amount"]) for name, data in told.items()}
    assert shown == {
        "refund.made": ("refund", refund.pk, f"/api/refunds/{refund.pk}", 60),
        "refund.cancelled": ("refund", refund.pk, f"/api/refunds/{refund.pk}", 60),
        "refund.returned": ("refund", back.pk, f"/api/refunds/{back.pk}", 100),
        "write_off.made": ("write_off", lost.pk, None, 120),
        "write_off.undone": ("write_off", undone.pk, None, -120),
    }
    assert told["refund.made"]["amounts"] == {payment.number: 60}
    assert (told["write_off.made"]["vat"], told["write_off.made"]["code"]) == (20, "LOSS")
    for name in ("write_off.made", "write_off.undone"):
        about = {"object": "invoice", "id": invoice.pk, "url": f"/api/invoices/{invoice.pk}"}
        assert about in told[name]["related"], name


def test_nothing_is_queued_where_nobody_listens_nor_for_what_partners_may_not_hear(receiver: Receiver) -> None:
    company, other = story.a_company(), story.a_company()
    customer = story.a_customer(company)
    an_endpoint(other, receiver.url)
    an_endpoint(company, receiver.url, "order.created")
    happen(company, customer)
    happen(company, customer, "customers.contact.added", name="Ada")
    assert not WebhookEvent.everywhere.exists()


def test_announcing_to_nobody_costs_one_query_and_none_for_what_has_no_name() -> None:
    company = story.a_company()
    customer = story.a_customer(company)

    def queries(tag: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            happen(company, customer, tag)
        return len(captured)

    assert queries("customers.customer.changed") == queries("customers.contact.added") + 1


def test_the_message_and_its_fact_are_kept_or_lost_together(receiver: Receiver) -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    an_endpoint(company, receiver.url)
    with transaction.atomic():
        happen(company, customer)
        assert WebhookDelivery.everywhere.exists()
        transaction.set_rollback(True)
    assert not WebhookDelivery.everywhere.exists()


# -- signatures ----------------------------------------------------------------------------------------------------


def test_the_secret_before_stays_good_for_a_day_and_no_longer(receiver: Receiver) -> None:
    company = story.a_company()
    customer = story.a_customer(company)
    endpoint, old = an_endpoint(company, receiver.url)
    new = endpoints.rotate_secret(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())
    happen(company, customer)
    drain()
    assert receiver.seen[0].is_signed_with(old)
    assert receiver.seen[0].is_signed_with(new)
    WebhookEndpoint.everywhere.update(previous_secret_until=timezone.now())
    happen(company, customer)
    drain()
    assert receiver.seen[1].is_signed_with(new)
    with pytest.raises(WebhookVerificationError):
        receiver.seen[1].is_signed_with(old)


def test_the_secret_is_kept_encrypted(receiver: Receiver) -> None:
    company = story.a_company()
    endpoint, secret = an_endpoint(company, receiver.url)
    stored = WebhookEndpoint.everywhere.filter(pk=endpoint.pk).values().get()
    assert secret not in str(stored)
    assert secret not in str(list(AuditEvent.everywhere.filter(company=company).values()))


# -- at least once, in order ---------------------------------------------------------------------------------------


@pytest.mark.trust
def test_many_events_reach_a_receiver_that_fails_and_dies_each_in_the_order_of_its_object() -> None:
    company = story.a_company()
    customers = [story.a_customer(company) for _ in range(20)]
    with receiving() as receiver:
        _endpoint, secret = an_endpoint(company, receiver.url)
        receiver.choose = failing(0.3)
        events = [happen(company, customers[turn % 20], name=str(turn)) for turn in range(EVENTS)]
        drain(limit=EVENTS // 2)
        sent_now = len(receiver.seen)
        port = int(receiver.url.split(":")[2].split("/")[0])
    assert drain(timedelta(minutes=2), limit=EVENTS // 2) == 1  # nobody answers: the rest waits for the next sweep
    with receiving(port, receiver):
        for turn in range(1, 40):
            drain(timedelta(hours=3 * turn))
            if not WebhookDelivery.everywhere.exclude(status="DELIVERED").exists():
                break
    ids = dict(WebhookEvent.everywhere.values_list("sequence", "pk"))
    expected: dict[str, list[str]] = {}
    for turn, event in enumerate(events):
        expected.setdefault(f"customer:{customers[turn % 20].pk}", []).append(f"msg_{ids[event.pk]}")
    assert receiver.first_takings() == expected
    assert len(receiver.seen) > EVENTS * 1.15
    assert all(one.is_signed_with(secret) for one in receiver.seen[:sent_now])
    assert WebhookAttempt.everywhere.count() == len(receiver.seen) + 1


def test_a_later_event_of_an_object_waits_and_those_of_others_go(receiver: Receiver) -> None:
    company = story.a_company()
    one, other = story.a_customer(company), story.a_customer(company)
    an_endpoint(company, receiver.url)
    receiver.choose = lambda got: 500 if got.body["data"].get("name") == "first" else 200
    for subject, name in ((one, "first"), (one, "second"), (other, "third")):
        happen(company, subject, name=name)
    drain()
    assert [got.body["data"]["name"] for got in receiver.taken] == ["third"]
    receiver.choose = lambda _got: 200
    drain(timedelta(minutes=1.2))
    assert [got.body["data"]["name"] for got in receiver.taken] == ["third", "first", "second"]


def test_a_carrier_that_died_is_replaced_when_its_lease_ends(receiver: Receiver) -> None:
    company = story.a_company()
    an_endpoint(company, receiver.url)
    happen(company, story.a_customer(company))
    WebhookDelivery.everywhere.exclude(event__name="customer.updated").delete()
    (dead,) = sending.DELIVERIES.claim(at=timezone.now())
    assert dead is not None
    assert drain() == 0
    assert drain(sending.LEASE + timedelta(seconds=1)) == 1
    assert len(receiver.taken) == 1
    assert WebhookAttempt.everywhere.filter(error=sending.INTERRUPTED).count() == 1
    # the dead one wakes up: what was recorded meanwhile stands
    sending.record(dead, sending.Outcome(500, 1, "late", ""), at=timezone.now())
    assert WebhookDelivery.everywhere.get(pk=dead.pk).status == "DELIVERED"
    assert WebhookAttempt.everywhere.count() == 2


# -- nobody holds the others up ------------------------------------------------------------------------------------


def two_companies(receiver: Receiver) -> tuple[WebhookEndpoint, WebhookEndpoint]:
    """Two with a message each: that of the first is carried first, that of the second goes to the receiver."""
    first, second = story.a_company(), story.a_company()
    found = an_endpoint(first, f"{receiver.url}/first")[0], an_endpoint(second, receiver.url)[0]
    for endpoint in found:
        endpoints.send_test(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())
    return found


def errors_of(endpoint: WebhookEndpoint) -> list[str]:
    return list(WebhookAttempt.everywhere.filter(delivery__endpoint=endpoint).values_list("error", flat=True))


@pytest.mark.parametrize("url", ["https://a..b/x", f"https://{'a' * 64}.example/"])
def test_an_address_nobody_can_ask_for_holds_up_nobody_else(receiver: Receiver, url: str) -> None:
    first, _second = two_companies(receiver)
    WebhookEndpoint.everywhere.filter(pk=first.pk).update(url=url)
    assert drain() == 2
    assert len(receiver.taken) == 1
    first.refresh_from_db()
    assert first.failing_since is not None
    assert errors_of(first) == ["L’adresse du service distant est incorrecte."]


def test_a_message_that_fails_unexpectedly_holds_up_nobody_else(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _second = two_companies(receiver)
    talk = sending._talk

    def broken(delivery: WebhookDelivery, **how: Any) -> Any:
        if delivery.endpoint_id == first.pk:
            raise KeyError("defect")
        return talk(delivery, **how)

    monkeypatch.setattr(sending, "_talk", broken)
    assert drain() == 2
    assert len(receiver.taken) == 1
    first.refresh_from_db()
    assert first.failing_since is not None
    assert errors_of(first) == [sending.DEFECT]


def test_an_outcome_that_cannot_be_recorded_holds_up_nobody_else(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _second = two_companies(receiver)
    record = sending.record

    def broken(delivery: WebhookDelivery, *args: Any, **more: Any) -> None:
        if delivery.endpoint_id == first.pk:
            raise KeyError("defect")
        record(delivery, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(sending, "record", broken)
        assert drain() == 1
    assert [row.status for row in WebhookDelivery.everywhere.order_by("sequence")] == ["PENDING", "DELIVERED"]
    assert drain(sending.LEASE + timedelta(seconds=1)) == 1
    assert errors_of(first) == [sending.INTERRUPTED, ""]


@pytest.mark.parametrize("step", ["_talk", "record"])
def test_a_database_that_is_away_ends_the_sweep(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def away(*_told: Any, **_more: Any) -> None:
        raise OperationalError("away")

    two_companies(receiver)
    monkeypatch.setattr(sending, step, away)
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with pytest.raises(OperationalError):
        drain()


# -- delays, patience ----------------------------------------------------------------------------------------------


def test_a_failure_is_tried_again_after_the_delays(receiver: Receiver) -> None:
    company = story.a_company()
    endpoint, _secret = an_endpoint(company, receiver.url)
    receiver.choose = lambda _got: 503
    delivery = endpoints.send_test(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())
    at = timezone.now()
    for wait in (*DELAYS, timedelta(hours=24)):
        assert sending.carry_due(now=lambda: at) == 1
        delivery.refresh_from_db()
        assert wait * 0.9 <= delivery.next_attempt_at - at <= wait * 1.1
        assert sending.carry_due(now=lambda: delivery.next_attempt_at - timedelta(seconds=1)) == 0
        at = delivery.next_attempt_at
    assert (delivery.status, delivery.attempts) == ("PENDING", 6)


def test_an_endpoint_where_nothing_passes_for_three_days_is_disabled_and_keeps_what_waits(receiver: Receiver) -> None:
    company = story.a_company()
    owner = a_person(company, Role.OWNER)
    a_person(company, Role.SALES)
    endpoint, _secret = an_endpoint(company, receiver.url)
    receiver.choose = lambda _got: 500
    happen(company, story.a_customer(company), name="kept")
    for hours in (0, 1, 30, 60, 90, 120):
        drain(timedelta(hours=hours))
    endpoint.refresh_from_db()
    assert not endpoint.is_active
    assert endpoint.disabled_reason == sending.SILENT
    assert AuditEvent.everywhere.filter(tag="kernel.webhook.disabled", company=company).count() == 1
    (notice,) = Email.everywhere.filter(company=company, kind=EmailKind.NOTICE)
    assert notice.recipient == owner.email
    assert endpoint.url in notice.body
    assert sending.SILENT in notice.body
    assert f"/settings/webhooks/{endpoint.pk}/" in notice.body
    tried = len(receiver.seen)
    assert drain(timedelta(days=30)) == 0
    receiver.choose = lambda _got: 200
    endpoints.enable_endpoint(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())
    drain()
    assert len(receiver.seen) == tried + len(receiver.taken)
    assert "kept" in [got.body["data"].get("name") for got in receiver.taken]


def test_a_message_that_alone_is_refused_for_three_days_is_given_up_and_the_next_one_goes(receiver: Receiver) -> None:
    company = story.a_company()
    customer, other = story.a_customer(company), story.a_customer(company)
    an_endpoint(company, receiver.url)
    receiver.choose = lambda got: 422 if got.body["data"].get("name") == "bad" else 200
    happen(company, customer, name="bad")
    happen(company, customer, name="good")
    for hours in (0, 1, 30, 60, 90):
        drain(timedelta(hours=hours))
        happen(company, other, name="alive")
        drain(timedelta(hours=hours))
    statuses = {row.event.body.split('"name":"')[1].split('"')[0]: row.status for row in _deliveries(customer)}
    assert statuses == {"bad": "FAILED", "good": "DELIVERED"}


def _deliveries(subject: Any) -> list[WebhookDelivery]:
    rows = WebhookDelivery.everywhere.filter(subject=subject.subject, event__name="customer.updated")
    return list(rows.select_related("event"))


def test_gone_means_gone(receiver: Receiver) -> None:
    company = story.a_company()
    endpoint, _secret = an_endpoint(company, receiver.url)
    receiver.choose = lambda _got: 410
    happen(company, story.a_customer(company))
    drain()
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.disabled_reason) == (False, sending.GONE)
    assert len(receiver.seen) == 1


def test_a_replay_carries_the_same_message_under_the_same_id(receiver: Receiver) -> None:
    company = story.a_company()
    endpoint, _secret = an_endpoint(company, receiver.url)
    delivery = endpoints.send_test(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())
    drain()
    delivery.refresh_from_db()
    endpoints.replay_delivery(delivery=delivery, actor=story.ACTOR, at=timezone.now())
    with pytest.raises(endpoints.DeliveryPending):
        endpoints.replay_delivery(delivery=delivery, actor=story.ACTOR, at=timezone.now())
    drain()
    first, second = receiver.taken
    assert (first.id, first.content) == (second.id, second.content)
    assert first.body["type"] == "ping"


def test_an_amount_is_a_number_and_a_price_keeps_its_decimals() -> None:
    facts = {"unit_price": "0.1234", "total": "1440", "number": "12"}
    at = datetime(2026, 11, 21, 9, tzinfo=UTC)
    body = message("product.updated", about="billing.product:12", subjects=[], facts=facts, at=at)
    assert '"unit_price":0.1234,"total":1440.00,"number":"12"' in body
    assert '"timestamp":"2026-11-21T09:00:00Z"' in body


# -- forgotten -----------------------------------------------------------------------------------------------------


def test_what_was_told_three_months_ago_is_forgotten_and_what_still_waits_is_not(receiver: Receiver) -> None:
    company = story.a_company()
    an_endpoint(company, receiver.url)
    happen(company, story.a_customer(company), name="remembered")
    drain()
    happen(company, story.a_customer(company), name="waits")
    later = timezone.now() + forgetting.KEPT_FOR
    delivered = WebhookEvent.everywhere.filter(company=company, body__contains='"remembered"')
    assert delivered.exists()
    forgetting.forget(at=later - timedelta(minutes=5))
    assert delivered.exists()
    assert forgetting.forget(at=later + timedelta(minutes=5)) == 1
    assert not delivered.exists()
    assert WebhookEvent.everywhere.filter(company=company, body__contains='"waits"').exists()


def test_the_clock_forgets_what_has_served_its_time() -> None:
    kinds = {"answers", "messages", "tokens", "imports", "failures", "places", "mails", "sessions"}
    assert set(tasks.forget()) == kinds
