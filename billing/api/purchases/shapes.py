"""What the API shows of a purchase: a row of the list, and the whole with its lines and its breakdown of VAT."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing.api.invoices.vocabulary import KINDS
from billing.purchases.models import PurchaseInvoice, PurchaseStatus
from billing.purchases.regimes import Regime
from config.kernel.api.fields import Id, Moment, Money, Number, Word

STATUSES = [str(status).lower() for status in PurchaseStatus]
REGIMES = [str(regime).lower() for regime in Regime]
ROW = {
    "id": 11, "reference": "ACH-2026-00011", "supplier_id": 6, "supplier_name": "Papeteries du Rhône",
    "number": "F-2026-118", "kind": "invoice", "status": "to_check", "is_disputed": False, "doubts": ["iban_new"],
    "issue_date": "2026-11-10", "due_date": "2026-12-10", "received_on": "2026-11-16", "booked_on": None,
    "currency": "EUR", "total_ht": 100.00, "total_vat": 20.00, "total_ttc": 120.00, "amount_deposited": 0.00,
    "amount_paid": 0.00, "amount_credited": 0.00, "balance_due": 120.00, "iban": "FR7630006000011234567890189",
    "payment_reference": "", "order_reference": "", "created_at": "2026-11-16T09:00:00Z",
}  # fmt: skip
LINE = {
    "description": "Ramettes de papier", "quantity": None, "unit_price": None, "amount_ht": 100.00,
    "vat_category": "S", "vat_rate": 20.00, "regime": "goods", "account": "606400", "deductible_percent": 100.00,
    "starts_on": None, "ends_on": None,
}  # fmt: skip
ANSWER = {
    **ROW,
    "supply_date": None,
    "vat_on_debits": False,
    "corrects_number": "",
    "corrects_id": None,
    "dispute_reason": "",
    "refusal_code": "",
    "refusal_reason": "",
    "internal_notes": "",
    "items": [LINE],
    "vat": [{"category": "S", "rate": 20.00, "base": 100.00, "amount": 20.00}],
}


class PurchaseRow(serializers.Serializer):
    """A supplier invoice in a list. Amounts of a credit note are positive too. `total_ttc` = amount_deposited +
    amount_paid + amount_credited + balance_due."""

    id = Id()
    reference = serializers.CharField(help_text="Ours; the supplier's own is `number`.")
    supplier_id = Id()
    supplier_name = serializers.CharField(source="supplier.name")
    number = serializers.CharField()
    kind = Word(KINDS)
    status = Word(PurchaseStatus)
    is_disputed = serializers.SerializerMethodField()
    doubts = serializers.ListField(
        child=serializers.CharField(), help_text="Why a person must look before it goes on: settled on its page alone."
    )
    issue_date = serializers.DateField()
    due_date = serializers.DateField()
    received_on = serializers.DateField()
    booked_on = serializers.DateField(allow_null=True)
    currency = serializers.CharField()
    total_ht = Money(source="total_net")
    total_vat = Money()
    total_ttc = Money(source="total_gross")
    amount_deposited = Money(help_text="By deposit invoices of the supplier (BT-113).")
    amount_paid = Money()
    amount_credited = Money(help_text="By its credit notes; of a credit note, what it settled.")
    balance_due = Money(source="balance")
    iban = serializers.CharField(help_text="The account that the document asks to pay.")
    payment_reference = serializers.CharField()
    order_reference = serializers.CharField()
    created_at = Moment()

    def get_is_disputed(self, purchase: PurchaseInvoice) -> bool:
        return purchase.disputed_at is not None


class PurchaseLineShape(serializers.Serializer):
    """So much on one account, under one regime of VAT."""

    description = serializers.CharField()
    quantity = Number(max_digits=14, decimal_places=4, allow_null=True)
    unit_price = Number(max_digits=16, decimal_places=6, allow_null=True)
    amount_ht = Money(source="net")
    vat_category = serializers.CharField()
    vat_rate = Number(max_digits=5, decimal_places=2, help_text="Where we owe the tax ourselves, the French one.")
    regime = Word(Regime)
    account = serializers.CharField(help_text="'' until one is chosen.")
    deductible_percent = Number(max_digits=5, decimal_places=2, source="deductible_share")
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)


class PurchaseVatShape(serializers.Serializer):
    """A row of the supplier's breakdown (BG-23)."""

    category = serializers.CharField()
    rate = Number(max_digits=5, decimal_places=2)
    base = Money()
    amount = Money()


class PurchaseShape(PurchaseRow):
    """The whole purchase."""

    supply_date = serializers.DateField(allow_null=True)
    vat_on_debits = serializers.BooleanField()
    corrects_number = serializers.CharField()
    corrects_id = Id(allow_null=True)
    dispute_reason = serializers.CharField()
    refusal_code = serializers.CharField()
    refusal_reason = serializers.CharField()
    internal_notes = serializers.CharField()
    items = PurchaseLineShape(many=True, source="lines")
    vat = PurchaseVatShape(many=True, source="vat_rows")


def whole(values: Any) -> Any:
    """The rows with all that `PurchaseShape` reads."""
    return values.select_related("supplier__terms").prefetch_related("lines", "vat_rows")
