"""A customer contests an invoice: no reminder goes out meanwhile."""

from __future__ import annotations

from rest_framework import serializers

from billing.api.invoices.reading import InvoiceView
from billing.api.invoices.shapes import InvoiceShape
from billing.models import Invoice
from billing.services.invoices import close_dispute, open_dispute
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.view import Call


class DisputeBody(Body):
    reason = serializers.CharField(max_length=300)


class InvoiceDisputes(InvoiceView):
    @operation(action="invoices.edit", body=DisputeBody, answer=InvoiceShape)
    @repeatable(OPTIONAL)
    @documented(id="invoice_dispute_open", examples=[sent({"reason": "Deux chaises sont arrivées abîmées."})])
    def post(self, request: Call, id: int) -> Invoice:
        """Note that the customer contests an issued invoice. Reminders stop; a new reason replaces the first.

        Refused (409, `transition_refused`) for a draft and for an invoice that is cancelled.
        """
        open_dispute(invoice=self.find(id), reason=request.values["reason"], actor=request.caller.actor, at=request.at)
        return self.find(id)

    @operation(action="invoices.edit", answer=InvoiceShape)
    @documented(id="invoice_dispute_close")
    def delete(self, request: Call, id: int) -> Invoice:
        """End the dispute: reminders may go out again. Nothing happens to an invoice that nobody contests."""
        close_dispute(invoice=self.find(id), actor=request.caller.actor, at=request.at)
        return self.find(id)
