"""What the simulated Invoice Ninja remembers: invoices, and the payments applied to them."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from config.sandbox.models import SandboxRecord
from payments.sandbox.invoice_ninja.access import SERVICE

COMPLETED, CANCELLED = "4", "2"
EURO = "3"
_LETTERS = string.ascii_letters + string.digits


def records(client_id: str, kind: str) -> QuerySet[SandboxRecord]:
    return SandboxRecord.objects.filter(service=SERVICE, kind=kind, client_id=client_id)


def hashed() -> str:
    """An identifier as Hashids make them: ten letters and digits, in no order."""
    return "".join(secrets.choice(_LETTERS) for _ in range(10))


def invoice_of(client_id: str, number: str) -> SandboxRecord:
    """The invoice of that number, made when there is none."""
    row = records(client_id, "invoice").filter(number=number).first()
    if row is None:
        row = SandboxRecord.objects.create(
            service=SERVICE, kind="invoice", key=hashed(), client_id=client_id, number=number
        )
    return row


def write_payment(client_id: str, changes: dict[str, Any]) -> SandboxRecord:
    """A person there records a payment, or changes the one named by `id`: {invoices: {number: amount}, …columns}.

    Deleting takes away what it paid, as the real one does.
    """
    row = records(client_id, "payment").filter(key=changes.get("id", "")).first()
    if row is None:
        key = changes.get("id") or hashed()
        row = SandboxRecord(service=SERVICE, kind="payment", key=key, client_id=client_id, facts=_new())
    columns = {name: value for name, value in changes.items() if name not in ("id", "invoices", "refunds", "client")}
    if "client" in changes:
        _client_of(row.client_id, changes["client"])
        columns["client_id"] = changes["client"]["id"]
    facts = row.facts | {"updated_at": int(timezone.now().timestamp())} | columns
    for number, amount in changes.get("invoices", {}).items():
        invoice = invoice_of(client_id, number)
        facts["paymentables"].append(
            {"id": hashed(), "invoice_id": invoice.key, "amount": amount, "refunded": 0.0, "archived_at": 0}
        )
    for part in facts["paymentables"]:
        number = records(client_id, "invoice").get(key=part["invoice_id"]).number if "invoice_id" in part else ""
        part["refunded"] = changes.get("refunds", {}).get(number, part["refunded"])
    if "refunds" in changes:
        facts["refunded"] = sum(part["refunded"] for part in facts["paymentables"])
    if "amount" not in changes and "invoices" in changes:
        facts["amount"] = sum(part["amount"] for part in facts["paymentables"])
    if facts["is_deleted"]:
        facts |= {"status_id": CANCELLED, "paymentables": [], "archived_at": facts["updated_at"]}
    row.facts = facts
    row.save()
    return row


def _client_of(client_id: str, client: dict[str, Any]) -> None:
    """A client there as ClientTransformer writes it, made or changed."""
    row, _made = SandboxRecord.objects.get_or_create(
        service=SERVICE, kind="client", key=client["id"], client_id=client_id
    )
    row.facts = {"name": "", "number": "", "id_number": "", "vat_number": "", "contacts": []} | row.facts | client
    row.save()


def _new() -> dict[str, Any]:
    return {
        "client_id": "",
        "amount": 0.0,
        "refunded": 0.0,
        "applied": 0.0,
        "status_id": COMPLETED,
        "is_deleted": False,
        "archived_at": 0,
        "date": timezone.localdate().isoformat(),
        "type_id": "1",
        "currency_id": EURO,
        "transaction_reference": "",
        "number": uuid.uuid4().hex[:6],
        "is_manual": True,
        "private_notes": "",
        "paymentables": [],
    }


def shown(row: SandboxRecord, *, includes: Sequence[str]) -> dict[str, Any]:
    """A payment as PaymentTransformer writes it."""
    body: dict[str, Any] = {"id": row.key, **row.facts}
    if "client" in includes:
        client = records(row.client_id, "client").filter(key=row.facts["client_id"]).first()
        body["client"] = client.facts if client else {"id": row.facts["client_id"], "contacts": []}
    if "invoices" in includes:
        keys = [part["invoice_id"] for part in row.facts["paymentables"] if "invoice_id" in part]
        found = records(row.client_id, "invoice").filter(key__in=keys).order_by("id")
        body["invoices"] = [{"id": invoice.key, "number": invoice.number} for invoice in found]
    return body
