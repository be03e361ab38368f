"""Credit notes: the only way to take back what an issued invoice says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as n
from rest_framework import serializers

from billing.api.invoices.bodies import MOST_ITEMS, said_of
from billing.api.invoices.filters import listed
from billing.api.invoices.reading import InvoiceView
from billing.api.invoices.shapes import InvoiceRow, InvoiceShape
from billing.models import Invoice, InvoiceKind, InvoiceLine
from billing.services.invoices import inputs_of
from billing.services.lines import LineInput
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Id, Number
from config.kernel.api.operation import REQUIRED, Call, operation
from config.kernel.errors import Invalid
from einvoicing.api.sending import InvalidHere
from einvoicing.services.documents import DocumentInvalid
from einvoicing.services.sending import credit_checked

NO_SUCH_ITEM = n("Cette ligne n’est pas de cette facture, ou figure déjà dans l’avoir.")
TOO_MUCH = n("La quantité va de 0, exclu, à celle de la ligne facturée.")


class CreditedItem(Body):
    id = Id(help_text="Of the invoice's line.")
    quantity = Number(max_digits=14, decimal_places=4, help_text="What is taken back, at the price it was billed.")


class CreditBody(Body):
    reason = serializers.CharField(max_length=200, help_text="Printed on the credit note.")
    items = CreditedItem(
        many=True, required=False, allow_empty=False, max_length=MOST_ITEMS,
        help_text="What is credited; the whole invoice where it is not said.",
    )  # fmt: skip


class CreditNotes(InvoiceView):
    @operation(answer=InvoiceRow, many=True, id="credit_note_list")
    def get(self, request: Call, id: int) -> Sequence[Invoice]:  # noqa: A002 - the address names it so
        """The credit notes of an invoice, the first one first."""
        notes = Invoice.objects.filter(corrects=self.find(id), kind=InvoiceKind.CREDIT_NOTE)
        return list(listed(notes).order_by("created_at", "id"))

    @operation(
        action="invoices.credit", body=CreditBody, answer=InvoiceShape, status=201, key=REQUIRED,
        location="api:invoice", id="credit_note_create",
        examples=[
            sent({"reason": "Facture annulée"}, "whole"),
            sent({"reason": "Retour de deux chaises", "items": [{"id": 1, "quantity": 2}]}, "part"),
        ],
    )  # fmt: skip
    def post(self, request: Call, id: int) -> Invoice:  # noqa: A002 - the address names it so
        """Issue a credit note for the whole invoice, or for quantities of its lines.

        It is issued at once, with a number of its own series. What was already paid beyond the rest becomes the
        customer's credit. Refused with `credit_too_large` when more would be credited than was billed, and with
        `document_invalid` when the official rules would reject the note: nothing is issued then.
        """
        invoice, values = self.find(id), request.values
        lines = _credited(invoice, values["items"]) if "items" in values else None
        try:
            with said_of(invoice):
                note = credit_checked(
                    invoice=invoice, lines=lines, reason=values["reason"], actor=request.caller.actor, at=request.at
                )
        except DocumentInvalid as error:
            raise InvalidHere(error.report) from error
        return self.find(note.pk)


def _credited(invoice: Invoice, items: Sequence[dict[str, Any]]) -> list[LineInput]:
    """The lines to take back, priced as they were. Raises Invalid at the item and field."""
    rows = list(InvoiceLine.objects.filter(invoice=invoice).order_by("position"))
    billed = {row.pk: line for row, line in zip(rows, inputs_of(rows), strict=True)}
    problems: dict[str, str] = {}
    found = []
    for position, item in enumerate(items, start=1):
        line, quantity = billed.pop(item["id"], None), item["quantity"]
        if line is None:
            problems[f"items.{position}.id"] = NO_SUCH_ITEM
        elif not min(line.quantity, Decimal(0)) <= quantity <= max(line.quantity, Decimal(0)) or not quantity:
            problems[f"items.{position}.quantity"] = TOO_MUCH
        else:
            found.append(replace(line, quantity=quantity))
    if problems:
        raise Invalid(fields=problems)
    return found
