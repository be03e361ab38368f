"""The list of orders: its filter, its totals, and where each order stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from billing.columns import ORDERS
from billing.forms.orders import OrderFilter
from billing.models import OrderStatus, SalesOrder
from billing.order_standing import standing_of
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.bulk.offering import offer
from config.kernel.lists.shown import ShownList, open_list

SORTS: dict[str, Any] = {
    "created": "created_at", "number": "number", "customer": "customer__name", "date": "order_date",
    "total": "total_gross",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class GenerateInvoices:
    """Of the chosen orders that are shipped and not billed."""

    icon: str = "invoice"
    replaces: frozenset[str] = frozenset({"generate"})

    @property
    def label(self) -> str:
        return _("Générer les factures")

    @property
    def url(self) -> str:
        return reverse("billing:order-invoice-many")


@require_GET
@member("orders")
def order_list(request: HttpRequest) -> HttpResponse:
    filters = OrderFilter(request.GET)
    found = filters.narrow(SalesOrder.objects.all())
    orders = found.select_related("customer")
    listed = open_list(request, ORDERS, orders, sorts=SORTS, default="-created")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    may = cast(MemberRequest, request).membership.may
    rows = [
        {
            "order": order,
            **standing_of(order, invoiced=order.invoiced),
            "takes": may("invoices.edit") and order.status == OrderStatus.SHIPPED and not order.invoiced,
        }
        for order in page
    ]
    takes = any(row["takes"] for row in rows)
    bulk = offer(request, "orders", page, found, pages=[GenerateInvoices()] if takes else [])
    context = {
        "listed": listed,
        "page": page,
        "bulk": bulk,
        "rows": rows,
        "takes": takes,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": _summary(found),
        "may_edit": may("orders.edit"),
    }
    return render(request, "billing/order/list.html", context)


def _summary(found: QuerySet[SalesOrder]) -> str:
    """The totals of the whole filter, a currency after the other, in one query."""
    grouped: Any = found.order_by().values("currency")
    rows = grouped.annotate(rows=Count("pk"), net=Sum("total_net"), gross=Sum("total_gross"))
    return " · ".join(_figures(row) for row in rows.order_by("currency"))


def _figures(sums: dict[str, Any]) -> str:
    summary = ngettext("%(rows)s commande", "%(rows)s commandes", sums["rows"]) % {
        "rows": typography.number(sums["rows"])
    }
    figures = _("HT %(net)s · TTC %(gross)s") % {
        name: typography.money(sums[name], sums["currency"]) for name in ("net", "gross")
    }
    return f"{summary} · {figures}"
