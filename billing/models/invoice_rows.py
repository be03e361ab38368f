"""Invoices by their kind and their state: which are owed, late, in force or deductible, and what remains of each."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.utils.translation import gettext_lazy as _

from config.kernel.scope import ScopedManager
from customers.models import Customer

if TYPE_CHECKING:
    from billing.models.invoices import Invoice  # noqa: F401 - named in quotes below


class InvoiceKind(models.TextChoices):
    """BT-3, UNTDID 1001."""

    INVOICE = "380", _("Facture")
    CREDIT_NOTE = "381", _("Avoir")
    CORRECTED = "384", _("Facture rectificative")
    DEPOSIT = "386", _("Facture d’acompte")


class InvoiceStatus(models.TextChoices):
    DRAFT = "DRAFT", _("Brouillon")
    ISSUED = "ISSUED", _("Émise")
    PAID = "PAID", _("Payée")
    CREDITED = "CREDITED", _("Annulée par avoir")


def settled_of(prefix: str = "") -> Any:
    """What no longer has to be paid, for SQL, of the invoice at the end of `prefix`."""
    taken = ("amount_deposited", "amount_paid", "amount_credited", "amount_written_off")
    first, *others = (F(f"{prefix}{column}") for column in taken)
    return sum(others, start=first)


def owed_of(prefix: str = "") -> Any:
    """What remains to be paid, for SQL, of the invoice at the end of `prefix`: `Invoice.balance` says the same."""
    return F(f"{prefix}total_gross") - settled_of(prefix)


def in_books(amount: Any, prefix: str = "") -> Any:
    """An amount of an issued invoice in the currency of the books, for SQL, at the rate that issuing froze."""
    return Round(amount / F(f"{prefix}exchange_rate"), 2)


SETTLED = settled_of()
BALANCE = owed_of()


# the final invoice of an order: once issued, a corrected invoice stands where the cancelled one did
IN_FORCE = Q(kind="380") & ~Q(status="CREDITED") | Q(kind="384", status__in=["ISSUED", "PAID"])


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def issued(self) -> InvoiceQuerySet:
        return self.exclude(status=InvoiceStatus.DRAFT)

    def outstanding(self) -> InvoiceQuerySet:
        """Issued invoices on which money is still expected (credit notes are not)."""
        return self.filter(status=InvoiceStatus.ISSUED).exclude(kind=InvoiceKind.CREDIT_NOTE)

    def overdue(self, *, on: date) -> InvoiceQuerySet:
        return self.outstanding().filter(due_date__lt=on)

    def partially_paid(self) -> InvoiceQuerySet:
        return self.outstanding().filter(amount_paid__gt=0)

    def in_force(self) -> InvoiceQuerySet:
        """The final invoices, drafts included, that nothing cancelled or replaced: at most one per order."""
        return self.filter(IN_FORCE)

    def of_order(self, order: Any) -> InvoiceQuerySet:
        """Those made of the order, alone or with others."""
        return self.filter(Q(order=order) | Q(grouped_orders=order))

    def oldest_debt_first(self) -> InvoiceQuerySet:
        """In the order in which money pays them when its payer names none (art. 1342-10 C. civ.), contested last."""
        return self.order_by(F("disputed_at").asc(nulls_first=True), "due_date", "id")

    def for_customer(self, customer: Customer) -> InvoiceQuerySet:
        return self.filter(customer=customer)

    def with_balance(self) -> InvoiceQuerySet:
        return self.annotate(open_balance=BALANCE)

    def deductible(self) -> InvoiceQuerySet:
        """Issued deposits (386) that no credit note touches and no final invoice deducts yet."""
        whole = self.issued().filter(kind=InvoiceKind.DEPOSIT, amount_credited=0)
        return whole.exclude(deducted_by__is_live=True)


class InvoiceManager(ScopedManager["Invoice"].from_queryset(InvoiceQuerySet)):  # type: ignore[misc]  # dynamic base
    pass
