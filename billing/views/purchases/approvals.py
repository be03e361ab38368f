"""« Achats › À approuver »: what waits for the reader's « bon à payer », one after the other or many at once."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from billing.models import PurchaseInvoice
from billing.purchases.approving import approve_purchase, may_approve
from billing.purchases.awaiting import awaiting
from billing.purchases.models import PurchaseQuerySet
from billing.purchases.standing import chip_of, with_standing
from billing.views.purchases.acts import entry_facts
from billing.views.purchases.records import load_purchase
from config.kernel import listing
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.middleware import say
from config.kernel.sent_once import sent_once

SORTS: dict[str, Any] = {"due": "due_date", "supplier": "supplier__name", "total": "total_gross"}
MOST = 50


def waiting_for(request: HttpRequest) -> PurchaseQuerySet:
    """What waits for the reader, with what the list shows of it."""
    membership = cast(MemberRequest, request).membership
    rows = awaiting(
        PurchaseInvoice.objects.all(),
        user_id=cast(MemberRequest, request).user.pk,
        role=membership.role,
        company_id=membership.company_id,
        on=local_day(timezone.now()),
    )
    return with_standing(rows.select_related("supplier"))


@require_GET
@member("purchases.approve")
def approval_list(request: HttpRequest) -> HttpResponse:
    today = local_day(timezone.now())
    page = listing.page(waiting_for(request), sorts=SORTS, default="due", query=request.GET)
    rows = [{"purchase": row, "chip": chip_of(row, today)} for row in page]
    return render(request, "billing/purchases/approvals.html", {"page": page, "rows": rows})


@require_GET
@member("purchases.approve")
def approval_next(request: HttpRequest) -> HttpResponse:
    """To the first one that the reader may approve, the earliest due first; `?after=` is passed over."""
    return redirect(_next(request, request.GET.get("after", "")))


def _next(request: HttpRequest, after: str) -> str:
    """The address of the next one, '' … of the list where none is left."""
    today, user_id = local_day(timezone.now()), cast(MemberRequest, request).user.pk
    rows = waiting_for(request).order_by("due_date", "pk")
    if after.isascii() and after.isdigit() and len(after) < 20:
        here = PurchaseInvoice.objects.filter(pk=int(after)).values_list("due_date", "pk").first()
        rest = [row for row in rows if here is None or (row.due_date, row.pk) > here]
    else:
        rest = list(rows[:MOST])
    found = next((row for row in rest[:MOST] if may_approve(row, user_id, on=today)), None)
    return reverse("billing:approval-one", args=[found.pk]) if found else reverse("billing:approval-list")


@require_http_methods(["GET", "POST"])
@member("purchases.approve")
@sent_once
def approval_one(request: HttpRequest, pk: int) -> HttpResponse:
    """One of the queue with what would be booked: Enter approves and goes to the next, n passes it over."""
    purchase = load_purchase(pk)
    if request.method == "POST":
        approve_purchase(purchase=purchase, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Bon à payer donné à %(number)s.") % {"number": purchase.number})
        return redirect(_next(request, ""))
    today = local_day(timezone.now())
    context = {
        "purchase": purchase,
        "chip": chip_of(purchase, today),
        "lines": [{"line": line} for line in purchase.lines.order_by("position")],
        "entry": entry_facts(purchase),
        "may": may_approve(purchase, cast(MemberRequest, request).user.pk, on=today),
    }
    return render(request, "billing/purchases/approval.html", context)


@require_http_methods(["GET", "POST"])
@member("purchases.approve")
@sent_once
def approval_many(request: HttpRequest) -> HttpResponse:
    """Those chosen in the list, shown once more before they are approved; each stands for itself."""
    asked = request.POST if request.method == "POST" else request.GET
    keys = {int(key) for key in asked.getlist("purchase")[:MOST] if key.isascii() and key.isdigit() and len(key) < 20}
    rows = list(waiting_for(request).filter(pk__in=keys).order_by("due_date", "pk"))
    if request.method == "POST":
        _approve_each(request, rows)
        return redirect("billing:approval-list")
    today, user_id = local_day(timezone.now()), cast(MemberRequest, request).user.pk
    shown = [{"purchase": row, "may": may_approve(row, user_id, on=today)} for row in rows]
    return render(request, "billing/purchases/approval_many.html", {"rows": shown, "any": any(r["may"] for r in shown)})


def _approve_each(request: HttpRequest, rows: list[PurchaseInvoice]) -> None:
    done = 0
    for row in rows:
        try:
            approve_purchase(purchase=row, actor=actor_of(request), at=timezone.now())
            done += 1
        except DomainError as error:
            messages.error(request, f"{row.number} : {say(error)}")
    if done:
        given = ngettext("%(count)s bon à payer donné.", "%(count)s bons à payer donnés.", done)
        messages.success(request, given % {"count": done})
