"""Which invoices a partner asks for, in the seed's own parameters; they combine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from rest_framework import serializers

from billing.api.invoices import vocabulary
from billing.api.invoices.shapes import InvoiceRow
from billing.models import Invoice, InvoiceKind, InvoiceLine, InvoiceQuerySet, InvoiceStatus
from config.kernel.api.expand import Expandable
from config.kernel.api.fields import Day, Id, Page
from config.kernel.folding import holds

SEARCHED = ("number", "buyer_name", "external_reference", "abby_invoice_id", "abby_invoice_number")


class InvoiceQuery(Page):
    status = serializers.ChoiceField(vocabulary.STATUSES, required=False)
    payment_status = serializers.ChoiceField(vocabulary.PAYMENT_STATUSES, required=False)
    kind = serializers.ChoiceField(
        vocabulary.KIND_NAMES, required=False, help_text="Every kind but credit notes where it is not said."
    )
    customer_id = Id(required=False)
    from_date = Day(required=False, help_text="By invoice_date; a draft without one is left out.")
    to_date = Day(required=False)
    overdue = serializers.BooleanField(required=False, help_text="true: only those past their due date.")
    abby_invoice_id = serializers.CharField(required=False, max_length=100)
    abby_invoice_number = serializers.CharField(required=False, max_length=40)
    q = serializers.CharField(
        required=False,
        max_length=100,
        help_text="A part of the number, of the reference, of the customer's name or of what Abby calls the copy.",
    )


def billed_rows() -> InvoiceQuerySet:
    """The invoices in scope, credit notes aside."""
    found: InvoiceQuerySet = Invoice.objects.exclude(kind=InvoiceKind.CREDIT_NOTE)
    return found


def filtered(query: Mapping[str, Any], on: date) -> InvoiceQuerySet:
    """The rows that the parameters select, as the list shows them: one query whatever their number."""
    rows: InvoiceQuerySet = (
        Invoice.objects.filter(kind=vocabulary.KINDS[query["kind"]]) if "kind" in query else billed_rows()
    )
    if "status" in query:
        rows = rows.filter(vocabulary.has_status(query["status"], on))
    if "payment_status" in query:
        rows = vocabulary.with_payment_status(rows, query["payment_status"])
    if "customer_id" in query:
        rows = rows.filter(customer_id=query["customer_id"])
    for name in ("abby_invoice_id", "abby_invoice_number"):
        if query.get(name):
            rows = rows.filter(**{name: query[name]})
    if "from_date" in query:
        rows = rows.filter(_dated(gte=query["from_date"]))
    if "to_date" in query:
        rows = rows.filter(_dated(lte=query["to_date"]))
    if query.get("overdue"):
        rows = rows.filter(vocabulary.is_overdue(on))
    if query.get("q"):
        rows = rows.filter(_matching(query["q"]))
    return listed(rows)


def listed(rows: InvoiceQuerySet) -> InvoiceQuerySet:
    """What `InvoiceRow` reads, without a query per row."""
    counts = InvoiceLine.objects.filter(invoice=OuterRef("pk")).order_by().values("invoice").annotate(n=Count("pk"))
    number = Coalesce(Subquery(counts.values("n"), output_field=IntegerField()), 0)
    found: InvoiceQuerySet = rows.select_related("customer").annotate(items_count=number)
    return found


INVOICE = Expandable(InvoiceRow, lambda: listed(Invoice.objects.all()), area="invoices")


def _dated(**bound: date) -> Q:
    """By `invoice_date` as it is shown: the day of issue, or the day asked for on a draft."""
    ((lookup, day),) = bound.items()
    draft_day = Q(status=InvoiceStatus.DRAFT, **{f"supply_date__{lookup}": day})
    return Q(**{f"issue_date__{lookup}": day}) | draft_day


def _matching(text: str) -> Q:
    return holds(text, *SEARCHED)
