"""Carriers killed in the middle of their work: no message is lost, none overtakes another of its object."""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from config.kernel import audit
from config.kernel.models import WebhookAttempt, WebhookDelivery, WebhookEvent
from config.kernel.webhooks import endpoints, sending
from tests.api.receiver import Received, receiving
from tests.factories import story
from tests.trust.at_once import WHOLE, scaled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.trust]
EVENTS, OBJECTS, KILLS = scaled(1200), 6, scaled(120)


def a_carrier() -> int:
    """The number of a process that carries messages, one after the other, until it is killed."""
    connections.close_all()
    number = os.fork()
    if not number:
        try:
            while True:
                sending.carry_due(limit=1)
        finally:
            os._exit(1)
    return number


def test_carriers_killed_again_and_again_lose_nothing_and_keep_the_order(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    company, chance = story.a_company(), random.Random(5)
    customers = [story.a_customer(company) for _ in range(OBJECTS)]

    def slowly(_one: Received) -> int:
        time.sleep(0.02)
        return 200 if chance.random() < 0.9 else 503

    with receiving() as receiver:
        receiver.choose = slowly
        endpoints.create_endpoint(company=company, url=receiver.url, events=["*"], actor=story.ACTOR, at=timezone.now())
        for turn in range(EVENTS):
            audit.record(
                "customers.customer.changed", subject=customers[turn % OBJECTS], actor=story.ACTOR, at=timezone.now()
            )
        for _ in range(KILLS):
            carriers = [a_carrier(), a_carrier()]
            time.sleep(chance.uniform(0.1, 0.5))
            for number in carriers:
                os.kill(number, signal.SIGKILL)
                os.waitpid(number, 0)
        held = WebhookDelivery.everywhere.exclude(lease_until=None).count()
        for turn in range(1, 40):
            later = timedelta(hours=turn)
            while sending.carry_due(now=lambda: timezone.now() + later):
                pass
            if not WebhookDelivery.everywhere.exclude(status="DELIVERED").exists():
                break
    expected: dict[str, list[str]] = {}
    for event in WebhookEvent.everywhere.order_by("sequence"):
        expected.setdefault(event.subject.replace("customers.", ""), []).append(event.message_id)
    assert sum(len(ids) for ids in expected.values()) == EVENTS
    assert receiver.first_takings() == expected
    assert held or not WHOLE, "no carrier was killed with a message in hand: the test proves nothing"
    assert WebhookAttempt.everywhere.filter(error=sending.INTERRUPTED).count() >= held
