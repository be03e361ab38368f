"""Two partners work through the API alone: from the order to the money, from a rejection to success."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from config.kernel.api.schema import DOCUMENT
from config.kernel.models import Company
from config.kernel.roles import Role
from config.pages.operations.sweeps import sweep
from tests.api.client import Partner, a_partner, json_of
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = {"line": "3 place du Marché", "postcode": "59000", "city": "Lille"}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The typed client that any partner can generate from the document; the name of its package."""
    folder = tmp_path_factory.mktemp("client")
    tool = Path(sys.executable).with_name("openapi-python-client")
    config = folder / "config.yaml"
    config.write_text("post_hooks: []\n", encoding="utf-8")
    subprocess.run(
        [
            str(tool),
            "generate",
            "--path",
            str(ROOT / DOCUMENT),
            "--meta",
            "none",
            "--config",
            str(config),
            "--output-path",
            str(folder / "quittance_client"),
        ],
        check=True,
        capture_output=True,
    )
    sys.path.insert(0, str(folder))
    yield "quittance_client"
    sys.path.remove(str(folder))


class Generated:
    """The generated package, by operation."""

    def __init__(self, package: str, url: str, token: str) -> None:
        self.package = package
        self.client = importlib.import_module(package).AuthenticatedClient(base_url=url, token=token)
        self.models = importlib.import_module(f"{package}.models")

    def close(self) -> None:
        self.client.get_httpx_client().close()

    def __call__(self, operation: str, *path: Any, **values: Any) -> Any:
        group, name = operation.split(".")
        module = importlib.import_module(f"{self.package}.api.{group}.{name}")
        answer = module.sync_detailed(*path, client=self.client, **values)
        assert answer.status_code < 300, answer.content
        return answer.parsed


@pytest.mark.django_db(transaction=True)
@pytest.mark.trust
def test_a_generated_client_goes_from_the_order_to_the_money(
    generated: str, live_server: Any, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    company = story.a_company()
    story.a_customer(company)  # the terms of payment come with it
    token = a_partner(company, Role.ACCOUNTANT).headers["Authorization"].removeprefix("Bearer ")
    with closing(Generated(generated, live_server.url, token)) as call:
        _from_the_order_to_the_money(call)


def _from_the_order_to_the_money(call: Generated) -> None:
    m = call.models

    customer = call(
        "customers.customer_create",
        body=m.CustomerBodyRequest.from_dict(
            {
                "customer_type": "organisation",
                "name": "Galerie Nord",
                "siret": story.a_siret(story.a_siren()),
                "email": "compta@nord.example",
                "billing_address": ADDRESS,
            }
        ),
    )
    order = call(
        "orders.order_create",
        body=m.OrderBodyRequest.from_dict(
            {
                "customer_id": customer.id,
                "items": [{"description": "Chaise", "quantity": 10, "unit_price": 100.0, "vat_rate": 20}],
            }
        ),
    )
    assert order.total_ttc == 1200.0
    call("orders.order_confirm", order.id)
    call("orders.order_ship", order.id)
    draft = call("invoices.invoice_generate", body=m.GenerateBodyRequest.from_dict({"salesOrderId": order.id}))
    sent = call("invoices.invoice_send", draft.id, idempotency_key=f"send-{draft.id}")
    assert (sent.status.value, sent.invoice_number[:4]) == ("sent", "FAC-")
    assert call("invoices.invoice_send", draft.id, idempotency_key=f"send-{draft.id}") == sent
    for amount, method, status in ((600.0, "transfer", "sent"), (600.0, "card", "paid")):
        paid = call(
            "payments.payment_create",
            idempotency_key=f"{draft.id}-{method}",
            body=m.PaymentBodyRequest.from_dict(
                {"invoice_id": draft.id, "amount": amount, "payment_method": method, "reference": "VIR-1"}
            ),
        )
        assert paid.invoice.status.value == status
    stats = call("invoices.invoice_stats")
    assert (stats.paid_count, stats.total_paid) == (1, 1200.0)


def _sweep_until(partner: Partner, invoice: int, code: str) -> list[str]:
    codes: list[str] = []
    for _ in range(20):
        sweep()
        codes = [event["code"] for event in json_of(partner.get(f"/api/invoices/{invoice}/lifecycle"))]
        if code in codes:
            break
    return codes


def _an_invoice(partner: Partner, customer: int) -> dict[str, Any]:
    item = {"description": "Chaise", "quantity": 10, "unit_price": 120, "vat_rate": 20}
    made: dict[str, Any] = json_of(partner.post("/api/invoices", {"customer_id": customer, "items": [item]}))
    return made


@pytest.mark.django_db(transaction=True)
@pytest.mark.trust
def test_a_rejected_invoice_is_corrected_and_sent_again(sandbox: str, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    company: Company = story.a_company()
    platforms.a_platform_account(company, sandbox)
    wrong, right = story.a_customer(company, name="REJET Galerie"), story.a_customer(company, name="Galerie Sud")
    partner = a_partner(company, Role.ACCOUNTANT)

    first = _an_invoice(partner, wrong.pk)
    assert partner.post(f"/api/invoices/{first['id']}/send", key=True).status_code == 200
    assert "213" in _sweep_until(partner, first["id"], "213")
    events = json_of(partner.get(f"/api/invoices/{first['id']}/lifecycle"))
    rejection = next(event for event in events if event["code"] == "213")
    assert rejection["reason"], "the partner is told why"

    credited = partner.post(f"/api/invoices/{first['id']}/credit-notes", {"reason": "Rejetée"}, key=True)
    assert credited.status_code == 201, credited.content
    assert json_of(partner.get(f"/api/invoices/{first['id']}"))["status"] == "cancelled"

    second = _an_invoice(partner, right.pk)
    assert partner.post(f"/api/invoices/{second['id']}/send", key=True).status_code == 200
    assert "205" in _sweep_until(partner, second["id"], "205")
    paid = partner.post(f"/api/invoices/{second['id']}/mark-paid", {"payment_method": "transfer"}, key=True)
    assert paid.status_code == 200
    assert json_of(partner.get(f"/api/invoices/{second['id']}"))["status"] == "paid"
