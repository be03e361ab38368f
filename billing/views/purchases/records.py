"""The record of a purchase: what the document says, how it is booked, what settles it, what happened."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.ledger import account_names
from billing.ledger.chart import AccountNames
from billing.models import JournalEntry
from billing.panels import choose
from billing.purchases.approving import approvals_of, awaited_of
from billing.purchases.matching import compare_lines, order_of, settings_of
from billing.purchases.models import PurchaseInvoice, PurchaseStatus
from billing.purchases.panels import contributed_actions, panels_of, parts_of
from billing.purchases.proposing import explain
from billing.purchases.regimes import SELF_ASSESSED
from billing.purchases.standing import chip_of, days_late, with_standing
from billing.views.purchases.actions import own_actions, points_of
from config.kernel.access import MemberRequest, member
from config.kernel.clock import local_day
from config.kernel.timeline import timeline_of


def load_purchase(pk: int) -> PurchaseInvoice:
    rows = with_standing(PurchaseInvoice.objects.select_related("company", "supplier__terms", "corrects"))
    return get_object_or_404(rows, pk=pk)


@require_GET
@member("purchases")
def purchase_detail(request: HttpRequest, pk: int) -> HttpResponse:
    purchase = load_purchase(pk)
    today = local_day(timezone.now())
    membership = cast(MemberRequest, request).membership
    user_id = cast(MemberRequest, request).user.pk
    actions = [*contributed_actions(purchase, today), *own_actions(purchase, user_id=user_id, on=today)]
    primary, menu = choose(actions, membership.may)
    names = account_names(purchase.company_id)
    context = {
        "purchase": purchase,
        "chip": chip_of(purchase, today),
        "late": days_late(purchase, today),
        "primary": primary,
        "menu": menu,
        "doubts": [
            {**point, "url": point["url"] if membership.may(point["needs"]) else ""} for point in points_of(purchase)
        ],
        "approvals": approvals_of(purchase),
        "awaited": awaited_of(purchase) if purchase.status == PurchaseStatus.TO_APPROVE else [],
        "may_edit": purchase.can_change and membership.may("purchases.edit"),
        "lines": _lines(purchase, names),
        "vat": list(purchase.vat_rows.all()),
        "entries": _entries(purchase, names),
        **_settled(purchase),
        "panels": panels_of(purchase),
        "match": _match(purchase),
        "parts": parts_of(purchase),
        "timeline": timeline_of(purchase, membership.role),
        "may_pay": membership.may("purchases.pay"),
    }
    return render(request, "billing/purchases/detail.html", context)


def _lines(purchase: PurchaseInvoice, names: AccountNames) -> list[dict[str, Any]]:
    return [
        {
            "line": line,
            "account": names.get(line.account, ""),
            "why": explain(line.proposed_because),
            "self_assessed": line.regime in SELF_ASSESSED,
        }
        for line in purchase.lines.order_by("position")
    ]


def _match(purchase: PurchaseInvoice) -> dict[str, Any]:
    """The order that it quotes, and how its lines stand against what was ordered and what came."""
    order = order_of(purchase)
    if order is None:
        return {}
    return {"order": order, "lines": compare_lines(purchase), "settings": settings_of(purchase.company_id)}


def _entries(purchase: PurchaseInvoice, names: AccountNames) -> list[dict[str, Any]]:
    """What was booked of it, each entry with its lines in words: two queries."""
    found = JournalEntry.objects.filter(source=purchase.subject).prefetch_related("lines").order_by("day", "number")
    return [
        {"entry": entry, "lines": [{"line": line, "name": names.get(line.account, "")} for line in entry.lines.all()]}
        for entry in found
    ]


def _settled(purchase: PurchaseInvoice) -> dict[str, Any]:
    """The documents that settle it without money, on either side."""
    given, taken = purchase.credits_given, purchase.credits_taken
    rows = given.select_related("purchase") if purchase.is_credit_note else taken.select_related("credit_note")
    return {
        "credits": [
            {"other": row.purchase if purchase.is_credit_note else row.credit_note, "amount": row.amount}
            for row in rows.order_by("at", "pk")
        ],
        "deposits": list(purchase.deposits.select_related("deposit")) if purchase.amount_deposited else [],
        "corrections": list(purchase.corrections.order_by("issue_date", "pk")),
    }
