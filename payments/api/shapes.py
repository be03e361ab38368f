"""What the API shows of payments and of the invoice they pay: the seed's names, and what it left unsaid."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from billing.api.invoices import vocabulary
from billing.models import Invoice
from config.kernel.api.fields import Id, Moment, Money, Word
from payments.api.fields import METHODS, PAYMENT_STATE_WORDS
from payments.models import Payment


class PaidInvoiceShape(serializers.Serializer):
    """The invoice as the payment leaves it."""

    id = Id()
    invoice_number = serializers.CharField()
    total_ttc = Money()
    total_paid = Money()
    balance_due = Money()
    status = serializers.ChoiceField(vocabulary.STATUSES)

    def to_representation(self, instance: Invoice) -> Any:
        return super().to_representation(
            {
                "id": instance.pk,
                "invoice_number": str(instance.number or ""),
                "total_ttc": instance.total_gross,
                "total_paid": instance.amount_paid,
                "balance_due": instance.balance,
                "status": vocabulary.status_name(instance, self.context["on"]),
            }
        )


class AllocationShape(serializers.Serializer):
    """So much of the payment pays that invoice."""

    invoice_id = Id()
    invoice_number = serializers.CharField()
    invoice_total = Money()
    amount = Money()


class PaymentShape(serializers.Serializer):
    """Money received, or the reversal of an earlier payment (negative)."""

    id = Id()
    number = serializers.CharField(help_text="Our own number, without gaps.")
    invoice_id = Id(allow_null=True, help_text="The invoice it pays; the first one when it pays several.")
    invoice_number = serializers.CharField(allow_null=True)
    invoice_total = Money(allow_null=True)
    customer_id = Id()
    customer_name = serializers.CharField()
    payment_date = serializers.DateField()
    amount = Money()
    currency = serializers.CharField()
    payment_method = Word(METHODS)
    reference = serializers.CharField(allow_blank=True)
    transaction_id = serializers.CharField(allow_blank=True, help_text="What the payment service called it.")
    notes = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(PAYMENT_STATE_WORDS)
    unallocated = Money(help_text="What pays no invoice yet: the customer's credit.")
    allocations = AllocationShape(many=True)
    bank_transaction_id = Id(allow_null=True, help_text="The bank's line it was reconciled with; the first of several.")
    reverses = Id(allow_null=True, help_text="The payment that this one takes back.")
    reversed_by = Id(allow_null=True, help_text="The payment that took this one back.")
    created_by_name = serializers.CharField(allow_blank=True)
    created_at = Moment()

    def to_representation(self, instance: Payment) -> Any:
        return super().to_representation(shown(instance))


class PaymentAnswer(serializers.Serializer):
    """A payment, and the invoice as it leaves it."""

    message = serializers.CharField(help_text="What happened, in the caller's language; says what is left as credit.")
    payment = PaymentShape()
    invoice = PaidInvoiceShape(allow_null=True)


@dataclass(frozen=True, slots=True)
class Change:
    payment: Payment
    replaces: int | None = None  # the payment it was recorded in the place of


class ChangedPayment(PaymentShape):
    """A payment after a change."""

    replaces = Id(allow_null=True, help_text="The payment it was recorded in the place of; null when words changed.")

    def to_representation(self, instance: Any) -> Any:
        values = {**shown(instance.payment), "replaces": instance.replaces}
        return serializers.Serializer.to_representation(self, values)


class ReversedPayment(serializers.Serializer):
    message = serializers.CharField()
    payment = PaymentShape(help_text="The payment, reversed.")
    reversal = PaymentShape(help_text="The opposite payment that takes it back.")


def held(payment: Payment) -> list[tuple[Invoice, Decimal]]:
    """What each invoice still holds of the payment, from its loaded allocations, the first one first."""
    sums: dict[int, tuple[Invoice, Decimal]] = {}
    for allocation in payment.allocations.all():
        before = sums.get(allocation.invoice_id, (allocation.invoice, Decimal(0)))[1]
        sums[allocation.invoice_id] = (allocation.invoice, before + allocation.amount)
    return [(invoice, amount) for invoice, amount in sums.values() if amount]


def shown(payment: Payment) -> dict[str, Any]:
    allocations = [
        {
            "invoice_id": invoice.pk,
            "invoice_number": invoice.number,
            "invoice_total": invoice.total_gross,
            "amount": part,
        }
        for invoice, part in held(payment)
    ]
    nothing = {"invoice_id": None, "invoice_number": None, "invoice_total": None}
    first = allocations[0] if allocations else nothing
    reversal = getattr(payment, "reversal", None)
    return {
        "id": payment.pk,
        "number": payment.number,
        **{name: first[name] for name in nothing},
        "customer_id": payment.customer_id,
        "customer_name": payment.customer.name,
        "payment_date": payment.paid_on,
        "amount": payment.amount,
        "currency": payment.currency,
        "payment_method": payment.method,
        "reference": payment.reference,
        "transaction_id": payment.transaction_id,
        "notes": payment.notes,
        "status": "reversal" if payment.reverses_id else "reversed" if payment.reversed_at else "recorded",
        "unallocated": payment.unallocated,
        "allocations": allocations,
        "bank_transaction_id": getattr(payment, "bank_line_id", None),
        "reverses": payment.reverses_id,
        "reversed_by": reversal.pk if reversal else None,
        "created_by_name": getattr(payment, "created_by_name", None) or "",
        "created_at": payment.recorded_at,
    }
