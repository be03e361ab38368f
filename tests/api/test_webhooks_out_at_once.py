"""Webhooks changed and deleted while facts are told to them: nobody’s fact fails, nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from config.kernel import audit
from config.kernel.models import Company, WebhookDelivery, WebhookEndpoint, WebhookEvent
from config.kernel.webhooks import endpoints, sending
from payments.models import Payment
from tests.api.client import Partner, a_partner, json_of
from tests.factories import story
from tests.trust.at_once import at_once, scaled
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.trust]
BODY = {"url": "https://erp.example/hooks", "description": "ERP", "events": ["*"]}


def an_endpoint(company: Company, url: str = "https://erp.example/hooks") -> WebhookEndpoint:
    return endpoints.create_endpoint(company=company, url=url, events=["*"], actor=story.ACTOR, at=timezone.now())[0]


def deleted(endpoint: WebhookEndpoint) -> None:
    endpoints.delete_endpoint(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())


def test_an_endpoint_that_is_being_told_is_deleted_once_the_fact_is_kept() -> None:
    company = story.a_company()
    customer, endpoint = story.a_customer(company), an_endpoint(company)
    announced, order = threading.Event(), []

    def tell() -> None:
        with transaction.atomic():
            audit.record("customers.customer.changed", subject=customer, actor=story.ACTOR, at=timezone.now())
            announced.set()
            wait_until(_somebody_waits, what="somebody who waits for the lock")
            order.append("announced")

    def delete() -> None:
        assert announced.wait(20)
        deleted(endpoint)
        order.append("deleted")

    at_once(2, lambda place: (tell, delete)[place]())
    assert order == ["announced", "deleted"]
    assert not WebhookDelivery.everywhere.exists()
    assert WebhookEvent.everywhere.filter(name="customer.updated", company=company).exists()


def _somebody_waits() -> bool:
    """Whether a lock is asked for that another transaction has, as PostgreSQL sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("held_by", ["rotation", "carrier"])
def test_a_fact_is_told_while_somebody_changes_the_endpoint(held_by: str) -> None:
    company = story.a_company()
    customer, endpoint = story.a_customer(company), an_endpoint(company)
    endpoints.send_test(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())
    (claimed,) = sending.DELIVERIES.claim(at=timezone.now())
    assert claimed is not None
    changed, announced = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            if held_by == "rotation":
                endpoints.rotate_secret(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())
            else:
                sending.record(claimed, sending.Outcome(500, 1, "failed", ""), at=timezone.now())
            changed.set()
            assert announced.wait(PATIENCE), "the fact waits for the change"

    def tell() -> None:
        assert changed.wait(20)
        audit.record("customers.customer.changed", subject=customer, actor=story.ACTOR, at=timezone.now())
        announced.set()

    at_once(2, lambda place: (change, tell)[place]())


def test_an_endpoint_deleted_before_it_is_told_is_left_out() -> None:
    company = story.a_company()
    gone, stays = an_endpoint(company), an_endpoint(company, "https://other.example/hooks")
    deleted(WebhookEndpoint.everywhere.get(pk=gone.pk))
    event = audit.record("kernel.webhook.tested", subject=stays, actor=story.ACTOR, at=timezone.now())
    ping = endpoints.telling(event, name="ping", about=stays.subject, body="{}")
    queued = endpoints.queue([gone, stays], [ping])
    assert [one.endpoint_id for one in queued] == [stays.pk]
    with pytest.raises(endpoints.EndpointGone):
        endpoints.send_test(endpoint=gone, actor=story.ACTOR, at=timezone.now())


def test_payments_beside_deletions_are_all_recorded() -> None:
    company = story.a_company()
    invoice = story.an_issued_invoice(story.a_customer(company))
    partners = [a_partner(company) for _ in range(2)]
    rounds = scaled(150)
    for number in range(rounds):
        endpoint = an_endpoint(company, f"https://erp.example/{number}")
        body = {"invoice_id": invoice.pk, "amount": Decimal("1.00"), "payment_method": "card"}
        calls: list[Callable[[], Any]] = [
            lambda: partners[0].post("/api/payments", body, key=True),
            lambda: partners[1].delete(f"/api/webhooks/{endpoint.pk}"),
        ]
        paid, gone = at_once(2, lambda place: calls[place]())
        assert (paid.status_code, gone.status_code) == (201, 204), (paid.content, gone.content)
    assert Payment.everywhere.count() == rounds
    assert not WebhookEndpoint.everywhere.exists()


def test_rotating_testing_changing_and_deleting_at_once_fails_nobody() -> None:
    company = story.a_company()
    partners = [a_partner(company) for _ in range(5)]
    calls: list[Callable[[Partner, str], Any]] = [
        lambda partner, place: partner.post(f"{place}/rotate-secret"),
        lambda partner, place: partner.post(f"{place}/test"),
        lambda partner, place: partner.post(f"{place}/test"),
        lambda partner, place: partner.put(place, {**BODY, "description": place[-6:]}),
        lambda partner, place: partner.delete(place),
    ]
    for number in range(scaled(300)):
        place = f"/api/webhooks/{json_of(partners[0].post('/api/webhooks', BODY))['id']}"
        people = 5 if number % 2 else 4  # every other round nobody deletes
        answers = at_once(people, lambda who: calls[who](partners[who], place))
        codes = [answer.status_code for answer in answers]
        assert set(codes) <= {200, 202, 204, 404}, [(one.status_code, one.content) for one in answers]
        assert 404 not in codes[:4] or people == 5
        if people == 4:
            assert partners[4].delete(place).status_code == 204


def test_a_webhook_deleted_meanwhile_is_404_to_whoever_changes_it() -> None:
    company = story.a_company()
    endpoint = an_endpoint(company)
    deleted(WebhookEndpoint.everywhere.get(pk=endpoint.pk))
    common: dict[str, Any] = {"actor": story.ACTOR, "at": timezone.now()}
    for change in (
        lambda: endpoints.rotate_secret(endpoint=endpoint, **common),
        lambda: endpoints.enable_endpoint(endpoint=endpoint, **common),
        lambda: endpoints.disable_endpoint(endpoint=endpoint, reason="", **common),
        lambda: endpoints.delete_endpoint(endpoint=endpoint, **common),
    ):
        with pytest.raises(endpoints.EndpointGone) as refused:
            change()
        assert refused.value.status == 404
