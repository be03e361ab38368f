"""« Achats › Factures »: the list of supplier invoices, the totals of its filter, and its export."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.db.models import Case, Count, F, Q, Sum, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from billing.forms.purchases.filters import PurchaseFilter
from billing.models import InvoiceKind
from billing.purchases.columns import PURCHASES
from billing.purchases.models import PurchaseInvoice, PurchaseQuerySet, PurchaseStatus
from billing.purchases.models.invoices import SETTLED
from billing.purchases.standing import chip_of, days_late, with_standing
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.bulk.offering import offer
from config.kernel.clock import local_day
from config.kernel.lists.shown import ShownList, open_list

BALANCE = F("total_gross") - SETTLED
SORTS: dict[str, Any] = {
    "received": "received_on",
    "supplier": "supplier__name",
    "number": "number",
    "date": "issue_date",
    "due": "due_date",
    "total": "total_gross",
    "remaining": BALANCE,
}


@require_GET
@member("purchases")
def purchase_list(request: HttpRequest) -> HttpResponse:
    today = local_day(timezone.now())
    filters = PurchaseFilter(request.GET)
    found = filters.narrow(PurchaseInvoice.objects.all(), on=today)
    rows = with_standing(found).select_related("supplier")
    membership = cast(MemberRequest, request).membership
    listed = open_list(request, PURCHASES, rows, sorts=SORTS, default="-received")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    context = {
        "listed": listed,
        "page": page,
        "bulk": offer(request, "purchases", page, found),
        "rows": [_row(purchase, today) for purchase in page],
        "q": filters.value("q") or "",
        "filters": filters.choices(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": _summary(found),
        "may_edit": membership.may("purchases.edit"),
    }
    return render(request, "billing/purchases/list.html", context)


def _row(purchase: PurchaseInvoice, today: date) -> dict[str, Any]:
    return {
        "purchase": purchase,
        "chip": chip_of(purchase, today),
        "late": days_late(purchase, today),
        "total": purchase.sign * purchase.total_gross,
        "remaining": purchase.sign * purchase.balance if purchase.status == PurchaseStatus.BOOKED else None,
    }


def _summary(found: PurchaseQuerySet) -> str:
    """The totals of the whole filter in one query, a currency after the other; credit notes take off."""
    credit = Q(kind=InvoiceKind.CREDIT_NOTE)
    sums = {name: Sum(Case(When(credit, then=-F(f"total_{name}")), default=f"total_{name}")) for name in _TOTALS}
    owed = Sum(Case(When(credit, then=-BALANCE), default=BALANCE), filter=Q(status=PurchaseStatus.BOOKED))
    rows: Any = found.order_by().values("currency").annotate(rows=Count("pk"), owed=owed, **sums).order_by("currency")
    return " · ".join(_figures(row) for row in rows)


_TOTALS = ("net", "vat", "gross")


def _figures(row: dict[str, Any]) -> str:
    counted = ngettext("%(rows)s facture", "%(rows)s factures", row["rows"]) % {"rows": typography.number(row["rows"])}
    figures = _("HT %(net)s · TVA %(vat)s · TTC %(gross)s · reste à régler %(owed)s") % {
        name: typography.money(row[name] or 0, row["currency"]) for name in (*_TOTALS, "owed")
    }
    return f"{counted} · {figures}"
