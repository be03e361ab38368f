"""« Achats › Fournisseurs »: who bills us, what we owe them, the accounts that are known of them."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from billing.forms.purchases.filters import SupplierFilter
from billing.purchases.columns import SUPPLIERS
from billing.purchases.models import PurchaseInvoice, SupplierRule
from billing.purchases.owed import account_of, suppliers_with_owed
from billing.purchases.standing import chip_of, with_standing
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.clock import local_day
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.timeline import timeline_of
from customers.models import Address, Customer, CustomerQuerySet

SORTS: dict[str, Any] = {"name": "name", "owed": "owed", "created": "created_at"}
LAST = 10


def load_supplier(pk: int) -> Customer:
    rows = Customer.objects.suppliers().select_related("company", "terms")
    return cast(Customer, get_object_or_404(rows, pk=pk))


@require_GET
@member("purchases")
def supplier_list(request: HttpRequest) -> HttpResponse:
    filters = SupplierFilter(request.GET)
    found = filters.narrow(suppliers_with_owed())
    rows = found.select_related("terms", "purchase_rule")
    listed = open_list(request, SUPPLIERS, rows, sorts=SORTS, default="name")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    context = {
        "listed": listed,
        "page": page,
        "q": filters.value("q"),
        "filters": filters.controls(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": _summary(found),
        "may_edit": cast(MemberRequest, request).membership.may("purchases.edit"),
    }
    return render(request, "billing/purchases/supplier/list.html", context)


def _summary(found: CustomerQuerySet) -> str:
    sums = found.aggregate(rows=Count("pk"), sum=Sum("owed"))
    if not (rows := sums["rows"]):
        return ""
    counted = ngettext("%(rows)s fournisseur", "%(rows)s fournisseurs", rows) % {"rows": typography.number(rows)}
    return f"{counted} · {_('reste à régler %(owed)s') % {'owed': typography.money(sums['sum'])}}"


def _menu(supplier: Customer, may: Any) -> list[dict[str, Any]]:
    """The other side of the third party: its record as a customer, or the act that makes it one."""
    if supplier.is_customer:
        return [{"label": _("Ouvrir sa fiche client"), "url": supplier.get_absolute_url(), "icon": "users"}]
    bill_too = reverse("billing:supplier-bill-too", args=[supplier.pk])
    become = {"label": _("En faire aussi un client"), "url": bill_too, "icon": "users", "post": True}
    return [become] if may("customers.edit") else []


@require_GET
@member("purchases")
def supplier_detail(request: HttpRequest, pk: int) -> HttpResponse:
    supplier = load_supplier(pk)
    today = local_day(timezone.now())
    membership = cast(MemberRequest, request).membership
    may_bill = membership.may("purchases.edit") and supplier.archived_at is None
    last = with_standing(PurchaseInvoice.objects.filter(supplier=supplier)).order_by("-issue_date", "-id")[:LAST]
    context = {
        "supplier": supplier,
        "address": Address.objects.filter(customer=supplier).order_by("kind", "id").first(),
        "rule": SupplierRule.objects.filter(supplier=supplier).first(),
        "ibans": list(supplier.ibans.select_related("confirmed_by").order_by("rejected_at", "-seen_at")),
        "account": account_of(supplier, on=today),
        "purchases": [{"purchase": row, "chip": chip_of(row, today)} for row in last],
        "list_url": f"{reverse('billing:purchase-list')}?supplier={supplier.pk}",
        "timeline": timeline_of(supplier, membership.role),
        "may_edit": membership.may("purchases.edit") and supplier.archived_at is None,
        "action_url": f"{reverse('billing:purchase-new')}?supplier={supplier.pk}" if may_bill else "",
        "menu": _menu(supplier, membership.may),
        "may_confirm": membership.may("purchases.pay"),
    }
    return render(request, "billing/purchases/supplier/detail.html", context)
