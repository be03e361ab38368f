"""Where an invoice stands, as people say it: derived from its status, its amounts and the day, never stored."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceKind, InvoiceStatus
from billing.models.invoices import InvoiceQuerySet


class Standing(models.TextChoices):
    """What one filters by; the value is the one in the URL."""

    DRAFT = "draft", _("Brouillon")
    DUE = "due", _("À payer")
    OVERDUE = "overdue", _("En retard")
    PARTIAL = "partial", _("Partiellement payée")
    PAID = "paid", _("Payée")
    CREDITED = "credited", _("Annulée par avoir")
    REPLACED = "replaced", _("Remplacée")
    DISPUTED = "disputed", _("Contestée")
    ISSUED = "issued", _("Émis")  # a credit note, on which no money is expected


TONES = {
    Standing.DRAFT: "neutral",
    Standing.DUE: "info",
    Standing.OVERDUE: "bad",
    Standing.PARTIAL: "warn",
    Standing.PAID: "good",
    Standing.CREDITED: "neutral",
    Standing.REPLACED: "neutral",
    Standing.DISPUTED: "bad",
    Standing.ISSUED: "neutral",
}
_SETTLED = {
    InvoiceStatus.DRAFT: Standing.DRAFT,
    InvoiceStatus.PAID: Standing.PAID,
    InvoiceStatus.CREDITED: Standing.CREDITED,
}
# « Émis » is no question one asks: the kind is the filter for credit notes
FILTERS = tuple(standing for standing in Standing if standing != Standing.ISSUED)


def standing_of(invoice: Invoice, on: date) -> Standing:
    """The one word for the invoice on that day; late weighs more than contested, contested more than partly paid."""
    if invoice.replaced_at:
        return Standing.REPLACED
    if settled := _SETTLED.get(InvoiceStatus(invoice.status)):
        return settled
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        return Standing.ISSUED
    if invoice.is_overdue(on):
        return Standing.OVERDUE
    if invoice.disputed_at:
        return Standing.DISPUTED
    return Standing.PARTIAL if invoice.amount_paid else Standing.DUE


def days_late(invoice: Invoice, on: date) -> int:
    return (on - invoice.due_date).days if invoice.due_date and invoice.is_overdue(on) else 0


def narrowed(invoices: InvoiceQuerySet, standing: str, on: date) -> InvoiceQuerySet:
    """Only the invoices of that standing. « À payer » has all that wait for money, late and partly paid ones too."""
    if standing == Standing.DRAFT:
        return invoices.filter(status=InvoiceStatus.DRAFT)
    if standing == Standing.DUE:
        return invoices.outstanding()
    if standing == Standing.OVERDUE:
        return invoices.overdue(on=on)
    if standing == Standing.PARTIAL:
        return invoices.partially_paid()
    if standing == Standing.PAID:
        return invoices.filter(status=InvoiceStatus.PAID)
    if standing == Standing.CREDITED:
        return invoices.filter(status=InvoiceStatus.CREDITED, replaced_at=None)
    if standing == Standing.REPLACED:
        return invoices.exclude(replaced_at=None)
    if standing == Standing.DISPUTED:
        return invoices.exclude(disputed_at=None)
    return invoices
