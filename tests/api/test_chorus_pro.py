"""The Chorus Pro module as seed 000 prints it, against the simulated Chorus Pro."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.models import Invoice
from config.kernel.api.json import dumps
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.models import PlatformAccount, Transmission
from einvoicing.sandbox.chorus_pro.access import ACCOUNT_PASSWORD
from einvoicing.services.polling import poll_account
from payments.services.allocations import Share
from payments.services.payments import record_payment
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story
from tests.factories.queues import drain

pytestmark = pytest.mark.django_db

ROOT = "/integrations/chorus-pro"
TOWN = "21750001600019"  # wants a service code; SRV01 is its only one
MINISTRY = "11000201100044"  # wants a service code and a commitment number


@pytest.fixture(autouse=True)
def _alone(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.CHORUS_PRO = {**settings.CHORUS_PRO, "retry_delay": 0.0}


@pytest.fixture
def account(company: Company, sandbox: str) -> PlatformAccount:
    return an_account(company, sandbox)


def an_account(company: Company, address: str) -> PlatformAccount:
    """Nothing leaves by itself: partners submit."""
    account = platforms.a_platform_account(
        company, address, kind="chorus_pro", login=f"TECH_{uuid.uuid4().hex[:12]}@cpro.fr", sends_automatically=False
    )
    account.set_password(ACCOUNT_PASSWORD)
    account.token_url = f"{address}/api/oauth/token"
    account.save()
    return account


def a_public_invoice(company: Company, *, siret: str = TOWN, service_code: str = "SRV01", **values: Any) -> Invoice:
    customer = Customer.everywhere.filter(company=company, siret=siret).first() or story.a_customer(
        company, name="Mairie de Belleville", siret=siret, is_public_body=True
    )
    return story.an_issued_invoice(customer, service_code=service_code, **values)


def said_of(invoice: Invoice, **other: Any) -> dict[str, Any]:
    """What a partner that has everything right says of the invoice, in the seed's own names."""
    return {
        "invoiceNumber": invoice.number,
        "invoiceDate": str(invoice.issue_date),
        "supplierSiret": invoice.seller["siret"],
        "recipientSiret": invoice.buyer["siret"],
        "serviceReference": {"serviceCode": invoice.service_code},
        "amountExcludingTax": invoice.total_net,
        "vatAmount": invoice.total_vat,
        "amountIncludingTax": invoice.total_gross,
        **other,
    }


def submit(partner: Partner, data: Any, *, document: bytes | None = None, key: str = "") -> Any:
    """As the seed prints it: a form with a JSON part and a file."""
    parts: dict[str, Any] = {"invoiceData": data if isinstance(data, str) else dumps(data).decode()}
    if document is not None:
        parts["document"] = SimpleUploadedFile("facture.pdf", document, content_type="application/pdf")
    headers = {**partner.headers, "Idempotency-Key": key or uuid.uuid4().hex}
    return partner.http.post(f"{ROOT}/invoices/submit", parts, headers=headers)


def facturx(partner: Partner, invoice: Invoice) -> bytes:
    return b"".join(partner.get(f"/api/invoices/{invoice.pk}/documents/facturx").streaming_content)


def rows(company: Company) -> int:
    with company_scope(company):
        return Transmission.objects.count()


# -- submitting --------------------------------------------------------------------------------------------------------


def test_an_invoice_is_submitted_with_its_factur_x_and_followed_to_the_end(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice = a_public_invoice(company)
    answer = submit(partner, said_of(invoice), document=facturx(partner, invoice))
    assert answer.status_code == 201, answer.content
    told = json_of(answer)
    assert set(told) == {"chorusInvoiceId", "invoiceNumber", "status", "submittedAt"}
    assert (told["invoiceNumber"], told["status"]) == (invoice.number, "EN_ATTENTE")
    address = f"{ROOT}/invoices/{told['chorusInvoiceId']}/status"
    assert json_of(partner.get(address))["status"] == "EN_ATTENTE"
    assert drain(at=timezone.now()) == 1
    shown = json_of(partner.get(address))
    assert (shown["status"], bool(shown["chorusFlowNumber"])) == ("DEPOSEE", True)
    account.refresh_from_db()
    poll_account(account=account, at=timezone.now())
    shown = json_of(partner.get(address))
    assert (shown["supplierSiret"], shown["recipientSiret"], shown["serviceCode"]) == (company.siret, TOWN, "SRV01")
    assert (shown["amountExcludingTax"], shown["amountIncludingTax"]) == (invoice.total_net, invoice.total_gross)
    words = [one["status"] for one in shown["statusHistory"]]
    assert words[0] == "EN_ATTENTE"
    assert "DEPOSEE" in words
    assert shown["status"] in words


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("201", "EN_COURS_DE_TRAITEMENT"), ("203", "MISE_A_DISPOSITION"), ("204", "MISE_A_DISPOSITION"),
        ("205", "MANDATEE"), ("208", "SUSPENDUE"), ("211", "MISE_EN_PAIEMENT"), ("210", "REJETEE"),
        ("221", "A_RECYCLER"), ("???", "INCONNUE"),
    ],
)  # fmt: skip
def test_each_status_has_the_modules_word(
    company: Company, account: PlatformAccount, partner: Partner, code: str, word: str
) -> None:
    row = submitted(partner, a_public_invoice(company))
    Transmission.everywhere.filter(pk=row).update(status="ACCEPTED", lifecycle_code=code, deposited_at=story.AT)
    assert json_of(partner.get(f"{ROOT}/invoices/{row}/status"))["status"] == word


def submitted(partner: Partner, invoice: Invoice) -> int:
    answer = submit(partner, said_of(invoice))
    assert answer.status_code == 201, answer.content
    return int(json_of(answer)["chorusInvoiceId"])


def test_only_the_bank_proves_that_it_is_paid(company: Company, account: PlatformAccount, partner: Partner) -> None:
    invoice = a_public_invoice(company)
    row = submitted(partner, invoice)
    Transmission.everywhere.filter(pk=row).update(status="ACCEPTED", lifecycle_code="211", deposited_at=story.AT)
    assert json_of(partner.get(f"{ROOT}/invoices/{row}/status"))["status"] == "MISE_EN_PAIEMENT"
    paid(invoice)
    shown = json_of(partner.get(f"{ROOT}/invoices/{row}/status"))
    assert (shown["status"], shown["statusHistory"][-1]["status"], shown["paymentDate"]) == (
        "SOLDEE",
        "SOLDEE",
        "2026-11-16",
    )


def paid(invoice: Invoice) -> None:
    with company_scope(invoice.company_id):
        record_payment(
            customer=invoice.customer,
            amount=invoice.total_gross,
            method="TRANSFER",
            paid_on=date(2026, 11, 16),
            shares=[Share(invoice, invoice.total_gross)],
            actor=story.ACTOR,
            at=timezone.now(),
        )


def test_what_goes_again_after_a_rejection_is_resubmitted(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice = a_public_invoice(company)
    first = submitted(partner, invoice)
    Transmission.everywhere.filter(pk=first).update(status="REJECTED", last_error="SIRET inconnu", created_at=story.AT)
    second = submitted(partner, invoice)
    Transmission.everywhere.filter(pk=second).update(status="DEPOSITED", deposited_at=story.AT)
    shown = json_of(partner.get(f"{ROOT}/invoices/{first}/status"))
    assert (shown["status"], shown["rejectionReason"]) == ("RECYCLEE", "SIRET inconnu")
    assert words_of(shown)[-2:] == ["REJETEE", "RECYCLEE"]
    shown = json_of(partner.get(f"{ROOT}/invoices/{second}/status"))
    assert (shown["status"], words_of(shown)[:2]) == ("RECYCLEE", ["REJETEE", "RECYCLEE"])


def words_of(shown: dict[str, Any]) -> list[str]:
    return [passage["status"] for passage in shown["statusHistory"]]


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"amountExcludingTax": Decimal("1199.99")}, "amountExcludingTax"),
        ({"vatAmount": 0}, "vatAmount"),
        ({"amountIncludingTax": 1440.001}, "amountIncludingTax"),
        ({"invoiceDate": "2024-03-15"}, "invoiceDate"),
        ({"invoiceDate": "15/03/2024"}, "invoiceDate"),
        ({"recipientSiret": MINISTRY}, "recipientSiret"),
        ({"serviceReference": {"serviceCode": "SRV02"}}, "serviceReference.serviceCode"),
        ({"engagement": {"engagementNumber": "ENG1"}}, "engagement.engagementNumber"),
        ({"invoiceNumber": "FAC2024-001"}, "invoiceNumber"),
        ({"invoiceType": "DEVIS"}, "invoiceType"),
        ({"invoiceType": "AVOIR"}, "invoiceType"),
        ({"montant": 1}, "montant"),
    ],
)
def test_what_is_said_otherwise_than_issued_is_refused_at_its_field(
    company: Company, account: PlatformAccount, partner: Partner, other: dict[str, Any], field: str
) -> None:
    refused = submit(partner, said_of(a_public_invoice(company), **other))
    assert (refused.status_code, set(json_of(refused)["fields"])) == (400, {f"invoiceData.{field}"})
    assert rows(company) == 0


@pytest.mark.parametrize("data", ["{", "[]", "null", '"x"', '{"invoiceNumber": NaN}', "\x00"])
def test_what_is_no_invoice_data_is_refused(partner: Partner, data: str) -> None:
    assert submit(partner, data).status_code == 400


def test_a_file_that_is_not_the_legal_one_is_refused(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice, other = a_public_invoice(company), a_public_invoice(company)
    legal = facturx(partner, invoice)
    for wrong in (b"%PDF-1.7 nothing", legal + b" ", facturx(partner, other)):
        refused = submit(partner, said_of(invoice), document=wrong)
        assert (refused.status_code, set(json_of(refused)["fields"])) == (400, {"document"})
    assert other.number in json_of(refused)["fields"]["document"]
    assert rows(company) == 0
    assert submit(partner, said_of(invoice), document=legal).status_code == 201


def test_the_seeds_error_codes(company: Company, account: PlatformAccount, partner: Partner) -> None:
    def problem(data: dict[str, Any]) -> tuple[int, str, str]:
        answer = submit(partner, data)
        told = json_of(answer)
        return answer.status_code, told["code"], told["message"]

    invoice = a_public_invoice(company)
    wrong = said_of(invoice, recipientSiret="98765432109876")
    assert problem(wrong) == (400, "SIRET_INVALIDE", "Invalid SIRET number")
    unknown = a_public_invoice(company, service_code="NULLE_PART")
    assert problem(said_of(unknown)) == (400, "SERVICE_INTROUVABLE", "Service code not found for this entity")
    bare = a_public_invoice(company, siret=MINISTRY, service_code="D2300000075")
    assert problem(said_of(bare)) == (400, "ENGAGEMENT_ABSENT", "Engagement number required for this entity")
    assert rows(company) == 0
    row = submitted(partner, invoice)
    assert problem(said_of(invoice)) == (409, "FACTURE_DOUBLON", "Invoice already submitted")
    assert json_of(submit(partner, said_of(invoice)))["chorusInvoiceId"] == str(row)


def test_a_repeated_submission_gives_the_first_answer(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    invoice = a_public_invoice(company)
    document = facturx(partner, invoice)
    first = submit(partner, said_of(invoice), document=document, key="once")
    again = submit(partner, said_of(invoice), document=document, key="once")
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")
    assert json_of(first) == json_of(again)
    assert rows(company) == 1
    other = submit(partner, said_of(invoice), key="once")
    assert (other.status_code, json_of(other)["code"]) == (422, "idempotency_key_reused")
    bare = partner.http.post(
        f"{ROOT}/invoices/submit", {"invoiceData": dumps(said_of(invoice)).decode()}, headers=partner.headers
    )
    assert json_of(bare)["code"] == "idempotency_key_required"


def test_a_silent_chorus_pro_stops_no_submission(company: Company, partner: Partner) -> None:
    an_account(company, platforms.NOBODY)
    assert submit(partner, said_of(a_public_invoice(company))).status_code == 201


def test_an_invoice_to_a_private_customer_does_not_go_there(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    refused = submit(partner, said_of(story.an_issued_invoice(story.a_customer(company))))
    assert (refused.status_code, json_of(refused)["code"]) == (409, "not_for_chorus_pro")
    assert rows(company) == 0


def test_without_an_account_the_account_is_what_is_missing(company: Company, partner: Partner) -> None:
    refused = submit(partner, said_of(a_public_invoice(company)))
    assert (refused.status_code, json_of(refused)["code"]) == (404, "no_chorus_pro")
    assert rows(company) == 0


def test_only_those_who_send_may_submit(company: Company, account: PlatformAccount) -> None:
    data = said_of(a_public_invoice(company))
    assert submit(a_partner(company, Role.VIEWER), data).status_code == 403
    assert submit(a_machine(company, "einvoicing.read"), data).status_code == 403
    assert submit(a_machine(company, "einvoicing.send"), data).status_code == 201
    stranger = a_partner(story.a_company())
    assert set(json_of(submit(stranger, data))["fields"]) == {"invoiceData.invoiceNumber"}


# -- lists and figures -------------------------------------------------------------------------------------------------


@pytest.fixture
def three(company: Company, account: PlatformAccount, partner: Partner) -> dict[str, Invoice]:
    """One rejected, one paid, one on its way."""
    found = {}
    for name in ("rejected", "paid", "pending"):
        found[name] = a_public_invoice(company)
        row = submitted(partner, found[name])
        status = "REJECTED" if name == "rejected" else "ACCEPTED"
        Transmission.everywhere.filter(pk=row).update(status=status, deposited_at=story.AT)
    paid(found["paid"])
    return found


def numbers(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.content
    told = json_of(answer)
    return {one["invoiceNumber"] for one in (told["invoices"] if isinstance(told, dict) else told)}


def test_a_suppliers_invoices_are_listed_by_state(
    company: Company, partner: Partner, three: dict[str, Invoice]
) -> None:
    address = f"{ROOT}/invoices/supplier/{company.siret}"
    assert numbers(partner.get(address)) == {one.number for one in three.values()}
    for state, invoice in three.items():
        assert numbers(partner.get(f"{address}/{state}")) == {invoice.number}
    assert len(json_of(partner.get(f"{address}?limit=2"))) == 2
    assert partner.get(f"{ROOT}/invoices/supplier/{story.a_company().siret}").status_code == 404
    assert json_of(partner.get(f"{ROOT}/invoices/supplier/123"))["code"] == "SIRET_INVALIDE"
    assert set(json_of(partner.get(f"{address}?what=1"))["fields"]) == {"what"}
    assert json_of(partner.get(f"{ROOT}/entities/123/services?what=1"))["code"] == "SIRET_INVALIDE"


def test_the_query_combines_its_criteria(company: Company, partner: Partner, three: dict[str, Invoice]) -> None:
    def found(**asked: Any) -> set[str]:
        return numbers(partner.post(f"{ROOT}/invoices/query", {"supplierSiret": company.siret, **asked}))

    assert found(dateFrom="2026-01-01", dateTo="2026-12-31") == {one.number for one in three.values()}
    assert found(dateTo="2024-12-31") == set()
    assert found(status="SOLDEE", recipientSiret=TOWN) == {three["paid"].number}
    assert found(invoiceNumber=three["pending"].number) == {three["pending"].number}
    two = json_of(partner.post(f"{ROOT}/invoices/query", {"pageSize": 2, "page": 2}))
    assert (two["total"], two["page"], len(two["invoices"])) == (3, 2, 1)
    for wrong, field in (
        ({"dateFrom": "2026-02-01", "dateTo": "2026-01-01"}, "dateTo"),
        ({"supplierSiret": story.a_company().siret}, "supplierSiret"),
        ({"status": "PAYEE"}, "status"),
    ):
        assert field in json_of(partner.post(f"{ROOT}/invoices/query", wrong))["fields"]


def test_the_figures_of_a_supplier(company: Company, partner: Partner, three: dict[str, Invoice]) -> None:
    address = f"{ROOT}/statistics/supplier/{company.siret}"
    told = json_of(partner.get(f"{address}?dateFrom=2026-01-01&dateTo=2026-12-31"))
    gross = three["paid"].total_gross
    assert (told["totalInvoices"], told["totalAmount"], told["paidAmount"]) == (3, 3 * gross, gross)
    assert (told["rejectedInvoices"], told["pendingInvoices"], told["averagePaymentDays"]) == (1, 1, 0)
    assert {one["status"]: one["count"] for one in told["byStatus"]} == {"REJETEE": 1, "SOLDEE": 1, "DEPOSEE": 1}
    empty = json_of(partner.get(f"{address}?dateTo=2024-12-31"))
    assert (empty["totalInvoices"], empty["rejectionRate"], empty["averagePaymentDays"]) == (0, 0, None)


# -- public bodies and health ------------------------------------------------------------------------------------------


def test_a_public_body_is_looked_up_once_a_day(
    company: Company, account: PlatformAccount, partner: Partner, sandbox: str
) -> None:
    body = {"siret": TOWN, "name": "Commune de Belleville"}
    told = json_of(partner.post(f"{ROOT}/entities/lookup", body))
    entity = told["entity"]
    assert (told["found"], entity["name"], entity["serviceCodeRequired"]) == (True, "COMMUNE DE BELLEVILLE", True)
    assert {row["serviceCode"] for row in entity["services"] if row["isActive"]} == {"SRV01"}
    order = {"kind": "503", "operation": "", "remaining": 99, "client_id": account.client_id, "value": ""}
    requests.post(f"{sandbox}/sandbox/faults", json=order, timeout=5)
    assert json_of(partner.get(f"{ROOT}/entities/{TOWN}/accepts-einvoices")) == {
        "siret": TOWN,
        "acceptsEInvoices": True,
    }
    services = json_of(partner.get(f"{ROOT}/entities/{TOWN}/services"))
    assert [row["serviceCode"] for row in services if row["isActive"]] == ["SRV01"]
    away = partner.get(f"{ROOT}/entities/{MINISTRY}/services")
    assert (away.status_code, json_of(away)["code"]) == (503, "chorus_pro_unavailable")


def test_a_body_nobody_knows(account: PlatformAccount, partner: Partner) -> None:
    unknown = story.a_siret(story.a_siren())
    assert json_of(partner.post(f"{ROOT}/entities/lookup", {"siret": unknown})) == {
        "found": False,
        "entity": None,
        "candidates": [],
    }
    assert json_of(partner.get(f"{ROOT}/entities/{unknown}/accepts-einvoices"))["acceptsEInvoices"] is False
    assert partner.get(f"{ROOT}/entities/{unknown}/services").status_code == 404
    assert json_of(partner.get(f"{ROOT}/entities/123/services"))["code"] == "SIRET_INVALIDE"


def test_a_name_finds_several_of_whom_one_is_a_customer(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    a_public_invoice(company)
    answer = json_of(partner.post(f"{ROOT}/entities/lookup", {"name": "belleville"}))
    assert answer["found"] is False
    assert TOWN in {row["siret"] for row in answer["candidates"]}
    assert set(json_of(partner.post(f"{ROOT}/entities/lookup", {}))["fields"]) == {"siret"}


def test_the_connection_is_tested(company: Company, partner: Partner, sandbox: str) -> None:
    address = f"{ROOT}/health/test-connection"
    assert json_of(partner.get(address))["connected"] is False
    account = an_account(company, sandbox)
    told = json_of(partner.get(address))
    assert (told["connected"], told["environment"], told["problem"]) == (True, "production", "")
    platforms.give_secret(account, "wrong")
    told = json_of(partner.get(address))
    assert (told["connected"], bool(told["problem"])) == (False, True)


def test_another_companys_submission_does_not_exist(
    company: Company, account: PlatformAccount, partner: Partner
) -> None:
    row = submitted(partner, a_public_invoice(company))
    assert a_partner(story.a_company()).get(f"{ROOT}/invoices/{row}/status").status_code == 404
    nowhere = partner.get(f"{ROOT}/invoices/abc/status")
    assert (nowhere.status_code, json_of(nowhere)["code"]) == (404, "not_found")


def test_the_file_that_leaves_is_ours(company: Company, account: PlatformAccount, partner: Partner) -> None:
    invoice = a_public_invoice(company)
    legal = facturx(partner, invoice)
    row = submitted(partner, invoice)
    assert drain(at=timezone.now()) == 1
    sent = json_of(partner.get(f"/api/transmissions/{row}"))
    assert sent["document_sha256"] == hashlib.sha256(legal).hexdigest()
