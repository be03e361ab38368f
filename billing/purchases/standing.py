"""Where a purchase stands, as people say it, the worst news first: derived from columns and the day, never stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from billing.models import InvoiceKind
from billing.purchases.models import PurchaseInvoice, PurchaseQuerySet, PurchaseStatus, SupplierIban
from billing.purchases.models.invoices import ENDED
from billing.standing import Chip


class Standing(models.TextChoices):
    """What one filters by; the value is the one in the URL."""

    DOUBTFUL = "doubtful", _("Points à vérifier")
    DISPUTED = "disputed", _("En litige")
    NEW_IBAN = "new_iban", _("IBAN à confirmer")
    TO_CHECK = "to_check", _("À vérifier")
    TO_APPROVE = "to_approve", _("À approuver")
    APPROVED = "approved", _("Bon à payer")
    OVERDUE = "overdue", _("En retard")
    DUE = "due", _("À payer")
    PARTIAL = "partial", _("Partiellement réglée")
    TO_USE = "to_use", _("Avoir à imputer")
    PAID = "paid", _("Réglée")
    REFUSED = "refused", _("Refusée")
    REPLACED = "replaced", _("Remplacée")


TONES = {
    Standing.DOUBTFUL: "bad",
    Standing.DISPUTED: "bad",
    Standing.NEW_IBAN: "bad",
    Standing.TO_CHECK: "warn",
    Standing.TO_APPROVE: "warn",
    Standing.APPROVED: "info",
    Standing.OVERDUE: "bad",
    Standing.DUE: "info",
    Standing.PARTIAL: "warn",
    Standing.TO_USE: "info",
    Standing.PAID: "good",
    Standing.REFUSED: "neutral",
    Standing.REPLACED: "neutral",
}
_OVER = {
    PurchaseStatus.PAID: Standing.PAID,
    PurchaseStatus.REFUSED: Standing.REFUSED,
    PurchaseStatus.REPLACED: Standing.REPLACED,
}
_UNDER_WAY = {
    PurchaseStatus.TO_CHECK: Standing.TO_CHECK,
    PurchaseStatus.TO_APPROVE: Standing.TO_APPROVE,
    PurchaseStatus.APPROVED: Standing.APPROVED,
}
_LIVING = ~Q(status__in=[*ENDED, PurchaseStatus.PAID])
_CREDIT_NOTE = Q(kind=InvoiceKind.CREDIT_NOTE)


def waits_for_iban() -> Any:
    """Whether the account that the document asks to pay is one that no person has confirmed, as a SQL condition."""
    confirmed = SupplierIban.objects.filter(supplier=OuterRef("supplier"), iban=OuterRef("iban")).exclude(
        confirmed_at=None
    )
    return _LIVING & ~Q(iban="") & ~_CREDIT_NOTE & ~Exists(confirmed)


def with_standing(purchases: PurchaseQuerySet) -> PurchaseQuerySet:
    """The rows with `iban_waits`, which `standing_of` reads. No further query."""
    marked: PurchaseQuerySet = purchases.annotate(
        iban_waits=models.Case(models.When(waits_for_iban(), then=True), default=False)
    )
    return marked


def standing_of(purchase: PurchaseInvoice, on: date) -> Standing:
    """The one word for the purchase on that day, of a row that comes from `with_standing`."""
    if over := _OVER.get(PurchaseStatus(purchase.status)):
        return over
    if purchase.doubts and purchase.can_change:
        return Standing.DOUBTFUL
    if purchase.disputed_at:
        return Standing.DISPUTED
    if purchase.iban_waits:  # type: ignore[attr-defined]  # annotated
        return Standing.NEW_IBAN
    if under_way := _UNDER_WAY.get(PurchaseStatus(purchase.status)):
        return under_way
    if purchase.is_credit_note:
        return Standing.TO_USE
    if purchase.due_date < on:
        return Standing.OVERDUE
    return Standing.PARTIAL if purchase.amount_paid or purchase.amount_credited else Standing.DUE


def chip_of(purchase: PurchaseInvoice, on: date) -> Chip:
    standing = standing_of(purchase, on)
    return Chip(str(standing.label), TONES[standing])


def days_late(purchase: PurchaseInvoice, on: date) -> int:
    owed = purchase.status == PurchaseStatus.BOOKED and not purchase.is_credit_note
    return max((on - purchase.due_date).days, 0) if owed else 0


def narrowed(purchases: PurchaseQuerySet, standing: str, on: date) -> PurchaseQuerySet:
    """Only those of that standing. « À payer » has all that wait for money, late, disputed and partly paid ones too."""
    narrow = _NARROWED.get(standing)
    return narrow(purchases, on) if narrow else purchases


def _owed(rows: PurchaseQuerySet, _on: date | None = None) -> PurchaseQuerySet:
    owed: PurchaseQuerySet = rows.owed().exclude(kind=InvoiceKind.CREDIT_NOTE)
    return owed


_NARROWED: dict[str, Callable[[PurchaseQuerySet, date], PurchaseQuerySet]] = {
    Standing.DOUBTFUL: lambda rows, on: rows.filter(
        status__in=[PurchaseStatus.TO_CHECK, PurchaseStatus.TO_APPROVE]
    ).exclude(doubts=[]),
    Standing.DISPUTED: lambda rows, on: rows.filter(_LIVING).exclude(disputed_at=None),
    Standing.NEW_IBAN: lambda rows, on: rows.filter(waits_for_iban()),
    # those with doubts stand under their own word
    Standing.TO_CHECK: lambda rows, on: rows.filter(status=PurchaseStatus.TO_CHECK, doubts=[]),
    Standing.TO_APPROVE: lambda rows, on: rows.filter(status=PurchaseStatus.TO_APPROVE),
    Standing.APPROVED: lambda rows, on: rows.filter(status=PurchaseStatus.APPROVED),
    Standing.OVERDUE: lambda rows, on: rows.overdue(on=on),
    Standing.DUE: _owed,
    Standing.PARTIAL: lambda rows, on: _owed(rows).exclude(amount_paid=0, amount_credited=0),
    Standing.TO_USE: lambda rows, on: rows.owed().filter(_CREDIT_NOTE),
    Standing.PAID: lambda rows, on: rows.filter(status=PurchaseStatus.PAID),
    Standing.REFUSED: lambda rows, on: rows.filter(status=PurchaseStatus.REFUSED),
    Standing.REPLACED: lambda rows, on: rows.filter(status=PurchaseStatus.REPLACED),
}
