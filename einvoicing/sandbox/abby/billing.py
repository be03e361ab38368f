"""What the simulated Abby remembers and computes: billing documents in cents, their totals, what they say of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.abby import shapes
from einvoicing.sandbox.abby.access import SERVICE

_INSIDE = ("received", "notes", "parent")  # facts that are shown otherwise, or not at all
RATES = {"FR_2000": 2000, "FR_1000": 1000, "FR_850": 850, "FR_550": 550, "FR_210": 210}  # hundredths of per cent


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


def finalized(row: SandboxRecord, at: int = 0) -> dict[str, Any]:
    """What finalizing writes: Abby's own legal number, for good."""
    return {"state": "finalized", "number": f"F-{row.key}", "finalizedAt": at or now()}


def line_problems(line: Mapping[str, Any]) -> Iterator[str]:
    """Why Abby would refuse a line whose fields are as described."""
    if not line["designation"]:
        yield "designation should not be empty"
    if type(line["unitPrice"]) is not int:
        yield "unitPrice must be an integer number of cents"
    discount = line.get("discount")
    if discount and not 0 <= _off(discount, _price(line)) <= _price(line):
        yield "discount must not exceed the line"


def _price(line: Mapping[str, Any]) -> int:
    """Without VAT, before the discount, in cents."""
    amount = Decimal(line["unitPrice"]) * Decimal(str(line["quantity"]))
    if line.get("isTaxIncluded"):
        amount = amount * 10000 / (10000 + RATES.get(line["vatCode"], 0))
    return _cents(amount)


def _off(discount: Mapping[str, Any] | None, price: int) -> int:
    """What a discount takes off, in cents: 1000 is ten per cent, or ten euros."""
    if not discount:
        return 0
    amount = Decimal(str(discount["amount"]))
    return _cents(amount if discount["mode"] == "AMOUNT" else price * amount / 10000)


def _cents(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def total(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Totals in cents: a discount on the whole is shared by the VAT codes, and VAT rounded once for each."""
    net: dict[str, int] = {}
    for line in facts.get("lines", []):
        price = _price(line)
        net[line["vatCode"]] = net.get(line["vatCode"], 0) + price - _off(line.get("discount"), price)
    before = sum(net.values())
    off = left = _off(facts.get("discount"), before)
    for code, amount in net.items():
        share = min(_cents(Decimal(off) * amount / before) if before else 0, left)
        net[code], left = amount - share, left - share
    vat = {code: _cents(Decimal(amount) * RATES.get(code, 0) / 10000) for code, amount in net.items()}
    after = sum(net.values())
    remaining = after + sum(vat.values()) - facts.get("received", 0)
    return {
        "amountWithoutTaxBeforeDiscount": before,
        "amountWithoutTaxBeforeDiscountWithoutDisbursement": before,
        "amountWithoutTaxAfterDiscount": after,
        "amountWithTaxAfterDiscount": after + sum(vat.values()),
        "remainingAmountWithoutTax": after,
        "remainingAmountWithTax": remaining,
        "remainingReconciliateAmount": remaining,
        "discountAmount": off,
        "vatDetails": [
            {"vatCode": code, "amount": amount, "vatRate": RATES.get(code, 0) / 100} for code, amount in vat.items()
        ],
    }


def shown(record: SandboxRecord) -> dict[str, Any]:
    """A billing document as Abby reads it out; what was never said is absent."""
    facts = {name: value for name, value in record.facts.items() if value is not None and name not in _INSIDE}
    is_draft, lines = facts["state"] == "draft", record.facts.get("lines", [])
    whole = shapes.billing(facts["type"]) | facts
    whole["billingLegals"] |= record.facts.get("notes", {})
    return whole | {
        "id": record.key,
        "isEditable": is_draft,
        "isDeletable": is_draft,
        "finalizable": is_draft and bool(lines),
        "lines": [_shown_line(line) for line in lines],
        "total": total(record.facts),
    }


def _shown_line(line: Mapping[str, Any]) -> dict[str, Any]:
    price = _price(line)
    off = _off(line.get("discount"), price)
    vat = _cents(Decimal(price - off) * RATES.get(line["vatCode"], 0) / 10000)
    return {name: value for name, value in line.items() if value is not None} | {
        "isDeliveryOfGoods": bool(line.get("isDeliveryOfGoods")),
        "discount": line.get("discount") or {"mode": "AMOUNT", "amount": 0},
        "discountAmount": off,
        "priceWithoutTaxBeforeDiscount": price,
        "priceWithoutTaxAfterDiscount": price - off,
        "vatAmount": vat,
        "priceTotalTax": price - off + vat,
    }
