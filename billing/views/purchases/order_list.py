"""« Achats › Commandes »: the list of orders to suppliers, where each stands, and the totals of its filter."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from billing.forms.purchases.orders import PurchaseOrderFilter
from billing.purchases.columns import PURCHASE_ORDERS
from billing.purchases.models import PurchaseOrder
from billing.purchases.order_standing import chip_of_order
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.clock import local_day
from config.kernel.lists.shown import ShownList, open_list

SORTS: dict[str, Any] = {
    "created": "created_at", "number": "number", "supplier": "supplier__name", "date": "order_date",
    "total": "total_net",
}  # fmt: skip


@require_GET
@member("purchases")
def purchase_order_list(request: HttpRequest) -> HttpResponse:
    filters = PurchaseOrderFilter(request.GET)
    found = filters.narrow(PurchaseOrder.objects.all(), on=local_day(timezone.now()))
    records = found.select_related("supplier")
    listed = open_list(request, PURCHASE_ORDERS, records, sorts=SORTS, default="-created")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    rows = [{"order": order, "chip": chip_of_order(cast(Any, order).standing)} for order in page]
    context = {
        "listed": listed,
        "page": page,
        "rows": rows,
        "q": filters.value("q") or "",
        "filters": filters.choices(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": _summary(found),
        "may_edit": cast(MemberRequest, request).membership.may("purchases.edit"),
    }
    return render(request, "billing/purchases/order/list.html", context)


def _summary(found: QuerySet[PurchaseOrder]) -> str:
    """The totals of the whole filter in one query, a currency after the other."""
    sums: Any = (
        found.order_by().values("currency").annotate(rows=Count("pk"), net=Sum("total_net")).order_by("currency")
    )
    return " · ".join(_figures(row) for row in sums)


def _figures(row: dict[str, Any]) -> str:
    counted = ngettext("%(rows)s commande", "%(rows)s commandes", row["rows"]) % {
        "rows": typography.number(row["rows"])
    }
    return f"{counted} · {_('HT %(net)s') % {'net': typography.money(row['net'], row['currency'])}}"
