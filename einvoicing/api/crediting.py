"""Credit notes: the only way to take back what an issued invoice says."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as n
from rest_framework import serializers

from billing.api.invoices.bodies import partner_fields
from billing.api.invoices.filters import listed
from billing.api.invoices.reading import InvoiceView
from billing.api.invoices.shapes import InvoiceRow, InvoiceShape
from billing.models import Invoice, InvoiceKind, InvoiceLine
from billing.services.crediting import CreditedPart
from billing.services.lines import MOST_LINES
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Id, Number
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import Call
from config.kernel.errors import Invalid
from config.kernel.money import ZERO
from einvoicing.api.sending import InvalidHere
from einvoicing.services.documents import DocumentInvalid
from einvoicing.services.sending import credit_checked

NO_SUCH_ITEM = n("Cette ligne n’est pas de cette facture, ou figure déjà dans l’avoir.")
EITHER = n("Donnez une quantité ou un montant HT, l’un des deux.")
TOO_MUCH = n("La quantité va de 0, exclu, à celle de la ligne facturée.")
TOO_DEAR = n("Le montant va de 0, exclu, à celui de la ligne facturée, HT et au centime.")


class CreditedItem(Body):
    id = Id(help_text="Of the invoice's line.")
    quantity = Number(
        max_digits=14, decimal_places=4, required=False, help_text="What is taken back, at the price it was billed."
    )
    amount = Number(
        max_digits=16,
        decimal_places=2,
        required=False,
        help_text="In place of a quantity: a rebate on the line's price, without VAT.",
    )


class CreditBody(Body):
    reason = serializers.CharField(max_length=200, help_text="Printed on the credit note.")
    items = CreditedItem(
        many=True,
        required=False,
        allow_empty=False,
        max_length=MOST_LINES,
        help_text="What is credited; all that is left of the invoice where it is not said.",
    )


class CreditNotes(InvoiceView):
    @operation(answer=InvoiceRow, many=True)
    @documented(id="credit_note_list")
    def get(self, request: Call, id: int) -> Sequence[Invoice]:
        """The credit notes of an invoice, the first one first."""
        notes = Invoice.objects.filter(corrects=self.find(id), kind=InvoiceKind.CREDIT_NOTE)
        return list(listed(notes).order_by("created_at", "id"))

    @operation(action="invoices.credit", body=CreditBody, answer=InvoiceShape)
    @created(at="api:invoice")
    @repeatable(REQUIRED)
    @documented(
        id="credit_note_create",
        examples=[
            sent({"reason": "Facture annulée"}, "whole"),
            sent({"reason": "Retour de deux chaises", "items": [{"id": 1, "quantity": 2}]}, "part"),
        ],
    )
    def post(self, request: Call, id: int) -> Invoice:
        """Issue a credit note for all that is left of the invoice, or for quantities or amounts of its lines.

        It is issued at once, with a number of its own series. What was already paid beyond the rest becomes the
        customer's credit. Refused with `credit_too_large` when more of a line or a VAT rate would be credited than was
        billed, and with `document_invalid` when the official rules would reject the note: nothing is issued then.
        """
        invoice, values = self.find(id), request.values
        parts = _credited(invoice, values["items"]) if "items" in values else None
        try:
            with partner_fields(invoice):
                note = credit_checked(
                    invoice=invoice, parts=parts, reason=values["reason"], actor=request.caller.actor, at=request.at
                )
        except DocumentInvalid as error:
            raise InvalidHere(error.report) from error
        return self.find(note.pk)


def _credited(invoice: Invoice, items: Sequence[dict[str, Any]]) -> list[CreditedPart]:
    """What to take back, priced as it was. Raises Invalid at the item and field."""
    billed = {line.pk: line for line in InvoiceLine.objects.filter(invoice=invoice)}
    problems: dict[str, str] = {}
    found = []
    for position, item in enumerate(items, start=1):
        line, quantity, amount = billed.pop(item["id"], None), item.get("quantity"), item.get("amount")
        if line is None:
            problems[f"items.{position}.id"] = NO_SUCH_ITEM
        elif (quantity is None) == (amount is None):
            problems[f"items.{position}.quantity"] = EITHER
        elif quantity is not None and not _is_part(quantity, line.quantity):
            problems[f"items.{position}.quantity"] = TOO_MUCH
        elif amount is not None and not _is_part(amount, line.net_amount):
            problems[f"items.{position}.amount"] = TOO_DEAR
        else:
            found.append(CreditedPart(line=line, quantity=quantity or ZERO, amount=amount or ZERO))
    if problems:
        raise Invalid(fields=problems)
    return found


def _is_part(part: Decimal, whole: Decimal) -> bool:
    return bool(part) and min(whole, ZERO) <= part <= max(whole, ZERO)
