"""The finance orchestrator by program: figures, queues, jobs, sweeps and workflows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from billing.models import Email, Invoice
from config.kernel.models import Company, Heartbeat, Job, JobStatus
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.models import Transmission
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.api.test_invoices import a_body
from tests.api.world import World
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, platforms, story

pytestmark = pytest.mark.django_db

QUEUES = ["invoice_processing", "ocr_processing", "reconciliation", "notifications", "sync"]


@pytest.fixture
def row(company: Company, customer: Any) -> Transmission:
    """A transmission that was given up."""
    platforms.a_platform_account(company)
    found: Transmission = Transmission.everywhere.get(invoice=story.an_issued_invoice(customer))
    Transmission.everywhere.filter(pk=found.pk).update(status="DEAD", last_error="Panne", attempts=6)
    return found


def counted(partner: Partner) -> dict[str, dict[str, Any]]:
    return {one["queue"]: one for one in json_of(partner.get("/api/finance/queues"))}


# -- figures and queues ------------------------------------------------------------------------------------------------


def test_the_dashboard_tells_figures_as_numbers_and_how_the_system_does(
    company: Company, partner: Partner, customer: Any
) -> None:
    draft, late = story.a_draft(customer), story.an_issued_invoice(customer, at=story.AT - timedelta(days=60))
    money.a_payment(customer, "100.00", [(late, "100.00")])
    result = json_of(partner.get("/api/finance/dashboard"))
    owed = late.total_gross - 100
    assert result["due"] == {"count": 1, "amount": owed}
    assert (result["overdue"]["count"], result["overdue"]["amount"]) == (1, owed)
    assert result["drafts"] == {"count": 1, "amount": draft.total_gross}
    assert isinstance(result["due"]["amount"], Decimal)
    assert [one["queue"] for one in result["system_status"]["queues"]] == QUEUES
    assert result["system_status"]["database"] == "ok"


def test_a_broker_that_is_away_is_said_and_stops_nothing(partner: Partner, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    result = json_of(partner.get("/api/finance/dashboard"))["system_status"]
    assert result["broker"] == "unreachable"
    assert {one["broker_length"] for one in result["queues"]} == {None}


def test_the_queues_count_our_own_rows(company: Company, partner: Partner, row: Transmission) -> None:
    money.bank_lines(company, [money.a_credit("42.00")])
    counts = counted(partner)
    assert list(counts) == QUEUES
    assert (counts["invoice_processing"]["failed"], counts["reconciliation"]["waiting"]) == (1, 1)
    Transmission.everywhere.filter(pk=row.pk).update(status="SENDING", lease_until=timezone.now())
    assert (counted(partner)["invoice_processing"]["active"], counted(partner)["invoice_processing"]["failed"]) == (
        1,
        0,
    )
    stranger = counted(a_partner(story.a_company()))
    assert {stranger[queue][state] for queue in QUEUES for state in ("waiting", "active", "completed", "failed")} == {0}


def test_each_queue_tells_who_works_on_it_and_since_when_nobody_does(partner: Partner) -> None:
    counts = counted(partner)
    assert [(one["concurrency"], one["worker"]["state"]) for one in counts.values()] == [
        (5, "working"),
        (2, "working"),
        (1, "working"),
        (10, "working"),
        (3, "working"),
    ]
    gone = timezone.now() - timedelta(hours=2)
    Heartbeat.objects.filter(name="sync").update(seen_at=gone)
    Heartbeat.objects.filter(name="beat").delete()
    counts = counted(partner)
    assert (counts["notifications"]["worker"]["state"], counts["notifications"]["clock"]["state"]) == (
        "working",
        "stopped",
    )
    stopped = counts["sync"]["worker"]
    assert (stopped["state"], parse_datetime(stopped["since"])) == ("stopped", gone)
    assert "make run" in stopped["remedy"]
    dashboard = json_of(partner.get("/api/finance/dashboard"))
    assert dashboard["system_status"]["queues"][-1]["worker"] == stopped


# -- jobs --------------------------------------------------------------------------------------------------------------


def test_jobs_of_every_kind_are_listed_latest_first_and_filtered(
    company: Company, partner: Partner, row: Transmission
) -> None:
    world = World(company)
    delivery, (line,) = world.delivery, money.bank_lines(company, [money.a_credit("42.00")])
    shown = json_of(partner.get("/api/finance/jobs"))
    assert {(one["kind"], one["id"]) for one in shown} >= {
        ("transmission", row.pk),
        ("webhook", delivery.pk),
        ("bank_line", line.pk),
    }
    assert [one["created_at"] for one in shown] == sorted((one["created_at"] for one in shown), reverse=True)
    (failed,) = json_of(partner.get("/api/finance/jobs?queue=invoice_processing&state=failed"))
    assert (failed["id"], failed["attempts"], failed["last_error"], failed["next_attempt_at"]) == (
        row.pk,
        6,
        "Panne",
        None,
    )
    assert json_of(partner.get("/api/finance/jobs?queue=ocr_processing")) == []
    for query in ("queue=mail", "state=lost", "limit=0", "limit=201", "cursor=abc", "cursor=%00", "page=2"):
        assert partner.get(f"/api/finance/jobs?{query}").status_code == 400, query


def test_paging_meets_each_job_once(company: Company, partner: Partner, customer: Any, row: Transmission) -> None:
    for _ in range(3):
        story.an_issued_invoice(customer)
    money.bank_lines(company, [money.a_credit("42.00"), money.a_credit("43.00")])
    whole = [one["id"] for one in json_of(partner.get("/api/finance/jobs"))]
    seen, address = [], "/api/finance/jobs?limit=2"
    while address:
        answer = partner.get(address)
        seen += [one["id"] for one in json_of(answer)]
        link = answer.headers.get("Link", "")
        address = link[1 : link.index(">")] if link else ""
    assert seen == whole
    assert len(set(seen)) == len(seen) >= 6


def test_the_jobs_cost_the_same_whatever_their_number(partner: Partner, customer: Any, row: Transmission) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert partner.get("/api/finance/jobs").status_code == 200
        return len(asked)

    first = cost()
    for _ in range(5):
        story.an_issued_invoice(customer)
    assert cost() == first


def test_a_failed_job_is_sent_again(company: Company, partner: Partner, row: Transmission) -> None:
    address = f"/api/finance/jobs/invoice_processing/{row.pk}/retry"
    answer = partner.post(address, {"reason": "Réparé"})
    assert (answer.status_code, json_of(answer)["state"], json_of(answer)["id"]) == (200, "waiting", row.pk)
    assert json_of(partner.post(address))["code"] == "transition_refused"
    with company_scope(company):
        email = Email.objects.create(
            company=company,
            kind="INVOICE",
            recipient="x@client.example",
            subject_line="x",
            body="x",
            status="FAILED",
            last_error="Refusé",
            created_at=story.AT,
            next_attempt_at=story.AT,
        )
    again = json_of(partner.post(f"/api/finance/jobs/notifications/{email.pk}/retry"))
    assert (again["kind"], again["state"], again["last_error"]) == ("email", "waiting", "")
    (line,) = money.bank_lines(company, [money.a_credit("42.00")])
    refused = partner.post(f"/api/finance/jobs/reconciliation/{line.pk}/retry")
    assert (refused.status_code, json_of(refused)["code"]) == (409, "not_retried")


def test_jobs_are_retried_in_their_queue_by_those_who_may(company: Company, row: Transmission) -> None:
    address = f"/api/finance/jobs/invoice_processing/{row.pk}/retry"
    assert a_partner(story.a_company()).post(address).status_code == 404
    assert a_partner(company).post(f"/api/finance/jobs/notifications/{row.pk}/retry").status_code == 404
    assert a_partner(company, Role.VIEWER).post(address).status_code == 403
    delivery = World(company).delivery
    webhook = f"/api/finance/jobs/notifications/{delivery.pk}/retry"
    assert a_partner(company, Role.ACCOUNTANT).post(webhook).status_code == 403
    refused = a_partner(company).post(webhook)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "delivery_pending")


# -- sweeps ------------------------------------------------------------------------------------------------------------


def test_a_source_that_is_not_connected_says_so(company: Company, partner: Partner) -> None:
    for source in ("revolut", "invoice_ninja", "all"):
        refused = partner.post("/api/finance/sync", {"source": source})
        assert (refused.status_code, json_of(refused)["code"]) == (409, "not_connected")
        assert source in json_of(refused)["detail"]
    assert set(json_of(partner.post("/api/finance/sync", {"source": "qonto"}))["fields"]) == {"source"}


def test_platforms_are_read_at_once(company: Company, partner: Partner, sandbox: str) -> None:
    account = platforms.a_platform_account(company, sandbox)
    result = json_of(partner.post("/api/finance/sync", {"source": "all"}))
    assert result["forced"] is True
    assert result["results"] == [{"source": account.name, "messages": 0, "problem": ""}]
    platforms.give_secret(account, "wrong")
    (result,) = json_of(partner.post("/api/finance/sync", {"source": "platforms"}))["results"]
    assert result["problem"]


def test_reconciliation_runs_now_and_counts(company: Company, partner: Partner, customer: Any) -> None:
    invoice = story.an_issued_invoice(customer)
    exact = money.a_credit(str(invoice.total_gross), remittance=str(invoice.number))
    money.bank_lines(company, [exact, money.a_credit("7.77")])
    outcome = json_of(partner.post("/api/finance/reconciliation"))
    assert Job.everywhere.get(pk=outcome.pop("job_id")).status == JobStatus.COMPLETED
    assert outcome == {"matched": 1, "proposed": 0, "left": 1}
    assert json_of(partner.post("/api/finance/reconciliation"))["matched"] == 0
    assert a_partner(company, Role.SALES).post("/api/finance/reconciliation").status_code == 403


# -- workflows ---------------------------------------------------------------------------------------------------------


def test_an_invoice_is_created_issued_and_sent_in_one_call(company: Company, partner: Partner, customer: Any) -> None:
    platforms.a_platform_account(company)
    address, body = "/api/finance/invoices/create-and-send", a_body(customer)
    assert json_of(partner.post(address, body))["code"] == "idempotency_key_required"
    answer = partner.post(address, body, key="one")
    assert answer.status_code == 201, answer.content
    result = json_of(answer)
    assert (result["invoice"]["status"], result["invoice"]["invoice_number"][-5:]) == ("sent", "00001")
    assert (result["emailed_to"], result["transmission_id"] is None) == (["compta@client.example"], False)
    again = partner.post(address, body, key="one")
    assert (again["Idempotent-Replayed"], json_of(again)) == ("true", result)
    assert partner.post(address, a_body(customer, notes="autre"), key="one").status_code == 422
    with company_scope(company):
        assert (Invoice.objects.count(), Email.objects.count()) == (1, 1)


def test_what_cannot_be_sent_leaves_no_draft(company: Company, partner: Partner) -> None:
    unreachable = story.a_customer(company, email="")
    refused = partner.post("/api/finance/invoices/create-and-send", a_body(unreachable), key=True)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "no_recipient")
    with company_scope(company):
        assert Invoice.objects.count() == 0
    only = a_machine(company, "invoices.issue")
    assert only.post("/api/finance/invoices/create-and-send", a_body(unreachable), key=True).status_code == 403


def test_an_invoice_is_marked_paid(partner: Partner, customer: Any) -> None:
    invoice = story.an_issued_invoice(customer)
    address = f"/api/finance/invoices/{invoice.pk}/mark-paid"
    assert partner.post(address).status_code == 400
    answer = partner.post(address, {"payment_method": "transfer"}, key=True)
    assert answer.status_code == 200, answer.content
    assert json_of(answer)["invoice"]["status"] == "paid"
    assert json_of(partner.post(address, {}, key=True))["code"] == "nothing_outstanding"


def test_a_reminder_is_asked_for_under_the_same_guards(company: Company, partner: Partner, customer: Any) -> None:
    invoice = story.an_issued_invoice(customer)
    refused = partner.post(f"/api/finance/reminders/{invoice.pk}")
    assert (refused.status_code, json_of(refused)["code"]) == (409, "nothing_to_send")
    assert a_partner(story.a_company()).post(f"/api/finance/reminders/{invoice.pk}").status_code == 404


def test_sales_people_do_not_read_finance(company: Company) -> None:
    for path in ("dashboard", "queues", "jobs"):
        assert a_partner(company, Role.SALES).get(f"/api/finance/{path}").status_code == 403
        assert a_machine(company, "finance.read").get(f"/api/finance/{path}").status_code == 200
