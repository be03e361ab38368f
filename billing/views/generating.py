"""« Générer les factures » of orders chosen in their list: what will be made, then what was made of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from billing.forms.orders import TO_INVOICE, OrderFilter
from billing.models import Invoice, SalesOrder
from billing.panels import list_action_for
from billing.services.generating import check_to_invoice, final_invoice_of, generate_each, together
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.errors import DomainError
from config.kernel.middleware import say
from config.kernel.money import ZERO
from config.kernel.sent_once import sent_once

MOST = 100  # at once: the person waits for the answer
TOLD = 3  # refusals in words; the rows of the page after it show the others


@dataclass(frozen=True, slots=True)
class Choice:
    """An order that was chosen, its invoice where it has one, or why it can have none now."""

    order: SalesOrder
    invoice: Invoice | None = None
    refusal: str = ""

    @property
    def is_ready(self) -> bool:
        return self.invoice is None and not self.refusal


@require_http_methods(["GET", "POST"])
@member("invoices.edit")
@sent_once
def order_invoice_many(request: HttpRequest) -> HttpResponse:
    """Show what the chosen orders would become, or all that waits (`all=1`), and ask; then make the drafts.

    `by=customer` makes one of all that one invoice can bill. The page after it is the same: it leads to each draft.
    """
    if request.method == "POST":
        return _generate(request)
    rows = _chosen(request)
    choices = [_choice(order) for order in rows[:MOST]]
    ready = [choice.order for choice in choices if choice.is_ready]
    invoices = list({choice.invoice.pk: choice.invoice for choice in choices if choice.invoice}.values())
    drafts = [invoice for invoice in invoices if invoice.is_draft]
    action = list_action_for(drafts, cast(MemberRequest, request).membership.may)
    keys = "&".join(f"invoice={invoice.pk}" for invoice in drafts)
    context: dict[str, Any] = {
        "choices": choices,
        "ready": len(ready),
        "grouped": len(together(ready)),
        "total": sum((order.total_gross for order in ready), ZERO),
        "done": bool(request.GET.get("done")),
        "action": action,
        "action_url": f"{action.url}?{keys}" if action else "",
        "left_out": rows.count() - MOST if len(choices) == MOST else 0,
        "job_url": _job_url(request),
    }
    return render(request, "billing/order/invoice_many.html", context)


def _chosen(request: HttpRequest) -> QuerySet[SalesOrder]:
    """The oldest first, as their invoices will be made."""
    rows = SalesOrder.objects.select_related("customer", "company")
    keys = _keys(request.GET.getlist("order"))
    if request.GET.get("all") and not (keys and request.GET.get("done")):
        query = request.GET.copy()
        query["status"] = TO_INVOICE
        rows = OrderFilter(query).narrow(rows)
    else:
        rows = rows.filter(pk__in=keys)
    return rows.order_by("order_date", "number")


def _job_url(request: HttpRequest) -> str:
    """All of the filter as a job, for more than this page takes."""
    query = request.GET.copy()
    for name in ("order", "done"):
        query.pop(name, None)
    query.update({"list": "orders", "act": "generate"})
    return f"{reverse('bulk-new')}?{query.urlencode()}"


def _keys(given: list[str]) -> list[int]:
    return [int(key) for key in dict.fromkeys(given) if key.isascii() and key.isdigit() and len(key) < 19][:MOST]


def _choice(order: SalesOrder) -> Choice:
    if (invoice := final_invoice_of(order)) is not None:
        return Choice(order, invoice)
    try:
        check_to_invoice(order)
    except DomainError as error:
        return Choice(order, refusal=say(error))
    return Choice(order)


def _generate(request: HttpRequest) -> HttpResponse:
    keys = _keys(request.POST.getlist("order"))
    rows = SalesOrder.objects.select_related("customer", "company").filter(pk__in=keys)
    orders = sorted(rows, key=lambda order: (order.order_date, order.number))
    groups = together(orders) if request.POST.get("by") == "customer" else [[order] for order in orders]
    outcomes = generate_each(groups=groups, actor=actor_of(request), at=timezone.now())
    made = [outcome for outcome in outcomes if isinstance(outcome, Invoice)]
    _tell(request, [outcome for outcome in outcomes if isinstance(outcome, DomainError)])
    if made:
        sentence = ngettext("%(count)s facture préparée.", "%(count)s factures préparées.", len(made))
        messages.success(request, f"{sentence % {'count': len(made)}} {_('Vérifiez avant d’émettre.')}")
    if len(made) == len(outcomes) == 1:
        return redirect(made[0])
    query = request.GET.copy()
    query.pop("all", None)
    query.setlist("order", [str(key) for key in keys])
    query["done"] = "1"
    return redirect(f"{request.path}?{query.urlencode()}")


def _tell(request: HttpRequest, refusals: list[DomainError]) -> None:
    for refusal in refusals[:TOLD]:
        messages.error(request, say(refusal))
    if (more := len(refusals) - TOLD) > 0:
        sentence = ngettext(
            "%(count)s autre facture n’est pas faite.", "%(count)s autres factures ne sont pas faites.", more
        )
        messages.error(request, sentence % {"count": more})
