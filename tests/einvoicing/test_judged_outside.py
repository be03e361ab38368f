"""Whatever way an invoice leaves, the official rules judge it with no transaction open, and no lock held."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.models import Invoice, InvoiceDocument, InvoiceStatus
from billing.services.correcting import draft_correction
from billing.services.crediting import draft_credit_note
from billing.services.orders import confirm_order, save_order, ship_order
from config.kernel.api.json import dumps
from config.kernel.models import Company, IdempotentCall, User
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing import tasks, validation
from einvoicing.services.sending import email_invoice
from tests.api.client import Partner, a_partner, json_of
from tests.api.test_invoices import a_body
from tests.factories import platforms, story
from tests.factories.people import signed_in
from tests.factories.queues import drain
from tests.trust.at_once import a_share, at_once

pytestmark = pytest.mark.django_db
ACT = {"actor": story.ACTOR, "at": story.AT}
TOWN = "21750001600019"


@dataclass
class Ground:
    """What a way out starts from."""

    company: Company
    customer: Customer
    partner: Partner

    @property
    def draft(self) -> Invoice:
        return story.a_draft(self.customer)

    @property
    def issued(self) -> Invoice:
        return story.an_issued_invoice(self.customer)

    def page(self, draft: Invoice, **sent: str) -> Any:
        answer = signed_in(self.company).post(reverse("einvoicing:invoice-issue", args=[draft.pk]), sent)
        assert answer.status_code == 302, answer.content
        return answer

    def call(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = self.partner.call(method, path, {} if body is None else body, key=True)
        assert answer.status_code in (200, 201), answer.content
        return json_of(answer)


@pytest.fixture
def ground(company: Company, customer: Customer, settings: Any, tmp_path: Path) -> Ground:
    settings.MEDIA_ROOT = str(tmp_path)
    return Ground(company, customer, a_partner(company))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many transactions of the product were open at each judgement."""
    level, check, found = len(connection.atomic_blocks), validation.check, []

    def counted(*args: Any, **rules: Any) -> Any:
        found.append(len(connection.atomic_blocks) - level)
        return check(*args, **rules)

    monkeypatch.setattr(validation, "check", counted)
    return found


def by_page(ground: Ground) -> None:
    ground.page(ground.draft, send="no")


def by_page_and_mail(ground: Ground) -> None:
    ground.page(ground.draft)


def by_confirmation_page(ground: Ground) -> None:
    signed_in(ground.company).get(reverse("einvoicing:invoice-issue", args=[ground.draft.pk]))


def by_admin(ground: Ground) -> None:
    client, draft = Client(), ground.draft
    client.force_login(User.objects.create_superuser("root@example.com", "a long password 42"))
    client.post(reverse("admin:billing_invoice_changelist"), {"action": "issue", "_selected_action": [draft.pk]})
    draft.refresh_from_db()
    assert draft.status == InvoiceStatus.ISSUED


def by_send(ground: Ground) -> None:
    assert ground.call(f"/api/invoices/{ground.draft.pk}/send")["invoice_number"]


def by_create(ground: Ground) -> None:
    assert ground.call("/api/invoices", a_body(ground.customer, status="sent"))["invoice_number"]


def by_put(ground: Ground) -> None:
    assert ground.call(f"/api/invoices/{ground.draft.pk}", {"status": "sent"}, "PUT")["invoice_number"]


def by_put_without_a_key(ground: Ground) -> None:
    address = f"/api/invoices/{ground.draft.pk}"
    tag = ground.partner.get(address)["ETag"]
    answer = ground.partner.put(address, {"status": "sent"}, If_Match=tag)
    assert json_of(answer)["invoice_number"], answer.content


def by_generate(ground: Ground) -> None:
    with company_scope(ground.company):
        order = save_order(order=None, customer=ground.customer, values={}, lines=[story.a_line()], **ACT)
        confirm_order(order=order, **ACT)
        ship_order(order=order, **ACT)
    draft = ground.call("/api/invoices/generate", {"salesOrderId": order.pk})
    ground.call(f"/api/invoices/{draft['id']}/send")


def by_finance(ground: Ground) -> None:
    assert ground.call("/api/finance/invoices/create-and-send", a_body(ground.customer))["invoice"]["invoice_number"]


def by_bulk(ground: Ground) -> None:
    row = a_body(ground.customer)
    rows = [row, {**row, "status": "sent", "notes": "Merci"}, {**row, "customer_id": 0}]
    assert ground.call("/api/invoices/bulk", {"issue": True, "invoices": rows})["created"] == 2


def by_credit_note(ground: Ground) -> None:
    assert ground.call(f"/api/invoices/{ground.issued.pk}/credit-notes", {"reason": "Retour"})["invoice_number"]


def by_credit_page(ground: Ground) -> None:
    with company_scope(ground.company):
        note = draft_credit_note(invoice=ground.issued, parts=None, reason="Retour", **ACT)
    ground.page(note, send="no")


def by_corrected_invoice(ground: Ground) -> None:
    with company_scope(ground.company):
        corrected = draft_correction(invoice=ground.issued, reason="Adresse erronée", **ACT)
    ground.call(f"/api/invoices/{corrected.pk}/send")


def by_download(ground: Ground) -> None:
    for word in ("facturx", "ubl"):
        answer = ground.partner.get(f"/api/invoices/{ground.issued.pk}/documents/{word}")
        assert answer.status_code == 200


def by_mail_queue(ground: Ground) -> None:
    email_invoice(invoice=ground.issued, addresses=["a@client.example"], at=story.AT)
    assert tasks.prepare() == 1


def by_platform_queue(ground: Ground) -> None:
    platforms.a_platform_account(ground.company, "http://127.0.0.1:1")
    assert ground.issued
    assert drain(at=story.AT) == 1


def by_chorus_pro(ground: Ground) -> None:
    platforms.a_platform_account(ground.company, "http://127.0.0.1:1", kind="chorus_pro", sends_automatically=False)
    body = story.a_customer(ground.company, name="Mairie de Belleville", siret=TOWN, is_public_body=True)
    invoice = story.an_issued_invoice(body, service_code="SRV01")
    said = {
        "invoiceNumber": invoice.number,
        "invoiceDate": str(invoice.issue_date),
        "recipientSiret": TOWN,
        "supplierSiret": invoice.seller["siret"],
        "amountExcludingTax": invoice.total_net,
        "vatAmount": invoice.total_vat,
        "amountIncludingTax": invoice.total_gross,
    }
    file = SimpleUploadedFile("facture.pdf", b"%PDF-1.7", content_type="application/pdf")
    headers = {**ground.partner.headers, "Idempotency-Key": "one"}
    parts = {"invoiceData": dumps(said).decode(), "document": file}
    ground.partner.http.post("/integrations/chorus-pro/invoices/submit", parts, headers=headers)
    # another file is refused all the same, and ours is not kept for it
    assert not InvoiceDocument.everywhere.filter(invoice=invoice).exists()


WAYS = {
    by_page: 1, by_page_and_mail: 1, by_confirmation_page: 1, by_admin: 1, by_send: 1, by_create: 1, by_put: 1,
    by_put_without_a_key: 1, by_generate: 1, by_finance: 1, by_bulk: 2, by_credit_note: 1, by_credit_page: 1,
    by_corrected_invoice: 1, by_download: 2, by_mail_queue: 1, by_platform_queue: 1, by_chorus_pro: 1,
}  # fmt: skip


@pytest.mark.trust
@pytest.mark.parametrize("way", a_share(list(WAYS), 3), ids=lambda way: way.__name__)
def test_no_transaction_is_open_while_the_rules_judge(way: Any, ground: Ground, judged: list[int]) -> None:
    way(ground)
    assert judged == [0] * WAYS[way]


def test_two_calls_with_one_key_that_are_judged_at_once_have_one_effect(
    transactional_db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    customer, partner = story.a_customer(company), a_partner(company)
    credential, body = partner.headers["Authorization"].partition(" ")[2], a_body(customer, status="sent")
    check, others = validation.check, []

    def call(_place: int = 0) -> Any:
        return Partner(credential).post("/api/invoices", body, key="the-same")

    def overtaken(*args: Any, **rules: Any) -> Any:
        if not others:
            others.append(None)
            others[:] = at_once(1, call)
        return check(*args, **rules)

    monkeypatch.setattr(validation, "check", overtaken)
    first = call()
    assert (first.status_code, others[0].status_code, first.content) == (201, 201, others[0].content)
    assert first["Idempotent-Replayed"] == "true"
    with company_scope(company):
        assert Invoice.objects.count() == IdempotentCall.objects.count() == 1


def test_the_rules_are_asked_in_one_place_alone() -> None:
    """`official_verdict` asks outside; a command has no transaction, and a simulator is another system."""
    root = Path(project.BASE_DIR)
    paths = (path for app in ("billing", "config", "einvoicing", "payments") for path in (root / app).rglob("*.py"))
    found = {str(path.relative_to(root)) for path in paths if "sandbox" not in path.parts and _asks(path)}
    assert found == {
        "einvoicing/management/commands/validate_document.py",
        "einvoicing/services/verdicts.py",
        "einvoicing/validation/__init__.py",
    }


def _asks(path: Path) -> bool:
    text = path.read_text("utf-8")
    return ".check" in text and any(
        isinstance(node, ast.Attribute) and node.attr == "check" and ast.unparse(node.value) in ("validation", "ENGINE")
        for node in ast.walk(ast.parse(text))
    )
