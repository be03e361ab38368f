"""Many invoices in one call: each row on its own, all of it repeatable."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Email, Invoice
from config.kernel.models import Company
from config.kernel.scope import company_scope
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.api.test_invoices import a_body, an_item
from tests.factories import story

pytestmark = pytest.mark.django_db

ADDRESS = "/api/invoices/bulk"


def test_each_row_is_created_or_refused_on_its_own(partner: Partner, company: Company) -> None:
    customer = story.a_customer(company)
    rows = [
        a_body(customer, invoice_number="A"),
        a_body(customer, an_item(vat_rate=21), an_item(quantity="x")),
        {"nothing": True},
        a_body(customer, an_item(quantity=-1)),
        a_body(customer, an_item(quantity=0)),
        a_body(story.a_customer(story.a_company())),
        a_body(customer, invoice_number="B"),
    ]
    answer = partner.post(ADDRESS, {"invoices": rows}, key=True)
    assert answer.status_code == 200, answer.content
    report = json_of(answer)
    assert (report["created"], report["refused"]) == (2, 5)
    results = report["results"]
    assert [(one["row"], one["status"]) for one in results] == [
        (1, "created"), (2, "refused"), (3, "refused"), (4, "refused"), (5, "refused"), (6, "refused"), (7, "created"),
    ]  # fmt: skip
    assert results[0]["external_reference"] == "A"
    assert results[0]["invoice_number"] == ""
    assert set(results[1]["problem"]["fields"]) == {"items.1.vat_rate", "items.2.quantity"}
    assert {"nothing", "customer_id", "items"} <= set(results[2]["problem"]["fields"])
    assert results[3]["problem"]["code"] == "total_negative"
    assert set(results[4]["problem"]["fields"]) == {"items.1.quantity"}
    assert set(results[5]["problem"]["fields"]) == {"customer_id"}
    with company_scope(company):
        assert set(Invoice.objects.values_list("pk", flat=True)) == {results[0]["id"], results[6]["id"]}


def test_a_repeat_writes_nothing_twice_and_a_key_is_required(partner: Partner, company: Company) -> None:
    body = {"invoices": [a_body(story.a_customer(company))] * 3}
    assert json_of(partner.post(ADDRESS, body))["code"] == "idempotency_key_required"
    first, again = (partner.post(ADDRESS, body, key="bulk-1") for _ in range(2))
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    with company_scope(company):
        assert Invoice.objects.count() == 3


def test_issued_rows_have_numbers_in_their_order_and_a_refused_one_takes_none(
    partner: Partner, company: Company
) -> None:
    customer = story.a_customer(company)
    rows = [a_body(customer), a_body(customer, due_date="2020-01-01"), a_body(customer, status="sent")]
    report = json_of(partner.post(ADDRESS, {"invoices": rows, "issue": True}, key=True))
    assert [one["status"] for one in report["results"]] == ["created", "refused", "created"]
    assert report["results"][1]["problem"]["code"] == "document_invalid"
    assert report["results"][1]["problem"]["fields"]
    assert [report["results"][row]["invoice_number"][-5:] for row in (0, 2)] == ["00001", "00002"]
    with company_scope(company):
        assert Invoice.objects.count() == 2
        # issued is not sent: the one that said so is
        assert Email.objects.count() == 1


def test_a_row_that_issuing_itself_refuses_leaves_no_draft(
    partner: Partner, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing.numbering import DateGoesBack
    from einvoicing.services import writing

    def refuse(**_values: Any) -> None:
        raise DateGoesBack(series="FAC", last="31/12/2026")

    monkeypatch.setattr(writing, "issue_invoices", refuse)
    report = json_of(partner.post(ADDRESS, {"invoices": [a_body(story.a_customer(company))], "issue": True}, key=True))
    assert report["results"][0]["problem"]["code"] == "date_goes_back"
    with company_scope(company):
        assert not Invoice.objects.exists()


def test_issuing_many_wants_the_right_and_a_bound(company: Company) -> None:
    writer = a_machine(company, "invoices.read", "invoices.edit")
    body = a_body(story.a_customer(company))
    assert writer.post(ADDRESS, {"invoices": [body]}, key=True).status_code == 200
    assert writer.post(ADDRESS, {"invoices": [body], "issue": True}, key=True).status_code == 403
    assert writer.post(ADDRESS, {"invoices": [{**body, "status": "sent"}]}, key=True).status_code == 403
    owner = a_partner(company)
    refused = owner.post(ADDRESS, {"invoices": [body] * 101, "issue": True}, key=True)
    assert (refused.status_code, set(json_of(refused)["fields"])) == (400, {"invoices"})
    for rows in ([], [body] * 1001, [3], "x"):
        assert owner.post(ADDRESS, {"invoices": rows}, key=True).status_code == 400


def test_a_row_costs_few_queries(partner: Partner, company: Company) -> None:
    customer = story.a_customer(company)
    counts = []
    for many in (2, 12):
        row = a_body(customer, *[an_item(unit_price=Decimal("1.00"))] * 3)
        with CaptureQueriesContext(connection) as queries:
            partner.post(ADDRESS, {"invoices": [row] * many}, key=True)
        counts.append(len(queries))
    assert (counts[1] - counts[0]) / 10 <= 8  # two savepoints, the invoice, its lines, the event, who hears of it
