"""Where an invoice stands, as people say it: derived from its status, its amounts and the day, never stored.

An app above may register the bad news it knows of invoices (refused by the customer, stopped on its way): it comes
before what billing itself can say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceKind, InvoiceQuerySet, InvoiceStatus


class Standing(models.TextChoices):
    """What one filters by; the value is the one in the URL."""

    DRAFT = "draft", _("Brouillon")
    TO_MEND = "to_mend", _("À corriger")
    DUE = "due", _("À payer")
    OVERDUE = "overdue", _("En retard")
    PARTIAL = "partial", _("Partiellement payée")
    PAID = "paid", _("Payée")
    WRITTEN_OFF = "written_off", _("Soldée sans paiement")
    CREDITED = "credited", _("Annulée par avoir")
    REPLACED = "replaced", _("Remplacée")
    DISPUTED = "disputed", _("Contestée")
    ISSUED = "issued", _("Émis")  # a credit note, on which no money is expected


TONES = {
    Standing.DRAFT: "neutral",
    Standing.TO_MEND: "bad",
    Standing.DUE: "info",
    Standing.OVERDUE: "bad",
    Standing.PARTIAL: "warn",
    Standing.PAID: "good",
    Standing.WRITTEN_OFF: "neutral",
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


# nothing more is asked of them, whatever is told
_OVER = (Standing.DRAFT, Standing.CREDITED, Standing.REPLACED)


@dataclass(frozen=True, slots=True)
class Chip:
    """One word on an invoice, and its colour."""

    label: str
    tone: str


@dataclass(frozen=True, slots=True)
class News:
    """What an app above knows: the chips of invoices that have bad news (one query), and only those invoices."""

    chips: Callable[[Collection[Invoice]], Mapping[int, Chip]]
    narrow: Callable[[InvoiceQuerySet], InvoiceQuerySet]


_news: list[News] = []


def register_news(news: News) -> None:
    """Called once by each app that knows more, in its AppConfig.ready."""
    _news.append(news)


def chips_of(invoices: Collection[Invoice], on: date) -> dict[int, Chip]:
    """The chip of each invoice, by its key: the worst news first, else where it stands that day."""
    standings = {invoice.pk: standing_of(invoice, on) for invoice in invoices}
    found = {pk: Chip(str(standing.label), TONES[standing]) for pk, standing in standings.items()}
    living = [invoice for invoice in invoices if standings[invoice.pk] not in _OVER]
    for news in _news if living else ():
        found |= news.chips(living)
    return found


def standing_of(invoice: Invoice, on: date) -> Standing:
    """The one word for the invoice on that day; late weighs more than contested, contested more than partly paid."""
    if invoice.replaced_at:
        return Standing.REPLACED
    if invoice.status == InvoiceStatus.PAID and invoice.amount_written_off and not invoice.amount_paid:
        return Standing.WRITTEN_OFF
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
    if standing == Standing.TO_MEND:
        for news in _news:
            invoices = news.narrow(invoices)
        return invoices
    narrow = _NARROWED.get(standing)
    return narrow(invoices, on) if narrow else invoices


_NARROWED: dict[str, Callable[[InvoiceQuerySet, date], InvoiceQuerySet]] = {
    Standing.DRAFT: lambda rows, on: rows.filter(status=InvoiceStatus.DRAFT),
    Standing.DUE: lambda rows, on: rows.outstanding(),
    Standing.OVERDUE: lambda rows, on: rows.overdue(on=on),
    Standing.PARTIAL: lambda rows, on: rows.partially_paid(),
    Standing.PAID: lambda rows, on: rows.filter(status=InvoiceStatus.PAID),
    Standing.WRITTEN_OFF: lambda rows, on: rows.filter(
        status=InvoiceStatus.PAID, amount_written_off__gt=0, amount_paid=0
    ),
    Standing.CREDITED: lambda rows, on: rows.filter(status=InvoiceStatus.CREDITED, replaced_at=None),
    Standing.REPLACED: lambda rows, on: rows.exclude(replaced_at=None),
    Standing.DISPUTED: lambda rows, on: rows.exclude(disputed_at=None),
}
