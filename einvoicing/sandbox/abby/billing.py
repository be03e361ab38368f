"""What the simulated Abby remembers and computes: customers, billing documents in cents, the book of receipts."""

from __future__ import annotations

import uuid
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.abby.access import SERVICE

VAT = {"FR_2000": 2000, "FR_1000": 1000, "FR_850": 850, "FR_550": 550, "FR_210": 210}
WITHOUT = ("FR_00HT", "FR_00UE", "FR_0HUE")
TYPES = (
    None,
    "sale_of_goods",
    "service_delivery",
    "commercial_or_craft_services",
    "sale_of_manufactured_goods",
    "disbursement",
)
_UNITS = (
    "unit gram hour day week fixed_rate year character line license article month kilogram kilometer liter batch meter "
    "square_meter cubic_meter linear_meter person ton word page leaflet paragraph minute overnight_stay"
)
UNITS = _UNITS.split()
_DELAYS = (
    "at_reception end_of_month seven_days ten_days fifteen_days thirty_days thirty_days_end_of_month forty_five_days "
    "forty_five_days_end_of_month sixty_days sixty_days_end_of_month ninety_days ninety_days_end_of_month "
    "one_hundred_and_twenty_days other"
)
DELAYS = _DELAYS.split()


def records(client_id: str, kind: str) -> QuerySet[SandboxRecord]:
    """What this account holds of one kind, newest first."""
    return SandboxRecord.objects.filter(service=SERVICE, kind=kind, client_id=client_id).order_by("-id")


def made(client_id: str, kind: str, facts: dict[str, Any], number: str = "") -> SandboxRecord:
    row: SandboxRecord = SandboxRecord.objects.create(
        service=SERVICE,
        kind=kind,
        key=f"{kind[:3]}_{uuid.uuid4().hex[:12]}",
        client_id=client_id,
        facts=facts,
        number=number[:100],
    )
    return row


def now() -> int:
    return int(timezone.now().timestamp())


def line_problem(line: Any) -> str:
    """Why Abby would refuse a line; '' when it would not."""
    if not isinstance(line, dict):
        return "lines must be objects"
    checks = {
        "designation": isinstance(line.get("designation"), str) and bool(line.get("designation")),
        "unitPrice": type(line.get("unitPrice")) is int,
        "quantity": type(line.get("quantity")) in (int, float),
        "quantityUnit": "quantityUnit" in line and line["quantityUnit"] in (None, *UNITS),
        "type": "type" in line and line["type"] in TYPES,
        "vatCode": line.get("vatCode") in (*VAT, *WITHOUT),
    }
    wrong = [name for name, good in checks.items() if not good]
    return f"lines: {', '.join(wrong)}" if wrong else ""


def total(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Totals in cents, VAT rounded once per code."""
    net: dict[str, int] = {}
    for line in lines:
        amount = Decimal(line["unitPrice"]) * Decimal(str(line["quantity"]))
        net[line["vatCode"]] = net.get(line["vatCode"], 0) + int(amount.quantize(Decimal(1), ROUND_HALF_UP))
    vat = {
        code: int((Decimal(amount) * VAT.get(code, 0) / 10000).quantize(Decimal(1), ROUND_HALF_UP))
        for code, amount in net.items()
    }
    return {
        "amountWithoutTaxAfterDiscount": sum(net.values()),
        "amountWithTaxAfterDiscount": sum(net.values()) + sum(vat.values()),
        "remainingAmountWithTax": sum(net.values()) + sum(vat.values()),
        "vatDetails": [{"vatCode": code, "vatAmount": amount} for code, amount in vat.items()],
    }


def shown(record: SandboxRecord) -> dict[str, Any]:
    """A billing document as ReadInvoiceDto; what was never said is absent."""
    facts = {name: value for name, value in record.facts.items() if value is not None}
    return {
        "id": record.key,
        "type": "invoice",
        "currencyCode": "EUR",
        "test": False,
        "isDeletable": facts["state"] == "draft",
        "finalizable": facts["state"] == "draft" and bool(facts.get("lines")),
        "total": total(facts.get("lines", [])),
        "lines": [],
        **facts,
    }


def listed(record: SandboxRecord) -> dict[str, Any]:
    """The same in a list: its totals lie flat, its lines are left out."""
    found = shown(record)
    sums = found.pop("total")
    found.pop("lines")
    return found | {
        "totalAmountWithoutTaxAfterDiscount": sums["amountWithoutTaxAfterDiscount"],
        "totalAmountWithTaxAfterDiscount": sums["amountWithTaxAfterDiscount"],
    }
