"""Transmissions, life-cycle, platforms and directory by program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.kernel.models import AuditEvent, Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.models import PlatformAccount, Transmission
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company) -> PlatformAccount:
    return platforms.a_platform_account(company)


@pytest.fixture
def row(company: Company, account: PlatformAccount) -> Transmission:
    """An invoice in the queue."""
    found: Transmission = Transmission.everywhere.get(invoice=story.an_issued_invoice(story.a_customer(company)))
    return found


def change(row: Transmission, **columns: Any) -> None:
    Transmission.everywhere.filter(pk=row.pk).update(**columns)


# -- the list ----------------------------------------------------------------------------------------------------------


def test_an_issued_invoice_is_seen_in_the_queue(partner: Partner, row: Transmission) -> None:
    (shown,) = json_of(partner.get("/api/transmissions"))
    assert (shown["id"], shown["invoice_id"], shown["status"], shown["platform"], shown["kind"]) == (
        row.pk,
        row.invoice_id,
        "pending",
        "afnor",
        "invoice",
    )
    assert (shown["attempts"], shown["error_class"], shown["next_attempt_at"] is None) == (0, None, False)


@pytest.mark.parametrize(
    ("found", "missed"),
    [
        ("status=dead", "status=pending"),
        ("platform=afnor", "platform=chorus_pro"),
        ("error_class=auth", "error_class=network"),
        ("invoice_id={invoice}", "invoice_id=1"),
        ("from_date=2026-11-16&to_date=2026-11-16", "from_date=2026-11-17"),
        ("status=dead&error_class=auth&platform=afnor", "status=dead&error_class=format"),
    ],
)
def test_filters_select_and_combine(partner: Partner, row: Transmission, found: str, missed: str) -> None:
    change(row, status="DEAD", error_class="AUTH", created_at=story.AT)
    for query, count in ((found, 1), (missed, 0)):
        answer = partner.get(f"/api/transmissions?{query.format(invoice=row.invoice_id)}")
        assert (answer.status_code, len(json_of(answer))) == (200, count), query


def test_an_unknown_filter_is_refused(partner: Partner) -> None:
    for query in ("statut=dead", "status=lost", "platform=tiime", "invoice_id=x", "from_date=2026-02-30"):
        assert partner.get(f"/api/transmissions?{query}").status_code == 400


def test_the_list_costs_the_same_whatever_its_length(partner: Partner, company: Company, row: Transmission) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert partner.get("/api/transmissions").status_code == 200
        return len(asked)

    first = cost()
    customer = story.a_customer(company)
    for _ in range(5):
        story.an_issued_invoice(customer)
    assert len(json_of(partner.get("/api/transmissions"))) == 6
    assert cost() == first


def test_paging_meets_each_row_once(partner: Partner, company: Company, row: Transmission) -> None:
    customer = story.a_customer(company)
    for _ in range(4):
        story.an_issued_invoice(customer)
    seen, address = [], "/api/transmissions?limit=2"
    while address:
        answer = partner.get(address)
        seen += [one["id"] for one in json_of(answer)]
        links = answer.headers.get("Link", "").split(", ")
        address = next((one[1 : one.index(">")] for one in links if 'rel="next"' in one), "")
    assert (len(seen), len(set(seen))) == (5, 5)
    csv = b"".join(partner.get("/api/transmissions?format=csv").streaming_content).decode()
    assert len(csv.strip().splitlines()) == 6


# -- one, and back to the queue ----------------------------------------------------------------------------------------


def test_a_stopped_one_says_what_to_do_and_goes_back_with_a_reason(
    partner: Partner, company: Company, row: Transmission
) -> None:
    assert json_of(partner.get(f"/api/transmissions/{row.pk}"))["error"] is None
    change(row, status="DEAD", error_class="AUTH", last_error="Identifiants refusés", attempts=6)
    shown = json_of(partner.get(f"/api/transmissions/{row.pk}"))
    assert shown["next_attempt_at"] is None
    assert (shown["error"]["reason"], bool(shown["error"]["action"])) == ("Identifiants refusés", True)
    answer = partner.post(f"/api/transmissions/{row.pk}/retry", {"reason": "Secret renouvelé"}, key="again")
    after = json_of(answer)
    assert (answer.status_code, after["status"], after["attempts"], after["error"]) == (200, "pending", 0, None)
    with company_scope(company):
        event = AuditEvent.objects.get(tag="einvoicing.transmission.retried")
    assert event.data["reason"] == "Secret renouvelé"
    again = partner.post(f"/api/transmissions/{row.pk}/retry", {"reason": "Secret renouvelé"}, key="again")
    assert (again.status_code, again["Idempotent-Replayed"], json_of(again)) == (200, "true", after)
    refused = partner.post(f"/api/transmissions/{row.pk}/retry", {"reason": "Encore"})
    assert (refused.status_code, json_of(refused)["code"]) == (409, "transition_refused")


def test_broken_rules_are_told_one_by_one(partner: Partner, row: Transmission) -> None:
    broken = {"rule": "BR-FR-05", "severity": "fatal", "text": "Il manque une mention.", "term": "BT-22"}
    change(row, status="INVALID", error_class="VALIDATION", violations=[{**broken, "location": "/x"}])
    (violation,) = json_of(partner.get(f"/api/transmissions/{row.pk}"))["error"]["violations"]
    assert (violation["rule"], violation["term"]) == ("BR-FR-05", "BT-22")


def test_a_reason_is_needed(partner: Partner, row: Transmission) -> None:
    for body in ({}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "x", "why": "y"}):
        assert partner.post(f"/api/transmissions/{row.pk}/retry", body).status_code == 400


def test_only_those_who_send_may_retry(company: Company, row: Transmission) -> None:
    address, body = f"/api/transmissions/{row.pk}/retry", {"reason": "x"}
    assert a_partner(company, Role.VIEWER).post(address, body).status_code == 403
    assert a_machine(company, "einvoicing.read").post(address, body).status_code == 403
    assert a_machine(company, "einvoicing.read").get("/api/transmissions").status_code == 200
    assert a_machine(company, "einvoicing.send").post(address, body).status_code == 409


def test_another_companys_transmission_does_not_exist(row: Transmission) -> None:
    stranger = a_partner(story.a_company())
    assert stranger.get(f"/api/transmissions/{row.pk}").status_code == 404
    assert stranger.post(f"/api/transmissions/{row.pk}/retry", {"reason": "x"}).status_code == 404
    assert stranger.get(f"/api/invoices/{row.invoice_id}/lifecycle").status_code == 404
    assert stranger.post(f"/api/invoices/{row.invoice_id}/transmissions").status_code == 404
    assert stranger.post(f"/api/platforms/{row.account_id}/test").status_code == 404


# -- queueing ----------------------------------------------------------------------------------------------------------


def test_an_invoice_issued_before_the_platform_is_queued_by_hand(partner: Partner, company: Company) -> None:
    invoice = story.an_issued_invoice(story.a_customer(company))
    address = f"/api/invoices/{invoice.pk}/transmissions"
    refused = partner.post(address)
    assert (refused.status_code, json_of(refused)["code"]) == (409, "no_platform")
    account = platforms.a_platform_account(company)
    answer = partner.post(address, {"platform_id": account.pk})
    assert answer.status_code == 201, answer.content
    assert answer["Location"] == f"/api/transmissions/{json_of(answer)['id']}"
    assert json_of(answer)["status"] == "pending"
    again = partner.post(address)
    assert (again.status_code, json_of(again)["code"]) == (409, "already_transmitted")


def test_drafts_individuals_and_foreign_platforms_are_refused(
    partner: Partner, company: Company, account: PlatformAccount
) -> None:
    draft = story.a_draft(story.a_customer(company))
    refused = partner.post(f"/api/invoices/{draft.pk}/transmissions")
    assert (refused.status_code, json_of(refused)["code"]) == (409, "not_issued")
    person = story.an_issued_invoice(story.a_customer(company, kind="INDIVIDUAL", email=""))
    refused = partner.post(f"/api/invoices/{person.pk}/transmissions")
    assert (refused.status_code, json_of(refused)["code"]) == (409, "not_for_platforms")
    refused = partner.post(f"/api/invoices/{person.pk}/transmissions", {"platform_id": account.pk})
    assert (refused.status_code, json_of(refused)["code"]) == (409, "no_platform")
    theirs = platforms.a_platform_account(story.a_company())
    refused = partner.post(f"/api/invoices/{draft.pk}/transmissions", {"platform_id": theirs.pk})
    assert (refused.status_code, set(json_of(refused)["fields"])) == (400, {"platform_id"})


# -- life-cycle --------------------------------------------------------------------------------------------------------


def test_the_life_of_an_invoice_is_told_both_ways_with_its_proofs(
    partner: Partner, account: PlatformAccount, row: Transmission
) -> None:
    later = story.AT + timedelta(hours=2)
    events = [
        platforms.a_status(account, row.invoice, code, at=story.AT + timedelta(hours=hour))
        for hour, code in ((1, "200"), (2, "204"))
    ]
    with company_scope(row.company_id):
        type(events[0]).objects.create(
            company_id=row.company_id,
            invoice=row.invoice,
            transmission=row,
            code="212",
            occurred_at=later + timedelta(hours=1),
            received_at=later,
        )
    shown = json_of(partner.get(f"/api/invoices/{row.invoice_id}/lifecycle"))
    assert [(one["code"], one["direction"]) for one in shown] == [
        ("200", "received"),
        ("204", "received"),
        ("212", "declared"),
    ]
    assert [one["sha256"] for one in shown[:2]] == [event.document.sha256 for event in events]
    assert (shown[0]["label"], shown[0]["final"], shown[0]["platform"]) == ("Déposée", False, account.name)


# -- platforms ---------------------------------------------------------------------------------------------------------


def test_platforms_are_shown_without_secrets_and_with_their_breaker(partner: Partner, account: PlatformAccount) -> None:
    PlatformAccount.everywhere.filter(pk=account.pk).update(
        failures=5, open_until=story.AT + timedelta(days=3650), last_error="Panne"
    )
    answer = partner.get("/api/platforms")
    (shown,) = json_of(answer)
    assert (shown["state"], shown["failures"], shown["last_error"]) == ("suspended", 5, "Panne")
    assert not [name for name in shown if "secret" in name or "password" in name or "client" in name]
    assert account.client_id.encode() not in answer.content


def test_a_connection_is_tried_and_its_failure_told(company: Company, partner: Partner, sandbox: str) -> None:
    account = platforms.a_platform_account(company, sandbox)
    assert json_of(partner.post(f"/api/platforms/{account.pk}/test")) == {"ok": True, "problem": ""}
    platforms.give_secret(account, "wrong")
    result = json_of(partner.post(f"/api/platforms/{account.pk}/test"))
    assert (result["ok"], bool(result["problem"])) == (False, True)
    assert a_partner(company, Role.ACCOUNTANT).post(f"/api/platforms/{account.pk}/test").status_code == 403


# -- directory ---------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _fresh_memory() -> Iterator[None]:
    from django.core.cache import cache

    cache.clear()
    yield
    cache.clear()


def test_the_directory_is_asked_and_absence_is_not_failure(company: Company, partner: Partner, sandbox: str) -> None:
    refused = partner.get(f"/api/directory/{company.siren}")
    assert (refused.status_code, json_of(refused)["code"]) == (404, "no_directory")
    platforms.a_platform_account(company, sandbox)
    for wrong in ("123456789", "abc", company.siret):
        assert set(json_of(partner.get(f"/api/directory/{wrong}"))["fields"]) == {"siren"}
    answer = partner.get(f"/api/directory/{company.siren}")
    found = json_of(answer)
    assert (answer.status_code, found["problem"], found["siren"]) == (200, "", company.siren)
    assert found["known"] == bool(found["unit"] or found["addresses"])


def test_a_silent_directory_says_nothing_about_anybody(
    company: Company, partner: Partner, account: PlatformAccount
) -> None:
    found = json_of(partner.get(f"/api/directory/{company.siren}"))
    assert (found["known"], found["unit"], bool(found["problem"])) == (None, None, True)
