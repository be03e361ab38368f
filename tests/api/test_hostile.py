"""What a hostile or clumsy program sends, and what it must not obtain."""

from __future__ import annotations

import base64
import http.client
import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Invoice
from billing.services import invoices
from config.kernel.addresses import address_of
from config.kernel.api import keys
from config.kernel.api.json import dumps
from config.kernel.models import Company
from payments.models import Payment
from tests.api.client import PASSWORD, Partner, a_machine, a_member, a_partner, json_of
from tests.factories import story

pytestmark = pytest.mark.django_db


def payment_of(invoice: Invoice, amount: Any, **more: Any) -> dict[str, Any]:
    return {"invoice_id": invoice.pk, "amount": amount, "payment_method": "card", **more}


# -- bodies --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_body_in_pieces_is_refused_and_never_read_as_an_empty_one(live_server: Any, company: Company) -> None:
    """An empty body of mark-paid means the whole balance: 600 in pieces would have recorded 1,200."""
    invoice = story.an_issued_invoice(story.a_customer(company))
    target = urlsplit(live_server.url)
    line = http.client.HTTPConnection(str(target.hostname), target.port or 80, timeout=30)
    headers = {**a_partner(company).headers, "Content-Type": "application/json", "Idempotency-Key": "k"}
    body = iter([dumps({"amount": Decimal("600.00"), "payment_method": "card"})])
    line.request("POST", f"/api/invoices/{invoice.pk}/mark-paid", body, headers, encode_chunked=True)
    answer = line.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (411, "length_required")
    line.close()
    assert not Payment.everywhere.exists()


@pytest.mark.parametrize("body", ['{"amount": 1.00, "amount": 900.00}', '{"a": [{"b": 1, "b": 2}]}'])
def test_a_name_said_twice_is_no_json(partner: Partner, body: str) -> None:
    answer = partner.http.post("/api/payments", body, content_type="application/json", headers=partner.headers)
    assert (answer.status_code, json_of(answer)["code"]) == (400, "malformed")


@pytest.mark.parametrize("amount", ["1_0", "1_000", "١٢", " 10", "+10", "1e1", "0x10", "ten", True])
def test_a_number_is_written_as_json_writes_it(partner: Partner, company: Company, amount: Any) -> None:
    invoice = story.an_issued_invoice(story.a_customer(company))
    refused = partner.post("/api/payments", payment_of(invoice, amount), key=True)
    assert (refused.status_code, list(json_of(refused)["fields"])) == (400, ["amount"])
    assert partner.post("/api/payments", payment_of(invoice, "10.00"), key=True).status_code == 201


@pytest.mark.parametrize("key", ["9" * 5000, -1, "-1", "1_0", "١", 1.5, [], {}, True])
def test_an_id_that_is_none_is_refused_at_its_field(partner: Partner, key: Any) -> None:
    body = {"invoice_id": key, "amount": 1, "payment_method": "card"}
    refused = partner.post("/api/payments", body, key=True)
    assert (refused.status_code, list(json_of(refused)["fields"])) == (400, ["invoice_id"])


def test_one_absurd_id_refuses_its_row_alone(partner: Partner, company: Company) -> None:
    good = {
        "customer_id": story.a_customer(company).pk,
        "items": [{"description": "x", "quantity": 1, "unit_price": 1, "vat_rate": 20}],
    }
    result = json_of(
        partner.post("/api/invoices/bulk", {"invoices": [good, {**good, "customer_id": "9" * 5000}]}, key=True)
    )
    assert [one["status"] for one in result["results"]] == ["created", "refused"]


@pytest.mark.parametrize("word", ["yes", 1, "true", None])
def test_issuing_is_asked_by_true_and_nothing_else(partner: Partner, company: Company, word: Any) -> None:
    body = {
        "customer_id": story.a_customer(company).pk,
        "items": [{"description": "x", "quantity": 1, "unit_price": 1, "vat_rate": 20}],
    }
    refused = partner.post("/api/invoices/bulk", {"invoices": [body], "issue": word}, key=True)
    assert (refused.status_code, list(json_of(refused)["fields"])) == (400, ["issue"])


def test_a_parameter_said_twice_is_refused(partner: Partner) -> None:
    refused = partner.get("/api/invoices?status=paid&status=sent")
    assert (refused.status_code, list(json_of(refused)["fields"])) == (400, ["status"])


def test_sums_beyond_the_largest_amount_are_shown(partner: Partner, company: Company) -> None:
    customer = story.a_customer(company)
    for _turn in range(3):
        body = {"customer_id": customer.pk, "amount": Decimal("99999999999999.98"), "payment_method": "transfer"}
        assert partner.post("/api/payments", body, key=True).status_code == 201
    stats = partner.get("/api/payments/stats")
    assert stats.status_code == 200
    assert "299999999999999.94" in stats.content.decode()
    for address in ("/api/finance/dashboard", f"/api/customers/{customer.pk}/statement", "/api/reports/aging"):
        assert partner.get(address).status_code == 200, address


# -- rows that go ------------------------------------------------------------------------------------------------------


def test_a_draft_deleted_meanwhile_is_not_found(
    partner: Partner, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = story.a_draft(story.a_customer(company))
    locked = invoices.lock_draft

    def too_late(invoice: Invoice) -> Invoice:
        Invoice.everywhere.filter(pk=invoice.pk).delete()
        return locked(invoice)

    monkeypatch.setattr(invoices, "lock_draft", too_late)
    gone = partner.put(f"/api/invoices/{draft.pk}", {"notes": "x"})
    assert (gone.status_code, json_of(gone)["code"]) == (404, "not_found")


# -- cursors and versions ----------------------------------------------------------------------------------------------


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(parts)).encode()).decode().rstrip("=")


@pytest.mark.parametrize("place", ["customers", "invoices", "payments", "products"])
def test_a_forged_cursor_is_refused(partner: Partner, place: str) -> None:
    for parts in (
        ("f", "2026-01-01", float("inf")), ("f", "\x00", 1), ("f", "\ud800", 1), ("f", "x", 2**70), ("f", "x", -1),
        ("f", "x", 1.5), ("f", {}, 1), ("f", "x"),
    ):  # fmt: skip
        answer = partner.get(f"/api/{place}?cursor={forged(*parts)}")
        assert answer.status_code in (200, 400), (parts, answer.content)
    assert partner.get(f"/api/{place}?cursor={forged('f', 'x', float('inf'))}").status_code == 400


def test_a_job_list_refuses_a_moment_with_an_absurd_offset(partner: Partner) -> None:
    text = base64.urlsafe_b64encode(b"2026-01-01T00:00:00+23:59:59.999999 1").decode()
    assert partner.get(f"/api/finance/jobs?cursor={text}").status_code in (200, 400)


def test_a_weak_version_spares_a_reading_and_allows_no_change(partner: Partner, company: Company) -> None:
    draft = story.a_draft(story.a_customer(company))
    address = f"/api/invoices/{draft.pk}"
    tag = partner.get(address)["ETag"]
    assert partner.get(address, If_None_Match=f"W/{tag}").status_code == 304
    for header in (f"W/{tag}", ""):
        assert partner.put(address, {"notes": "x"}, If_Match=header).status_code == 412


# -- who calls ---------------------------------------------------------------------------------------------------------


def test_a_key_that_names_another_company_is_refused(company: Company) -> None:
    stranger = story.a_company()
    machine = a_machine(company, "company.read")
    assert machine.get("/api/company", X_Company=company.siren).status_code == 200
    for other in (stranger.siren, str(stranger.pk), "zzz"):
        refused = machine.get("/api/company", X_Company=other)
        assert refused.status_code == 403


def test_refused_calls_are_counted_too(settings: Any, company: Company) -> None:
    settings.API_ADDRESS_LIMIT = "3/minute"
    answers = [Partner("qk_nobody").get("/api/company") for _turn in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    settings.API_ADDRESS_LIMIT = "1000/minute"
    settings.API_RATE_LIMIT = "2/minute"
    narrow = a_machine(company, "products.read")
    assert [narrow.get("/api/company").status_code for _turn in range(3)] == [403, 403, 429]


def test_sign_ins_are_counted_by_address_whatever_the_name(settings: Any) -> None:
    settings.API_ADDRESS_LIMIT = "3/minute"

    def sign_in(number: int) -> int:
        body = dumps({"email": f"{number}@partner.example", "password": PASSWORD})
        return (
            Client(REMOTE_ADDR="192.0.2.7").post("/api/auth/token", body, content_type="application/json").status_code
        )

    assert [sign_in(number) for number in range(5)] == [401, 401, 401, 429, 429]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.7", "127.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # what the caller made up stands first
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "203.0.113.7", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "unknown", "127.0.0.1"),
        (1, "2001:db8::7", "2001:db8::7"),
    ],
)
def test_the_caller_is_who_our_own_proxy_says(
    rf: Any, settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert address_of(rf.get("/api/company", headers={"X-Forwarded-For": forwarded} if forwarded else {})) == address


def test_a_key_bound_to_a_network_works_behind_the_proxy(settings: Any, company: Company) -> None:
    settings.TRUSTED_PROXIES = 1
    _key, text = keys.create_key(
        company=company,
        name="ERP",
        scopes=["company.read"],
        by=a_member(company),
        at=timezone.now(),
        networks=["203.0.113.0/24"],
    )
    assert Partner(text).get("/api/company", X_Forwarded_For="203.0.113.7").status_code == 200
    assert Partner(text).get("/api/company", X_Forwarded_For="203.0.113.7, 198.51.100.1").status_code == 401


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/zzz", "/integrations", "/integrations/", "/integrations/chorus-pro/", "/api/a%0Ab"]
)
def test_programs_never_get_a_page(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
