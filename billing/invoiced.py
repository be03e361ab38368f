"""Whether an order has its final invoice, alone or with others, for SQL; `final_invoice_of` says it of one."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from billing.models import Invoice, InvoiceQuerySet


def is_invoiced() -> Exists:
    """Of each order of a query. Two look-ups by key."""
    return Exists(_alone()) | Exists(_with_others())  # type: ignore[return-value]  # Django combines them into a Q


def invoice_key() -> Combinable:
    """The key of the invoice of each order; null where it has none."""
    return Coalesce(Subquery(_alone().values("pk")[:1]), Subquery(_with_others().values("pk")[:1]))


def _alone() -> InvoiceQuerySet:
    found: InvoiceQuerySet = Invoice.everywhere.filter(order=OuterRef("pk")).in_force()
    return found


def _with_others() -> InvoiceQuerySet:
    found: InvoiceQuerySet = Invoice.everywhere.filter(pk=OuterRef("billed_by")).in_force()
    return found
