"""Many invoices in a call: each row is taken or refused on its own, and the whole call can be repeated."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as n
from rest_framework import serializers

from billing.api.invoices import vocabulary
from billing.api.invoices.bodies import InvoiceBody, columns, fields_sent, lines
from billing.api.invoices.shapes import InvoiceShape
from billing.models import Invoice
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Id, Switch
from config.kernel.api.operation import operation
from config.kernel.api.problems import RowProblem, flattened, row_problem
from config.kernel.api.refusals import NotAllowedHere
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.stated import Stated, states_something
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import DomainError, Invalid
from einvoicing.api.sending import InvalidHere
from einvoicing.services.documents import DocumentInvalid
from einvoicing.services.writing import RequestedInvoice, write_many

MOST, MOST_ISSUED = 1000, 100
CREATED, REFUSED = OUTCOMES = ("created", "refused")
TOO_MANY_ISSUED = n("Cent factures au plus s’émettent en un appel.")
EXAMPLE = {
    "issue": False,
    "invoices": [
        {
            "invoice_number": "INV-2024-0001",
            "customer_id": 5,
            "items": [
                {"description": "Consulting", "quantity": 5, "unit_price": Decimal("200.00"), "vat_rate": Decimal("20")}
            ],
        }
    ],
}


class BulkBody(Body):
    issue = Switch(default=False, help_text="Give each its number. At most 100 rows then.")
    invoices = serializers.ListField(
        child=serializers.DictField(),
        min_length=1,
        max_length=MOST,
        help_text='Each as the body of POST /api/invoices; a row with `status: "sent"` is issued and e-mailed.',
    )


class RowResult(serializers.Serializer):
    row = serializers.IntegerField(help_text="Counted from 1.")
    status = serializers.ChoiceField(OUTCOMES)
    id = Id(required=False)
    invoice_number = serializers.CharField(required=False, help_text="'' on a draft.")
    external_reference = serializers.CharField(required=False)
    problem = RowProblem(required=False)


class BulkResult(serializers.Serializer):
    created = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = RowResult(many=True)


class InvoiceBulk(ApiView):
    area = "invoices"

    @operation(action="invoices.edit", body=BulkBody, answer=BulkResult)
    @repeatable(REQUIRED)
    @documented(id="invoice_bulk_create", examples=[sent(EXAMPLE)])
    def post(self, request: Call) -> dict[str, Any]:
        """Write up to 1,000 invoices, or write and issue up to 100.

        Each row is on its own: the answer is 200 even when some, or all, are refused; `results` says for each, in
        order, its id or its problem. Nothing stays of a refused row, and no legal number is lost. Repeating the call
        with the same Idempotency-Key gives the same answer and writes nothing twice.
        """
        # one for all rows: making it costs more than using it
        body = InvoiceBody(context=self.context(request))
        rows = [_read(row, body) for row in request.values["invoices"]]
        checks = [self._check_of(body, row) for row in request.values["invoices"]]
        requests = [
            row if isinstance(row, DomainError) else _requested(row, check, request)
            for row, check in zip(rows, checks, strict=True)
        ]
        readable = [row for row in requests if isinstance(row, RequestedInvoice)]
        _check_issuing(readable, request)
        outcomes = iter(write_many(requests=readable, actor=request.caller.actor, at=request.at))
        found = [next(outcomes) if isinstance(row, RequestedInvoice) else row for row in requests]
        results = [_result(position, outcome) for position, outcome in enumerate(found, start=1)]
        refused = sum(result["status"] == REFUSED for result in results)
        return {"created": len(results) - refused, "refused": refused, "results": results}

    def _check_of(self, body: InvoiceBody, row: dict[str, Any]) -> Callable[[Invoice], None]:
        """Holds the draft against what the row states of it."""
        if not states_something(body, row):
            return lambda _draft: None
        context = self.context(self.request)
        return lambda draft: Stated(body, row).check(InvoiceShape(draft, context=context).data)


def _read(row: dict[str, Any], body: InvoiceBody) -> dict[str, Any] | DomainError:
    try:
        values: dict[str, Any] = body.run_validation(row)
    except serializers.ValidationError as error:
        return Invalid(fields=flattened(error.detail))
    return values


def _requested(values: dict[str, Any], check: Callable[[Invoice], None], request: Call) -> RequestedInvoice:
    sends = values["status"] == vocabulary.SENT
    values["customer_id"].company = request.caller.company  # the same, and read already
    return RequestedInvoice(
        customer=values["customer_id"],
        values=columns(values),
        lines=lines(values),
        issued=sends or request.values["issue"],
        sent=sends,
        check=check,
    )


def _check_issuing(rows: list[RequestedInvoice], request: Call) -> None:
    issued = sum(row.issued for row in rows)
    if issued and not request.caller.may("invoices.issue"):
        raise NotAllowedHere
    if issued > MOST_ISSUED:
        raise Invalid(fields={"invoices": TOO_MANY_ISSUED})


def _result(position: int, outcome: Invoice | DomainError) -> dict[str, Any]:
    if isinstance(outcome, Invoice):
        return {
            "row": position,
            "status": CREATED,
            "id": outcome.pk,
            "invoice_number": outcome.number or "",
            "external_reference": outcome.external_reference,
        }
    refused = InvalidHere(outcome.report) if isinstance(outcome, DocumentInvalid) else outcome
    return {"row": position, "status": REFUSED, "problem": row_problem(refused, fields_sent(refused))}
