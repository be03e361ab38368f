"""What a payment pays, and taking it back."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.statuses import created, located
from config.kernel.api.view import ApiView, Call
from payments.api import rows
from payments.api.answers import answer_for, reverse_for
from payments.api.bodies import ReasonBody, ShareBody
from payments.api.payments import BY_API
from payments.api.shapes import PaymentAnswer, ReversedPayment
from payments.models import Payment
from payments.services.allocations import Share, allocate_shares
from payments.services.receiving import release_invoice


class AllocationList(ApiView):
    area = "payments"

    def find(self, **path: Any) -> Payment:
        return rows.payment_of(path["id"])

    @operation(action="payments.record", body=ShareBody, answer=PaymentAnswer)
    @created(at="api:payment", of="payment")
    @repeatable(REQUIRED)
    @documented(id="allocation_create", examples=[sent({"invoice_id": 1, "amount": 400.00})])
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Use what is left of a payment for an invoice of the same customer.

        Never beyond the invoice's balance (409 `over_allocated`) nor the payment's credit (409 `not_enough_credit`).
        """
        payment, invoice = self.find(id=id), request.values["invoice_id"]
        share = Share(invoice, request.values["amount"])
        allocate_shares(payment=payment, shares=[share], actor=request.caller.actor, at=request.at)
        return answer_for(payment, invoice, message=_("Affectation enregistrée."))


class AllocationItem(ApiView):
    area = "payments"

    @operation(action="payments.record", answer=PaymentAnswer)
    @located(at="api:payment", of="payment")
    @repeatable(REQUIRED)
    @documented(id="allocation_delete")
    def delete(self, request: Call, id: int, invoice_id: int) -> dict[str, Any]:
        """Take back all that an invoice holds of a payment: it is the customer's credit again."""
        payment, invoice = rows.payment_of(id), rows.invoice_of(invoice_id)
        release_invoice(payment=payment, invoice=invoice, reason=BY_API, actor=request.caller.actor, at=request.at)
        return answer_for(payment, invoice, message=_("Affectation retirée : au crédit du client."))


class Reversal(ApiView):
    area = "payments"

    def find(self, **path: Any) -> Payment:
        return rows.payment_of(path["id"])

    @operation(action="payments.record", body=ReasonBody, answer=ReversedPayment)
    @created()
    @repeatable(REQUIRED)
    @documented(id="payment_reverse", examples=[sent({"reason": "Chèque impayé"})])
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Take a payment back by an opposite one, and say why.

        The invoices owe again what it had paid; a bank line it was reconciled with is open again.
        """
        return reverse_for(request, self.find(id=id), request.values["reason"] or BY_API)
