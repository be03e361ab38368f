"""Payments by card asked of the provider: the list, and those that a person should look at."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from payments.checkouts.following import settle_alert
from payments.checkouts.models import Checkout, CheckoutStatus
from payments.collecting_columns import CHECKOUTS
from payments.list_filters import CheckoutFilter

TONES = {
    CheckoutStatus.NEW: "neutral",
    CheckoutStatus.OPEN: "info",
    CheckoutStatus.PAID: "good",
    CheckoutStatus.EXPIRED: "neutral",
    CheckoutStatus.FAILED: "warn",
}


@require_GET
@member("payments")
def checkout_list(request: HttpRequest) -> HttpResponse:
    to_check = request.GET.get("shown") == "alerts"
    found = Checkout.objects.exclude(alert="") if to_check else Checkout.objects.all()
    filters = CheckoutFilter(request.GET)
    rows = filters.narrow(found.select_related("invoice__customer", "payment"))
    listed = open_list(request, CHECKOUTS, rows, sorts={"date": "created_at"}, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    choices = [("all", _("Tous"), not to_check), ("alerts", _("À vérifier"), to_check)]
    context = {
        "listed": listed,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "page": listed.page,
        "summary": summary_of(rows, "amount"),
        "rows": [{"checkout": row, "tone": TONES[CheckoutStatus(row.status)]} for row in listed.page],
        "tabs": [{"label": label, "url": f"?shown={key}", "active": active} for key, label, active in choices],
        "may_record": cast(MemberRequest, request).membership.may("payments.record"),
    }
    return render(request, "payments/checkout/list.html", context)


@require_POST
@member("payments.record")
def checkout_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has looked at what was odd."""
    rows = Checkout.objects.select_related("invoice__customer", "account")
    checkout: Checkout = get_object_or_404(rows, pk=pk)
    settle_alert(checkout=checkout, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Paiement par carte vérifié."))
    return redirect("payments:checkout-list")
