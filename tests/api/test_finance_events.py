"""What partners hear of work that was asked for: each reading, and the end of each job, with the job's id."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Email, EmailStatus
from config.kernel.jobs import DEFECT, begin_job, requested
from config.kernel.models import Company, Job, JobStatus, LoopFailure, WebhookEvent
from config.kernel.scope import company_scope
from config.kernel.webhooks.endpoints import create_endpoint
from config.pages.operations import finishing
from config.pages.operations.finishing import INTERRUPTED, INTERRUPTED_AFTER, finish_jobs
from einvoicing.models import Transmission
from payments.services.feeds.reading import read, read_feed
from tests.api.client import Partner, json_of
from tests.api.test_invoices import a_body
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, platforms, story
from tests.payments.revolut import Business
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db
CREATE_AND_SEND = "/api/finance/invoices/create-and-send"


@pytest.fixture(autouse=True)
def _listening(company: Company, settings: Any, tmp_path: Path) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    settings.MEDIA_ROOT = str(tmp_path)
    with company_scope(company):
        create_endpoint(company=company, url="http://127.0.0.1:1/", events=["*"], actor=story.ACTOR, at=timezone.now())


def told(name: str) -> list[dict[str, Any]]:
    """The data of the messages of that name, in order."""
    return [json.loads(event.body)["data"] for event in WebhookEvent.everywhere.filter(name=name).order_by("sequence")]


@pytest.fixture
def business(sandbox: str, company: Company) -> Business:
    money.a_bank_account(company)
    with company_scope(company):
        return Business(sandbox, company).consents()


# -- each reading ------------------------------------------------------------------------------------------------------


def test_a_forced_reading_waits_for_no_pause_and_is_told_even_when_nothing_came(
    partner: Partner, business: Business
) -> None:
    business.moves(10, at=timezone.now())
    answers = [json_of(partner.post("/api/finance/sync", {"source": "revolut"})) for _ in range(2)]
    assert [answer["synced"] for answer in answers] == [1, 0]
    assert [(one["source"], one["synced"], one["problem"]) for one in told("sync.completed")] == [
        ("revolut", 1, ""),
        ("revolut", 0, ""),
    ]
    done = told("job.completed")
    assert [(one["job"], one["queue"], one["job_id"]) for one in done] == [
        ("sync", "sync", answer["job_id"]) for answer in answers
    ]
    assert [one["object"] for one in done] == ["job", "job"]


def test_each_source_is_told_with_its_own_problem(
    company: Company, partner: Partner, business: Business, sandbox: str
) -> None:
    account = platforms.a_platform_account(company, sandbox)
    platforms.give_secret(account, "wrong")
    answer = json_of(partner.post("/api/finance/sync", {"source": "all"}))
    problems = {one["source"]: bool(one["problem"]) for one in told("sync.completed")}
    assert problems == {account.kind: True, "revolut": False}
    (done,) = told("job.completed")
    assert [bool(one["problem"]) for one in done["result"]["results"]] == [True, False]
    assert done["job_id"] == answer["job_id"]


def test_a_feed_that_goes_on_failing_by_itself_is_told_once_and_again_when_it_is_asked_for(
    company: Company, business: Business
) -> None:
    with company_scope(company):
        feed = business.save(base_url="http://127.0.0.1:1")
        for _ in range(3):
            assert read(feed, timezone.now) == 0
        assert len(told("sync.completed")) == 1
        with pytest.raises(Exception, match=r"."):
            read_feed(feed=feed, actor=story.ACTOR, at=timezone.now())
    assert [bool(one["problem"]) for one in told("sync.completed")] == [True, True]


# -- the end of a job --------------------------------------------------------------------------------------------------


def test_create_and_send_has_ended_when_message_and_transmission_have(
    company: Company, partner: Partner, customer: Any
) -> None:
    platforms.a_platform_account(company)
    answer = json_of(partner.post(CREATE_AND_SEND, a_body(customer), key=True))
    assert finish_jobs() == 0
    Transmission.everywhere.update(status="DEPOSITED")
    assert finish_jobs() == 0, "the message still waits"
    Email.everywhere.update(status=EmailStatus.SENT)
    assert (finish_jobs(), finish_jobs()) == (1, 0)
    (done,) = told("job.completed")
    assert (done["job_id"], done["job"]) == (answer["job_id"], "create_and_send")
    assert [one["object"] for one in done["related"]] == ["invoice"]
    assert done["related"][0]["id"] == answer["invoice"]["id"]
    assert {one["kind"] for one in done["result"]["completed"]} == {"transmission", "email"}


def test_create_and_send_has_failed_when_a_part_was_given_up(company: Company, partner: Partner, customer: Any) -> None:
    platforms.a_platform_account(company)
    answer = json_of(partner.post(CREATE_AND_SEND, a_body(customer), key=True))
    Transmission.everywhere.update(status="DEAD", last_error="Panne")
    Email.everywhere.update(status=EmailStatus.SENT)
    assert finish_jobs() == 1
    (failed,) = told("job.failed")
    assert (failed["job_id"], failed["error"]) == (answer["job_id"], "Panne")
    assert told("job.completed") == []


def test_jobs_that_wait_hold_up_no_later_one(
    company: Company, partner: Partner, customer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "MOST", 1)
    partner.post(CREATE_AND_SEND, a_body(customer), key=True)
    answer = json_of(partner.post(CREATE_AND_SEND, a_body(customer), key=True))
    Email.everywhere.filter(invoice=answer["invoice"]["id"]).update(status=EmailStatus.SENT)
    assert finish_jobs() == 1
    assert [one["job_id"] for one in told("job.completed")] == [answer["job_id"]]


@pytest.mark.django_db(transaction=True)
def test_of_two_sweeps_at_once_one_writes_the_end(company: Company) -> None:
    with company_scope(company):
        for _ in range(3):
            begin_job("sync", queue="sync", company=company, actor=story.ACTOR, at=story.AT)
    ended = at_once(3, lambda _place: finish_jobs(at=story.AT + 2 * INTERRUPTED_AFTER))
    assert sum(ended) == len(told("job.failed")) == 3
    assert not LoopFailure.everywhere.exists()


def test_a_call_that_is_refused_leaves_no_job(company: Company, partner: Partner) -> None:
    unreachable = story.a_customer(company, email="")
    assert partner.post(CREATE_AND_SEND, a_body(unreachable), key=True).status_code == 409
    assert partner.post("/api/finance/sync", {"source": "revolut"}).status_code == 409
    assert not Job.everywhere.exists()


def test_work_that_breaks_has_failed_and_what_died_in_the_middle_too(company: Company) -> None:
    facts = {"queue": "sync", "company": company, "actor": story.ACTOR}
    with company_scope(company):
        with pytest.raises(ZeroDivisionError), requested("sync", at=timezone.now(), **facts):
            _ = 1 / 0
        begin_job("sync", at=timezone.now(), **facts)
    assert [one["error"] for one in told("job.failed")] == [DEFECT]
    assert finish_jobs() == 0, "it may still be at work"
    assert finish_jobs(at=timezone.now() + INTERRUPTED_AFTER + timedelta(seconds=1)) == 1
    assert [one["error"] for one in told("job.failed")] == [DEFECT, INTERRUPTED]
    assert set(Job.everywhere.values_list("status", flat=True)) == {JobStatus.FAILED}
