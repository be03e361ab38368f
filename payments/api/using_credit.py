"""A customer's credit used on one of its invoices, over REST."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from billing.models import Invoice
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Id, Money
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.view import ApiView, Call
from config.kernel.money import ZERO
from payments.api import rows
from payments.api.fields import Received
from payments.services.credits import use_credit


class UsedCreditBody(Body):
    amount = Received(required=False)


class CreditShare(serializers.Serializer):
    """What an invoice takes of a payment."""

    payment_id = Id()
    amount = Money()


class UsedCredit(serializers.Serializer):
    """How much of the customer's credit pays the invoice now, and of which payments."""

    message = serializers.CharField()
    invoice_id = Id()
    amount = Money()
    balance_due = Money(help_text="What the invoice still asks for.")
    payments = CreditShare(many=True)


class InvoiceCredit(ApiView):
    area = "payments"

    def find(self, **path: Any) -> Invoice:
        return rows.invoice_of(path["id"])

    @operation(action="payments.record", body=UsedCreditBody, answer=UsedCredit)
    @repeatable(REQUIRED)
    @documented(id="invoice_use_credit", examples=[sent({"amount": 120.00}), sent({})])
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Pay an invoice with its customer's credit: as much as there is and it takes, unless `amount` says less.

        The oldest payments first. Without credit 409 `no_credit`, beyond it 409 `beyond_credit`, beyond the invoice's
        balance 409 `over_allocated`.
        """
        invoice = self.find(id=id)
        used = use_credit(
            invoice=invoice, amount=request.values.get("amount"), actor=request.caller.actor, at=request.at
        )
        return {
            "message": _("Crédit utilisé."),
            "invoice_id": invoice.pk,
            "amount": sum((row.amount for row in used), ZERO),
            "balance_due": invoice.balance,
            "payments": [{"payment_id": row.payment_id, "amount": row.amount} for row in used],
        }
