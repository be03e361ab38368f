"""The invoice of a shipped order, or those of many, drafted by the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from billing.api.invoices.reading import InvoiceView
from billing.api.invoices.shapes import InvoiceShape
from billing.models import Invoice, SalesOrder
from billing.services.generating import AlreadyInvoiced, final_invoice_of, generate_each, generate_invoice, together
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Id, Reference, Switch
from config.kernel.api.operation import operation
from config.kernel.api.problems import RowProblem, row_problem
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import DomainError

MOST = 100


class GenerateBody(Body):
    salesOrderId = Reference(SalesOrder)  # noqa: N815 - the partners' own word


class AlreadyInvoicedHere(AlreadyInvoiced):
    """The same refusal, with the invoice to look at instead."""

    def __init__(self, order: SalesOrder) -> None:
        super().__init__(number=order.number)
        invoice = final_invoice_of(order)
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


class GenerateManyBody(Body):
    salesOrderIds = serializers.ListField(  # noqa: N815 - the partners' own word
        child=Reference(SalesOrder), min_length=1, max_length=MOST
    )
    groupedPerCustomer = Switch(  # noqa: N815 - in the manner of the other
        default=False, help_text="One invoice of all the orders that one invoice can bill."
    )


class Generated(serializers.Serializer):
    """One invoice asked for: made, or why not."""

    sales_order_ids = serializers.ListField(child=Id())
    invoice_id = Id(allow_null=True)
    problem = RowProblem(allow_null=True)


class GeneratedMany(serializers.Serializer):
    created = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = Generated(many=True)


class InvoiceGenerateMany(ApiView):
    area = "invoices"

    @operation(action="invoices.edit", body=GenerateManyBody, answer=GeneratedMany)
    @repeatable(OPTIONAL)
    @documented(id="invoice_generate_many", examples=[sent({"salesOrderIds": [7, 8], "groupedPerCustomer": True})])
    def post(self, request: Call) -> dict[str, Any]:
        """Generate the invoices of up to 100 shipped orders: drafts, each on its own.

        With `groupedPerCustomer`, orders of one customer, currency, place of delivery and service go on one invoice; of
        a public body also one commitment. The answer is 200 even when some, or all, are refused: an order that is not
        shipped or is invoiced already refuses its whole group, and nothing stays of it.
        """
        orders = list(dict.fromkeys(request.values["salesOrderIds"]))
        groups = together(orders) if request.values["groupedPerCustomer"] else [[order] for order in orders]
        outcomes = generate_each(groups=groups, actor=request.caller.actor, at=request.at)
        results = [_result(group, outcome) for group, outcome in zip(groups, outcomes, strict=True)]
        refused = sum(result["problem"] is not None for result in results)
        return {"created": len(results) - refused, "refused": refused, "results": results}


def _result(group: Sequence[SalesOrder], outcome: Invoice | DomainError) -> dict[str, Any]:
    keys = [order.pk for order in group]
    if isinstance(outcome, Invoice):
        return {"sales_order_ids": keys, "invoice_id": outcome.pk, "problem": None}
    return {"sales_order_ids": keys, "invoice_id": None, "problem": row_problem(outcome, outcome.fields)}
