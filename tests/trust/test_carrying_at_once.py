"""Several carriers at once: each transmission is taken by one of them, none waits for another, all share one quota."""

from __future__ import annotations

import pytest

from config.kernel.errors import RemoteError
from einvoicing.models import ApplicationCalls, Attempt, Transmission
from einvoicing.services.quotas import ApplicationGate
from einvoicing.services.statuses import apply_document
from tests.factories import platforms, story
from tests.factories.queues import claim_due
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]


def test_eight_carriers_at_once_take_each_invoice_once():
    company = story.a_company()
    platforms.a_platform_account(company)
    customer = story.a_customer(company)
    for _invoice in range(24):
        story.an_issued_invoice(customer)

    def carrier(place: int) -> list[int]:
        taken: list[int] = []
        while claimed := claim_due(at=story.AT, worker=f"carrier-{place}", limit=1):
            taken += [row.pk for row in claimed]
        return taken

    taken = [key for keys in at_once(8, carrier) for key in keys]
    assert sorted(taken) == sorted(Transmission.everywhere.values_list("pk", flat=True))
    assert len(taken) == 24
    assert Attempt.everywhere.count() == 24


def test_copies_of_one_status_read_at_once_are_one_fact():
    company = story.a_company()
    account = platforms.a_platform_account(company)
    invoice = story.an_issued_invoice(story.a_customer(company))
    data = platforms.status_message(invoice, "200")
    copies = [platforms.a_message(account, data) for _copy in range(6)]
    applied = at_once(6, lambda place: apply_document(document_id=copies[place].pk, at=story.AT))
    assert sorted(applied) == [False] * 5 + [True]


def test_workers_at_once_make_no_call_more_than_the_quota_of_their_application():
    def worker(_place: int) -> bool:
        try:
            ApplicationGate("production", "shared", per_minute=5, at=story.AT).enter()
        except RemoteError:
            return False
        return True

    assert sum(at_once(8, worker)) == 5
    assert ApplicationCalls.objects.get(client_id="shared").calls_in_minute == 5
