"""The record of an order to a supplier, what moves it on, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.forms.purchases.orders import ReceiptForm
from billing.panels import Action, choose
from billing.purchases.matching import settings_of
from billing.purchases.models import PurchaseInvoice, PurchaseOrder, Receipt
from billing.purchases.order_standing import chip_of_order, ordered_lines, with_order_standing
from billing.purchases.orders import cancel_order, close_order, place_order, reopen_order
from billing.purchases.receiving import NothingToReceive, receive_goods
from billing.purchases.standing import chip_of, with_standing
from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of

NEXT = 100
LAST = 50  # receipts and invoices that the record shows


def load_order(pk: int) -> PurchaseOrder:
    rows = with_order_standing(PurchaseOrder.objects.all(), local_day(timezone.now()))
    return get_object_or_404(rows.select_related("company", "supplier"), pk=pk)


@require_GET
@member("purchases")
def purchase_order_detail(request: HttpRequest, pk: int) -> HttpResponse:
    order = load_order(pk)
    today = local_day(timezone.now())
    membership = cast(MemberRequest, request).membership
    primary, menu = choose(actions_of(order), membership.may)
    lines = ordered_lines(order)
    receipts = order.receipts.select_related("received_by").prefetch_related("lines__order_line")
    invoices = with_standing(
        PurchaseInvoice.objects.filter(supplier=order.supplier, order_reference=order.number)
    ).order_by("-issue_date", "-pk")
    context = {
        "order": order,
        "chip": chip_of_order(cast(Any, order).standing),
        "is_late": cast(Any, order).standing == "late",
        "lines": lines,
        "is_over": any(row.is_over for row in lines),
        "receipts": list(receipts.order_by("-received_on", "-pk")[:LAST]),
        "invoices": [{"purchase": row, "chip": chip_of(row, today)} for row in invoices[:LAST]],
        "billed": sum((row.sign * row.total_net for row in invoices if row.status not in {"REFUSED", "REPLACED"}), 0),
        "primary": primary,
        "menu": menu,
        "may_edit": membership.may("purchases.edit") and order.is_editable,
        "timeline": timeline_of(order, membership.role),
    }
    return render(request, "billing/purchases/order/detail.html", context)


def actions_of(order: PurchaseOrder) -> Iterator[Action]:
    """What the order's state allows: its next step first, giving it up last."""

    def action(label: str, name: str, icon: str, rank: int = 0, **more: Any) -> Action:
        url = reverse(f"billing:purchase-order-{name}", args=here)
        return Action(label, url, icon, primary_rank=rank, needs="purchases.edit", **more)

    here, is_received = [order.pk], cast(Any, order).standing == "received"
    if order.can_be_placed:
        yield action(_("Passer la commande"), "place", "send", NEXT)
    if order.can_be_received:
        yield action(_("Réceptionner"), "receive", "box", 0 if is_received else NEXT)
    if not order.is_editable and order.status != "CANCELLED":
        url = f"{reverse('billing:purchase-new')}?order={order.pk}"
        rank = NEXT if is_received else 0
        yield Action(_("Saisir sa facture"), url, "plus", primary_rank=rank, needs="purchases.edit")
    if order.can_be_closed:
        yield Action(
            _("Solder la commande"),
            reverse("billing:purchase-order-close", args=here),
            "check",
            post=True,
            needs="purchases.edit",
        )
    if order.can_be_reopened:
        yield Action(
            _("Rouvrir la commande"),
            reverse("billing:purchase-order-reopen", args=here),
            "undo",
            post=True,
            needs="purchases.edit",
        )
    if order.can_be_cancelled:
        yield action(_("Annuler la commande"), "cancel", "close", danger=True)


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_order_place(request: HttpRequest, pk: int) -> HttpResponse:
    order = load_order(pk)
    if request.method == "POST":
        return _moved(request, order, place_order, _("Commande %(number)s passée : elle attend sa réception."))
    effect = _("Envoyez-la vous-même au fournisseur, avec son numéro à rappeler. Elle ne se modifie plus ensuite.")
    return _ask(request, order, _("Passer la commande"), effect, icon="send")


@require_POST
@member("purchases.edit")
@sent_once
def purchase_order_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Nothing more is expected of it; it can be reopened."""
    return _moved(request, load_order(pk), close_order, _("Commande %(number)s soldée."))


@require_POST
@member("purchases.edit")
@sent_once
def purchase_order_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    return _moved(request, load_order(pk), reopen_order, _("Commande %(number)s rouverte."))


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_order_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    order = load_order(pk)
    if request.method == "POST":
        return _moved(request, order, cancel_order, _("Commande %(number)s annulée."))
    effect = _(
        "Elle ne sera pas reçue. Une facture qui la cite sera à vérifier. Une commande annulée ne se reprend pas."
    )
    return _ask(request, order, _("Annuler la commande"), effect, icon="close", danger=True)


def _moved(
    request: HttpRequest, order: PurchaseOrder, service: Callable[..., PurchaseOrder], done: str
) -> HttpResponse:
    service(order=order, actor=actor_of(request), at=timezone.now())
    messages.success(request, done % {"number": order.number})
    return redirect(order)


def _ask(request: HttpRequest, order: PurchaseOrder, title: str, effect: str, **more: Any) -> HttpResponse:
    return confirm(
        request,
        Confirmation(
            title=title,
            effect=effect,
            facts=[
                (_("Fournisseur"), order.supplier.name),
                (_("Total HT"), typography.money(order.total_net, order.currency)),
            ],
            back=order.get_absolute_url(),
            back_label=order,
            **more,
        ),
    )


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_order_receive(request: HttpRequest, pk: int) -> HttpResponse:
    """What came, line by line: the rest of the order unless something else is typed."""
    order = load_order(pk)
    if not order.can_be_received:
        raise NothingToReceive(number=order.number)
    sent = request.POST if request.method == "POST" else None
    form = _receipt_form(order, sent)
    if sent is not None and form.is_valid():
        typed = form.cleaned_data
        try:
            receive_goods(
                order=order,
                quantities=form.quantities(),
                received_on=typed["received_on"],
                delivery_note=typed["delivery_note"],
                after=typed["after"],
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Réception enregistrée sur %(number)s.") % {"number": order.number})
            return redirect(order)
    context = {
        "order": order,
        "form": form,
        "after": Receipt.objects.filter(order=order).count(),
        "tolerance": settings_of(order.company_id).quantity_tolerance_percent,
    }
    status = 422 if form.errors else 200
    return render(request, "billing/purchases/order/receive.html", context, status=status)


def _receipt_form(order: PurchaseOrder, sent: Any) -> ReceiptForm:
    receipts = Receipt.objects.filter(order=order).count()
    return ReceiptForm(sent, lines=ordered_lines(order), receipts=receipts, on=local_day(timezone.now()))
