"""The invoices themselves: list, read, write, delete. Writing may also issue and send, which is this app's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.api.invoices import vocabulary
from billing.api.invoices.bodies import ChangeBody, InvoiceBody, IssuedHere, columns, lines, partner_fields
from billing.api.invoices.filters import INVOICE, InvoiceQuery, filtered
from billing.api.invoices.reading import InvoiceView
from billing.api.invoices.shapes import InvoiceRow, InvoiceShape
from billing.api.orders import ORDER
from billing.models import Invoice, InvoiceKind, InvoiceLine
from billing.services.invoices import annotate_invoice, delete_draft, inputs_of, save_draft
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.expand import expandable
from config.kernel.api.fields import Message
from config.kernel.api.idempotency import HEADER, KeyMissing
from config.kernel.api.operation import operation
from config.kernel.api.refusals import NotAllowedHere
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import Call
from config.kernel.errors import Invalid
from customers.api.customers import CUSTOMER
from einvoicing.api.sending import send

NEW = {
    "invoice_number": "INV-2024-0001", "customer_id": 5, "invoice_date": "2024-10-01", "due_date": "2024-10-31",
    "status": "draft", "notes": "Merci pour votre confiance", "terms": "Paiement à 30 jours",
    "items": [
        {
            "description": "Développement site web", "quantity": 10, "unit_price": Decimal("100.00"),
            "vat_rate": Decimal("20.00"), "product_id": 12,
        }
    ],
}  # fmt: skip
CHANGED = {
    "invoice_date": "2024-10-01", "due_date": "2024-11-01", "status": "sent", "notes": "Notes mises à jour",
    "items": [
        {"description": "Service 1", "quantity": 5, "unit_price": Decimal("200.00"), "vat_rate": Decimal("20.00")}
    ],
}  # fmt: skip
KIND_STAYS = "Le type d’une facture de commande, d’une facture rectificative ou d’un avoir ne change pas."


class InvoiceList(InvoiceView):
    @operation(query=InvoiceQuery, answer=InvoiceRow, many=True)
    @expandable(customer=CUSTOMER, order=ORDER)
    @documented(id="invoice_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The invoices, the latest first.

        The filters combine. `status` and `payment_status` are those of today. Credit notes come with
        `kind=credit_note` alone.
        """
        rows = filtered(request.query, timezone.localdate(request.at))
        return lists.page(self, rows, by="created_at", name="invoices")

    @operation(action="invoices.edit", body=InvoiceBody, answer=InvoiceShape)
    @created(at="api:invoice")
    @repeatable(OPTIONAL)
    @documented(id="invoice_create", examples=[sent(NEW)])
    def post(self, request: Call) -> Invoice:
        """Write an invoice: a draft, or with `status: "sent"` issued and sent at once.

        A draft has no legal number: `invoice_number` is '' until it is issued, and the one you send is kept as
        `external_reference`. With `status: "sent"` an Idempotency-Key is required, the same refusals as those of
        POST /api/invoices/{id}/send apply, and a refusal leaves nothing behind. At most 500 items.
        """
        values = request.values
        wants_issue = values["status"] == vocabulary.SENT
        _check_may_issue(request, wants_issue)
        if wants_issue and not request.headers.get(HEADER):
            raise KeyMissing
        with partner_fields():
            draft = save_draft(
                invoice=None,
                customer=values["customer_id"],
                values=columns(values),
                lines=lines(values),
                actor=request.caller.actor,
                at=request.at,
            )
        written = self.written(request, draft.pk)
        if not wants_issue:
            return written
        send(written, request)
        return self.find(draft.pk)


class InvoiceItem(InvoiceView):
    @operation(answer=InvoiceShape)
    @versioned
    @expandable(customer=CUSTOMER, order=ORDER, corrects=INVOICE)
    @documented(id="invoice_retrieve")
    def get(self, request: Call, id: int) -> Invoice:
        """An invoice with its lines and payments."""
        return self.find(id)

    @operation(action="invoices.edit", body=ChangeBody, answer=InvoiceShape)
    @repeatable(OPTIONAL)
    @conditional
    @documented(id="invoice_update", examples=[sent(CHANGED)])
    def put(self, request: Call, id: int) -> Invoice:
        """Change a draft, or the internal notes of an issued invoice.

        What is not named stays as it is. `status: "sent"` then issues and sends the draft; repeating the call
        is refused, never carried out twice. Of an issued invoice only `internal_notes` may be named: everything
        else is corrected by a credit note, whose route the refusal gives in `use`.
        """
        invoice = self.find(id)
        wants_issue = request.values["status"] == vocabulary.SENT
        if not invoice.is_draft:
            return self._annotated(invoice, request)
        _check_may_issue(request, wants_issue)
        self._write(invoice, request)
        written = self.written(request, id)
        if not wants_issue:
            return written
        send(written, request)
        return self.find(id)

    def _annotated(self, invoice: Invoice, request: Call) -> Invoice:
        if set(request.data) - {"internal_notes"}:
            raise IssuedHere(invoice)
        if "internal_notes" in request.values:
            notes = request.values["internal_notes"]
            annotate_invoice(invoice=invoice, internal_notes=notes, actor=request.caller.actor, at=request.at)
        return self.find(invoice.pk)

    def _write(self, invoice: Invoice, request: Call) -> None:
        values = request.values
        changes = columns(values, invoice)
        kinds = {InvoiceKind(invoice.kind), InvoiceKind(changes.get("kind", invoice.kind))}
        if len(kinds) > 1 and (invoice.order_id or kinds != {InvoiceKind.INVOICE, InvoiceKind.DEPOSIT}):
            raise Invalid(fields={"kind": KIND_STAYS})
        if "items" not in values and "customer_id" not in values and not changes:
            return
        rows = lines(values) if "items" in values else _stored(invoice)
        customer = values.get("customer_id", invoice.customer)
        with partner_fields(invoice):
            save_draft(
                invoice=invoice,
                customer=customer,
                values=changes,
                lines=rows,
                actor=request.caller.actor,
                at=request.at,
            )

    @operation(action="invoices.edit", answer=Message)
    @conditional
    @documented(id="invoice_delete", examples=[received({"message": "Facture supprimée avec succès"})])
    def delete(self, request: Call, id: int) -> dict[str, Any]:
        """Delete a draft. An issued invoice is never deleted: it is corrected by a credit note."""
        invoice = self.find(id)
        with partner_fields(invoice):
            delete_draft(invoice=invoice, actor=request.caller.actor, at=request.at)
        return {"message": _("Facture supprimée avec succès")}


def _stored(invoice: Invoice) -> list[Any]:
    return inputs_of(list(InvoiceLine.objects.filter(invoice=invoice).order_by("position")))


def _check_may_issue(request: Call, wants_issue: bool) -> None:
    if wants_issue and not request.caller.may("invoices.issue"):
        raise NotAllowedHere
