"""The chain is proved while people work: one snapshot, so that what is written meanwhile is no break."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection

from config.kernel import chain
from config.kernel.models import AuditEvent, Company
from tests.factories import story
from tests.trust.at_once import WHOLE

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

ISSUES = 40 if WHOLE else 15


def verdict(company: Company) -> dict[str, object]:
    out = io.StringIO()
    call_command("verify_chain", siren=company.siren, json=True, stdout=out)
    answer: dict[str, object] = json.loads(out.getvalue())
    return answer


def test_the_chain_is_intact_beside_a_loop_of_issues():
    company = story.a_company()
    customer = story.a_customer(company)
    story.an_issued_invoice(customer)
    finished = threading.Event()

    def issuer() -> None:
        try:
            for _invoice in range(ISSUES):
                story.an_issued_invoice(customer)
        finally:
            finished.set()
            connection.close()

    lengths = set()
    with ThreadPoolExecutor(max_workers=1) as pool:
        working = pool.submit(issuer)
        while not finished.is_set():
            answer = verdict(company)
            assert answer["breaks"] == []
            lengths.add(answer["events"])
        working.result()
    assert len(lengths) > 1, "it was proved while the chain grew"
    assert verdict(company)["events"] == AuditEvent.everywhere.filter(company=company).count()


def test_a_snapshot_shows_nothing_of_what_is_committed_meanwhile_and_ends_with_its_block():
    company = story.a_company()
    customer = story.a_customer(company)
    events = AuditEvent.everywhere.filter(company=company)

    def issue() -> None:
        story.an_issued_invoice(customer)
        connection.close()

    with chain.snapshot():
        before = events.count()
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(issue).result()
        assert events.count() == before
        assert chain.verify(company) == []
    assert events.count() > before
    story.an_issued_invoice(customer)
    assert chain.verify(company) == []
