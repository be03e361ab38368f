"""The list of invoices: its filter, its totals, and what may be done with the drafts chosen there."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

from django.db.models import Case, CharField, Count, DateField, Q, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from billing.billed import GROSS, NET, VAT, billed
from billing.columns import INVOICES
from billing.forms.invoices import InvoiceFilter
from billing.models import BALANCE, Invoice, InvoiceKind, InvoiceQuerySet, InvoiceStatus
from billing.panels import list_action_for
from billing.standing import Chip, chips_of, days_late
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.bulk.offering import offer
from config.kernel.clock import local_day
from config.kernel.lists.shown import ShownList, open_list

SORTS: dict[str, Any] = {
    "created": "created_at",
    "number": Coalesce("number", Value(""), output_field=CharField()),
    "customer": "buyer_name",
    "date": Coalesce("issue_date", TruncDate("created_at"), output_field=DateField()),
    "due": Coalesce("due_date", Value(date.max), output_field=DateField()),
    "total": "total_gross",
    "remaining": BALANCE,
}


@require_GET
@member("invoices")
def invoice_list(request: HttpRequest) -> HttpResponse:
    today = local_day(timezone.now())
    filters = InvoiceFilter(request.GET)
    found = filters.narrow(Invoice.objects.all(), on=today)
    rows = found.select_related("customer")
    listed = open_list(request, INVOICES, rows, sorts=SORTS, default="-created")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    shown = list(page)
    chips = chips_of(shown, today)
    may = cast(MemberRequest, request).membership.may
    action = list_action_for(shown, may)
    bulk = offer(request, "invoices", page, found, pages=[action] if action else [])
    context = {
        "listed": listed,
        "page": page,
        "bulk": bulk,
        "rows": [_row(invoice, today, chips[invoice.pk]) for invoice in shown],
        "q": filters.value("q") or "",
        "filters": filters.choices(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": _summary(found),
        "may_edit": may("invoices.edit"),
    }
    return render(request, "billing/invoice/list.html", context)


def _row(invoice: Invoice, today: date, chip: Chip) -> dict[str, Any]:
    sign = -1 if invoice.is_credit_note else 1
    return {
        "invoice": invoice,
        "label": chip.label,
        "tone": chip.tone,
        "late": days_late(invoice, today),
        "total": sign * invoice.total_gross,
        "remaining": invoice.balance if invoice.can_be_paid else None,
    }


def _summary(found: InvoiceQuerySet) -> str:
    """The totals of the whole filter, drafts included, a currency after the other, in one query."""
    waits = When(status=InvoiceStatus.ISSUED, kind__in=[kind for kind in InvoiceKind if kind != "381"], then=BALANCE)
    grouped: Any = found.order_by().values("currency")
    rows = grouped.annotate(
        rows=Count("pk", filter=~Q(kind=InvoiceKind.CREDIT_NOTE)),
        credits=Count("pk", filter=Q(kind=InvoiceKind.CREDIT_NOTE)),
        net=billed(NET),
        vat=billed(VAT),
        gross=billed(GROSS),
        remaining=Sum(Case(waits, default=Value(Decimal("0.00")))),
    )
    return " · ".join(_figures(row) for row in rows.order_by("currency"))


def _figures(sums: dict[str, Any]) -> str:
    summary = ngettext("%(rows)s facture", "%(rows)s factures", sums["rows"]) % {
        "rows": typography.number(sums["rows"])
    }
    if sums["credits"]:
        notes = ngettext("%(rows)s avoir", "%(rows)s avoirs", sums["credits"])
        summary = f"{summary}, {notes % {'rows': typography.number(sums['credits'])}}"
    figures = _("HT %(net)s · TVA %(vat)s · TTC %(gross)s · reste à payer %(remaining)s") % {
        name: typography.money(sums[name] or 0, sums["currency"]) for name in ("net", "vat", "gross", "remaining")
    }
    return f"{summary} · {figures}"
