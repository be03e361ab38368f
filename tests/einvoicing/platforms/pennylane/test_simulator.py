"""The simulated Pennylane itself: it must be as strict as the real one, or the adapter's tests prove nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from einvoicing.platforms.pennylane.payloads import CHANGES, IMPORTS, INVOICES, by_number
from einvoicing.sandbox.pennylane.access import LIMIT
from einvoicing.sandbox.pennylane.life import STORIES

pytestmark = pytest.mark.django_db


def imported(pennylane, **form):
    deposit = pennylane.invoice()
    answer = pennylane.bare("POST", IMPORTS, files={"file": (deposit.name, deposit.data)}, data=form)
    return deposit, answer


@pytest.mark.parametrize("header", ["", "Bearer nobody", "Bearer pennylane-stranger", "Basic cGVubnk6bGFuZQ=="])
def test_without_a_known_token_nothing_is_answered(pennylane, header):
    answer = pennylane.bare("GET", "/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["status"]) == (401, 401)


def test_every_answer_tells_the_limit_and_what_is_left_of_it(pennylane, settings):
    settings.SANDBOX_WINDOW_SECONDS = 5
    first, second = (pennylane.bare("GET", "/me").headers for _turn in range(2))
    assert (first["ratelimit-limit"], first["ratelimit-remaining"]) == (str(LIMIT), str(LIMIT - 1))
    assert second["ratelimit-remaining"] == str(LIMIT - 2)
    assert 0 < float(first["ratelimit-reset"]) <= 5


def test_a_request_too_many_is_refused_with_the_time_to_wait(pennylane, settings):
    settings.SANDBOX_WINDOW_SECONDS = 5
    answers = [pennylane.bare("GET", "/me") for _turn in range(LIMIT + 1)]
    assert {answer.status_code for answer in answers[:LIMIT]} == {200}
    assert answers[LIMIT].status_code == 429
    assert int(answers[LIMIT].headers["retry-after"]) >= 1


def test_an_import_wants_a_file_that_is_an_invoice(pennylane):
    assert pennylane.bare("POST", IMPORTS, data={"send_to_pa": "true"}).status_code == 400
    for data in (b"", b"<x/>", b"%PDF-1.4 no invoice"):
        answer = pennylane.bare("POST", IMPORTS, files={"file": ("f", data)})
        assert (answer.status_code, answer.json()["status"]) == (422, 422)
    _deposit, answer = imported(pennylane, invoice_options="not json")
    assert answer.status_code == 422


def test_an_import_is_sent_only_when_that_is_asked_for(pennylane):
    _deposit, kept = imported(pennylane)
    invoice = pennylane.bare("GET", f"{INVOICES}/{kept.json()['id']}").json()
    assert (kept.status_code, invoice["e_invoicing"]) == (201, None)
    _deposit, sent = imported(pennylane, send_to_pa="true")
    assert pennylane.bare("GET", f"{INVOICES}/{sent.json()['id']}").json()["e_invoicing"]["status"] == "accepted"


def test_a_list_is_filtered_and_paged_within_its_limits(pennylane):
    numbers = [imported(pennylane)[0].number for _turn in range(3)]
    (only,) = pennylane.bare("GET", INVOICES, params={"filter": by_number(numbers[1])}).json()["items"]
    assert only["invoice_number"] == numbers[1]
    page = pennylane.bare("GET", INVOICES, params={"limit": 2}).json()
    rest = pennylane.bare("GET", INVOICES, params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [row["invoice_number"] for row in page["items"] + rest["items"]] == numbers[::-1]
    assert (page["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)
    for wrong in ({"limit": 101}, {"limit": 0}, {"filter": "{"}, {"filter": json.dumps([{"field": "colour"}])}):
        assert pennylane.bare("GET", INVOICES, params=wrong).status_code == 400


def test_changes_take_a_date_of_the_last_four_weeks_or_a_page_never_both(pennylane):
    now = datetime.now(UTC)
    old = {"start_date": (now - timedelta(weeks=5)).isoformat()}
    assert pennylane.bare("GET", CHANGES, params=old).status_code == 422
    both = {"start_date": now.isoformat(), "cursor": "1"}
    assert pennylane.bare("GET", CHANGES, params=both).status_code == 400
    assert pennylane.bare("GET", CHANGES, params={"start_date": "yesterday"}).status_code == 400
    assert pennylane.bare("GET", CHANGES).json()["items"] == []


def test_the_life_of_an_invoice_unfolds_as_time_passes(pennylane):
    with override_settings(SANDBOX_PACE=3600):
        _deposit, answer = imported(pennylane, send_to_pa="true")
        invoice = pennylane.bare("GET", f"{INVOICES}/{answer.json()['id']}").json()
    assert (invoice["e_invoicing"]["status"], invoice["schematron_validation_status"]) == ("submitted", "pending")
    with override_settings(SANDBOX_PACE=0):
        _deposit, answer = imported(pennylane, send_to_pa="true")
        found = pennylane.bare("GET", CHANGES).json()["items"]
    assert [row["operation"] for row in found if row["id"] == answer.json()["id"]] == [
        "insert",
        *["update"] * (len(STORIES["accepts"]) - 1),
    ]


def test_an_account_sees_nothing_of_another(pennylane):
    _deposit, answer = imported(pennylane)
    stranger = {"Authorization": "Bearer pennylane-demo-somebody-else"}
    assert pennylane.bare("GET", f"{INVOICES}/{answer.json()['id']}", headers=stranger).status_code == 404
    assert pennylane.bare("GET", INVOICES, headers=stranger).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/me", {"params": {"fields": "company"}}),
        ("GET", INVOICES, {"params": {"page": "2"}}),
        ("GET", CHANGES, {"params": {"since": "2026-11-01"}}),
        ("POST", IMPORTS, {"data": {"sent_to_pa": "true"}, "files": {"file": ("f.xml", b"<x/>")}}),
    ],
)
def test_a_parameter_that_is_not_documented_is_refused(pennylane, method, path, options):
    answer = pennylane.bare(method, path, **options)
    assert (answer.status_code, answer.json()["details"][0]["message"].partition(":")[0]) == (400, "unknown")
