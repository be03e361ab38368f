"""The invoice of a shipped order, drafted by the API."""

from __future__ import annotations

from billing.api.invoices.reading import InvoiceView
from billing.api.invoices.shapes import InvoiceShape
from billing.models import Invoice, SalesOrder
from billing.services.invoices import AlreadyInvoiced, generate_invoice
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Reference
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import Call


class GenerateBody(Body):
    salesOrderId = Reference(SalesOrder)  # noqa: N815 - the partners' own word


class AlreadyInvoicedHere(AlreadyInvoiced):
    """The same refusal, with the invoice to look at instead."""

    def __init__(self, order: SalesOrder) -> None:
        super().__init__(number=order.number)
        invoice = Invoice.objects.filter(order=order).in_force().first()
        self.more = {"invoice_id": invoice.pk if invoice else None}


class InvoiceGenerate(InvoiceView):
    @operation(action="invoices.edit", body=GenerateBody, answer=InvoiceShape)
    @created(at="api:invoice")
    @repeatable(OPTIONAL)
    @documented(id="invoice_generate", examples=[sent({"salesOrderId": 7})])
    def post(self, request: Call) -> Invoice:
        """Generate the invoice of a shipped order: a draft with its lines, its issued deposits deducted.

        The legal number is given when the draft is sent. An order that is not shipped is refused (409,
        `order_not_shipped`); so is a second invoice (409, `already_invoiced`, with the `invoice_id` of the first), so
        that the call can be repeated without an Idempotency-Key. Once the first is wholly credited the order may be
        invoiced again.
        """
        order: SalesOrder = request.values["salesOrderId"]
        try:
            invoice = generate_invoice(order=order, actor=request.caller.actor, at=request.at)
        except AlreadyInvoiced as error:
            raise AlreadyInvoicedHere(order) from error
        return self.find(invoice.pk)
