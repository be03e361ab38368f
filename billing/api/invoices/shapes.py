"""What the API shows of an invoice: a row of the list, and the whole record with its lines and payments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.api.invoices import vocabulary
from billing.models import Invoice, InvoiceLine, VatCategory
from billing.services.crediting import shown_totals
from billing.services.lines import vat_rows
from billing.totals import vat_of
from config.kernel.api.fields import Id, Moment, Money, Number
from config.kernel.money import ZERO
from customers.api.shapes import AddressShape


class InvoiceRow(serializers.Serializer):
    """An invoice in a list. `total_ttc` = total_paid + total_credited + total_written_off
    + amount_deposited + balance_due."""

    id = Id()
    invoice_number = serializers.SerializerMethodField(help_text="The legal number, given at issue; '' on a draft.")
    external_reference = serializers.CharField(help_text="The partner's own number for it.")
    kind = serializers.SerializerMethodField()
    customer_id = Id()
    customer_type = serializers.SerializerMethodField()
    customer_name = serializers.CharField(source="buyer_name")
    customer_email = serializers.CharField(source="customer.email")
    customer_company = serializers.SerializerMethodField(help_text="'' for an individual.")
    invoice_date = serializers.SerializerMethodField(help_text="The legal date once issued; on a draft, the day asked.")
    due_date = serializers.DateField(allow_null=True)
    status = serializers.SerializerMethodField()
    payment_status = serializers.SerializerMethodField(help_text="null where no money is expected.")
    currency = serializers.CharField()
    subtotal_ht = Money(source="total_net")
    total_vat = Money()
    total_ttc = Money(source="total_gross")
    total_paid = Money(source="amount_paid")
    total_credited = Money(source="amount_credited")
    total_written_off = Money(source="amount_written_off", help_text="Settled without money: a fee, a loss.")
    amount_deposited = Money(help_text="What deposit invoices already asked for (BT-113).")
    balance_due = Money(source="balance")
    items_count = serializers.IntegerField()
    notes = serializers.CharField(help_text="Printed on the document.")
    order_id = Id(allow_null=True)
    purchase_order = serializers.CharField()
    service_code = serializers.CharField()
    contract_reference = serializers.CharField()
    abby_invoice_id = serializers.CharField(help_text="Of its copy at Abby; '' where there is none.")
    abby_invoice_number = serializers.CharField(
        help_text="A second legal number, where somebody finalised the copy at Abby; '' otherwise."
    )
    issued_at = Moment(allow_null=True)
    disputed_at = Moment(allow_null=True)
    created_at = Moment()

    def get_invoice_number(self, invoice: Invoice) -> str:
        return invoice.number or ""

    @extend_schema_field(serializers.ChoiceField(vocabulary.KIND_NAMES))
    def get_kind(self, invoice: Invoice) -> str:
        return vocabulary.kind_name(invoice)

    @extend_schema_field(serializers.ChoiceField(["organisation", "individual"]))
    def get_customer_type(self, invoice: Invoice) -> str:
        return str(invoice.customer.kind).lower()

    def get_customer_company(self, invoice: Invoice) -> str:
        return "" if invoice.customer.is_individual else invoice.customer.name

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_invoice_date(self, invoice: Invoice) -> date | None:
        return invoice.supply_date if invoice.is_draft else invoice.issue_date

    @extend_schema_field(serializers.ChoiceField(vocabulary.STATUSES))
    def get_status(self, invoice: Invoice) -> str:
        return vocabulary.status_name(invoice, self.context["on"])

    @extend_schema_field(serializers.ChoiceField(vocabulary.PAYMENT_STATUSES, allow_null=True))
    def get_payment_status(self, invoice: Invoice) -> str | None:
        return vocabulary.payment_status_name(invoice)


class ItemShape(serializers.Serializer):
    """A line. VAT is rounded once per rate on the invoice, so `vat_amount`s may miss `total_vat` by a cent."""

    id = Id()
    position = serializers.IntegerField()
    description = serializers.CharField()
    quantity = Number(max_digits=14, decimal_places=4)
    unit = serializers.CharField(help_text="UN/ECE Recommendation 20.")
    unit_price = Number(max_digits=16, decimal_places=6, help_text="Without VAT, before the discount.")
    discount_percent = Number(max_digits=5, decimal_places=2)
    vat_category = serializers.ChoiceField(VatCategory.values, help_text="BT-151.")
    vat_rate = Number(max_digits=5, decimal_places=2)
    exemption_code = serializers.CharField(help_text="Why it bears no VAT (VATEX, BT-121); '' where it does.")
    vat_amount = serializers.SerializerMethodField()
    subtotal = Money(source="net_amount")
    total = serializers.SerializerMethodField()
    is_service = serializers.BooleanField()
    product_id = Id(allow_null=True)

    @extend_schema_field(Money)
    def get_vat_amount(self, line: InvoiceLine) -> Decimal:
        return vat_of(line.net_amount, line.vat_rate)

    @extend_schema_field(Money)
    def get_total(self, line: InvoiceLine) -> Decimal:
        return line.net_amount + self.get_vat_amount(line)


class PaymentOfInvoice(serializers.Serializer):
    """So much of a payment pays this invoice."""

    id = Id(help_text="The payment's.")
    number = serializers.CharField()
    payment_date = serializers.DateField()
    amount = Money(help_text="What of the payment is allocated to this invoice.")
    payment_method = serializers.ChoiceField(vocabulary.METHODS)
    reference = serializers.CharField()


class VatShape(serializers.Serializer):
    """A row of the VAT breakdown (BG-23), rounded once: these are the figures that count."""

    vat_category = serializers.ChoiceField(VatCategory.values, source="category")
    vat_rate = Number(max_digits=5, decimal_places=2, source="rate")
    base = Money()
    amount = Money()
    exemption_code = serializers.CharField(help_text="VATEX; '' where VAT is charged.")
    exemption_reason = serializers.CharField()


class DeductionShape(serializers.Serializer):
    """A deposit invoice that this one deducts (BT-113, BG-3)."""

    deposit_id = Id()
    invoice_number = serializers.CharField(source="deposit.number")
    amount = Money(source="gross")
    vat = Money(help_text="Of which VAT.")


class InvoiceShape(InvoiceRow):
    """The whole invoice."""

    items_count = serializers.SerializerMethodField()
    supply_date = serializers.DateField(allow_null=True, help_text="Delivery or execution (BT-72).")
    delivery_address = serializers.SerializerMethodField()
    payment_reference = serializers.CharField(
        help_text="ISO 11649, or 27 digits for a Swiss QR-IBAN, for the payer to quote; '' on a draft."
    )
    accounting_currency = serializers.CharField(help_text="BT-6: the currency of the books.")
    exchange_rate = Number(
        max_digits=18,
        decimal_places=8,
        help_text="One unit of `accounting_currency` is so much of `currency`, frozen at issue; 1 where they are one.",
    )
    exchange_day = serializers.DateField(allow_null=True, help_text="The day of the rate; null where none was needed.")
    exchange_source = serializers.CharField(help_text="Who published the rate.")
    accounting_vat = Money(allow_null=True, help_text="BT-111: VAT in `accounting_currency`, where that is another.")
    internal_notes = serializers.CharField(help_text="Never printed nor transmitted.")
    dispute_reason = serializers.CharField()
    corrects_id = Id(allow_null=True, help_text="The invoice that a credit note or corrected invoice names.")
    credit_reason = serializers.CharField()
    items = ItemShape(many=True, source="lines")
    vat_breakdown = serializers.SerializerMethodField()
    deductions = DeductionShape(many=True)
    payments = serializers.SerializerMethodField()

    @extend_schema_field(AddressShape(allow_null=True))
    def get_delivery_address(self, invoice: Invoice) -> Any:
        """What the invoice bears (BG-15), frozen at issue; on a draft its own, null where the customer's serves."""
        return (invoice.delivery if invoice.is_draft else invoice.buyer.get("delivery_address")) or None

    @extend_schema_field(serializers.IntegerField)
    def get_items_count(self, invoice: Invoice) -> int:
        return len(invoice.lines.all())

    @extend_schema_field(VatShape(many=True))
    def get_vat_breakdown(self, invoice: Invoice) -> Any:
        """Frozen when it was issued; on a draft, as issuing would write it."""
        rows = list(invoice.vat_subtotals.all())
        if invoice.is_draft:
            rows = vat_rows(invoice, shown_totals(invoice, list(invoice.lines.all())))
        return VatShape(rows, many=True).data

    @extend_schema_field(PaymentOfInvoice(many=True))
    def get_payments(self, invoice: Invoice) -> list[dict[str, Any]]:
        """What stands today: an allocation taken back is its own opposite."""
        allocated: dict[Any, Decimal] = {}
        for allocation in sorted(invoice.allocations.all(), key=lambda row: (row.at, row.payment.number)):
            allocated[allocation.payment] = allocated.get(allocation.payment, ZERO) + allocation.amount
        rows = [
            {
                "id": payment.pk,
                "number": payment.number,
                "payment_date": payment.paid_on,
                "amount": amount,
                "payment_method": vocabulary.method_name(payment.method),
                "reference": payment.reference,
            }
            for payment, amount in allocated.items()
            if amount
        ]
        return list(PaymentOfInvoice(rows, many=True).data)
