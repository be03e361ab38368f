"""Orders: the list, the record with its next step, and the form of a draft."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import totals
from billing.forms.lines import line_formset, lines_of
from billing.forms.orders import OrderForm
from billing.forms.picking import customer_chosen
from billing.models import Invoice, InvoiceKind, OrderLine, OrderStatus, SalesOrder
from billing.order_standing import standing_of
from billing.panels import Action, choose
from billing.services.deposits import takes_deposit
from billing.services.generating import final_invoice_of, generate_invoice
from billing.services.orders import NotADraft, cancel_order, confirm_order, save_order, ship_order
from billing.views.creating import come_back, may_create, step_aside
from billing.views.lines import totals_of
from config.kernel import parking, typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.confirming import Confirmation, confirm
from config.kernel.editing import as_read
from config.kernel.errors import DomainError, TransitionRefused
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from customers.models import Customer

SORTS: dict[str, Any] = {
    "created": "created_at", "number": "number", "customer": "customer__name", "date": "order_date",
    "total": "total_gross",
}  # fmt: skip
NEXT = 100


def load_order(pk: int) -> SalesOrder:
    return cast(SalesOrder, get_object_or_404(SalesOrder.objects.select_related("company", "customer"), pk=pk))


@require_GET
@member("orders")
def order_detail(request: HttpRequest, pk: int) -> HttpResponse:
    order = load_order(pk)
    membership = cast(MemberRequest, request).membership
    lines = list(OrderLine.objects.filter(order=order).select_related("product").order_by("position"))
    invoices = list(Invoice.objects.of_order(order).exclude(kind=InvoiceKind.CREDIT_NOTE).order_by("created_at"))
    deposits = [invoice for invoice in invoices if invoice.is_deposit]
    invoices = [invoice for invoice in invoices if not invoice.is_deposit]
    invoice = final_invoice_of(order)
    primary, menu = choose(actions_of(order, invoice), membership.may)
    context = {
        "order": order,
        "standing": standing_of(order, invoiced=invoice is not None),
        "lines": lines,
        "vat": totals.compute([line.priced() for line in lines]).subtotals if lines else (),
        "short": _short(order, lines),
        "invoices": invoices,
        "deposits": deposits,
        "primary": primary,
        "menu": menu,
        "may_edit": membership.may("orders.edit") and order.is_editable,
        "timeline": timeline_of(order, membership.role),
    }
    return render(request, "billing/order/detail.html", context)


def _short(order: SalesOrder, lines: list[OrderLine]) -> list[dict[str, Any]]:
    """The products whose stock does not cover what is still to be shipped."""
    if order.status not in {OrderStatus.DRAFT, OrderStatus.PENDING}:
        return []
    wanted: dict[int, dict[str, Any]] = {}
    for line in lines:
        if line.product is not None and line.product.tracks_stock:
            row = wanted.setdefault(line.product.pk, {"product": line.product, "wanted": 0})
            row["wanted"] += line.quantity
    return [row for row in wanted.values() if row["wanted"] > row["product"].on_hand]


def actions_of(order: SalesOrder, invoice: Invoice | None) -> list[Action]:
    """What the order's state allows: its next step first, giving it up last."""
    here = [order.pk]
    actions = []
    if order.can_be_confirmed:
        actions.append(
            Action(
                _("Confirmer"),
                reverse("billing:order-confirm", args=here),
                "check",
                post=True,
                primary_rank=NEXT,
                needs="orders.edit",
            )
        )
    if order.can_be_shipped:
        url = reverse("billing:order-ship", args=here)
        actions.append(Action(_("Expédier"), url, "send", primary_rank=NEXT, needs="orders.edit"))
    if order.status == OrderStatus.SHIPPED and invoice is None:
        actions.append(
            Action(
                _("Générer la facture"),
                reverse("billing:order-invoice", args=here),
                "invoice",
                post=True,
                primary_rank=NEXT,
                needs="invoices.edit",
            )
        )
    if takes_deposit(order):
        url = reverse("billing:order-deposit", args=here)
        actions.append(Action(_("Facturer un acompte"), url, "coins", needs="invoices.edit"))
    if invoice is not None:
        actions.append(Action(_("Voir la facture"), invoice.get_absolute_url(), "invoice", primary_rank=NEXT))
    if order.can_be_cancelled:
        url = reverse("billing:order-cancel", args=here)
        actions.append(Action(_("Annuler la commande"), url, "close", needs="orders.edit", danger=True))
    return actions


@require_http_methods(["GET", "POST"])
@member("orders.edit")
@sent_once
def order_new(request: HttpRequest) -> HttpResponse:
    """A new draft, for `?customer=` when one comes from a customer's record."""
    return _form(request, None, customer_chosen(request.GET.get("customer")))


@require_http_methods(["GET", "POST"])
@member("orders.edit")
def order_edit(request: HttpRequest, pk: int) -> HttpResponse:
    order = load_order(pk)
    if request.method == "GET" and not order.is_editable:
        raise NotADraft(number=order.number)
    return _form(request, order, None)


def _form(request: HttpRequest, order: SalesOrder | None, customer: Customer | None) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    if sent is not None and (aside := step_aside(request)) is not None:
        return aside
    typed = come_back(request) if sent is None else sent
    company = cast(MemberRequest, request).membership.company
    form = OrderForm(typed, order=order, customer=customer)
    stored = _lines(order) if order and not typed else []
    form.formset = formset = line_formset(typed, company=company, rows=stored)
    valid = sent is not None and all([form.is_valid(), formset.is_valid()])
    saved = _save(request, order, form, formset) if valid else None
    if saved is not None:
        messages.success(request, _("Commande %(number)s enregistrée.") % {"number": saved.number})
        return redirect(saved)
    context = {
        "order": order,
        "form": form,
        "formset": formset,
        "totals": totals_of(company, formset, stored, company.currency),
        **may_create(request),
    }
    if sent is None and typed is not None:
        parking.unjudged(form, formset)
    refused = 409 if order is not None and not order.is_editable else 422
    return render(request, "billing/order/form.html", context, status=200 if sent is None else refused)


def _lines(order: SalesOrder) -> list[OrderLine]:
    return list(OrderLine.objects.filter(order=order).order_by("position"))


def _form_of(order: SalesOrder) -> OrderForm:
    """The form of the record as it is stored."""
    form = OrderForm(order=order)
    form.formset = line_formset(company=order.company, rows=_lines(order))
    return form


def _save(request: HttpRequest, order: SalesOrder | None, form: OrderForm, formset: Any) -> SalesOrder | None:
    """The order as written, or None with the refusal put on the form."""
    try:
        if order is not None and not order.is_editable:  # meanwhile: refused on the form, which keeps what was typed
            raise NotADraft(number=order.number)
        with as_read(form, order, _form_of):
            return save_order(
                order=order,
                customer=form.cleaned_data["customer"],
                values=form.values(),
                lines=lines_of(formset),
                actor=actor_of(request),
                at=timezone.now(),
            )
    except DomainError as error:
        add_domain_error(form, error, formset)
        return None


@require_POST
@member("orders.edit")
@sent_once
def order_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    order = confirm_order(order=load_order(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Commande %(number)s confirmée.") % {"number": order.number})
    return redirect(order)


@require_http_methods(["GET", "POST"])
@member("orders.edit")
@sent_once
def order_ship(request: HttpRequest, pk: int) -> HttpResponse:
    order = load_order(pk)
    if request.method == "POST":
        ship_order(order=order, actor=actor_of(request), at=timezone.now())
        messages.success(
            request, _("Commande %(number)s expédiée : elle peut être facturée.") % {"number": order.number}
        )
        return redirect(order)
    if not order.can_be_shipped:
        raise TransitionRefused(state=order.get_status_display())
    leaving, effect = _leaving(order), _("Une commande expédiée ne s’annule plus : elle se facture.")
    if leaving:
        effect = f"{_('Ces quantités sortent du stock.')} {effect}"
    return confirm(
        request,
        Confirmation(
            title=_("Expédier"),
            effect=effect,
            facts=[*_whose(order), *leaving],
            back=order.get_absolute_url(),
            back_label=order,
        ),
    )


def _whose(order: SalesOrder) -> list[tuple[str, str]]:
    total = typography.money(order.total_gross, order.currency)
    return [(_("Client"), order.customer.name), (_("Total TTC"), total)]


def _leaving(order: SalesOrder) -> list[tuple[str, str]]:
    """Each product that is counted: what leaves, and what is left of it."""
    lines = OrderLine.objects.filter(order=order, product__tracks_stock=True)
    wanted = lines.values_list("product__name", "product__on_hand").annotate(Sum("quantity")).order_by("product__name")
    sentence = _("%(wanted)s sur %(on_hand)s : il en restera %(left)s")
    return [
        (
            name,
            sentence
            % {
                "wanted": typography.number(quantity),
                "on_hand": typography.number(on_hand),
                "left": typography.number(on_hand - quantity),
            },
        )
        for name, on_hand, quantity in wanted
    ]


@require_http_methods(["GET", "POST"])
@member("orders.edit")
@sent_once
def order_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the order up, after a page that says which one: it cannot be taken up again."""
    order = load_order(pk)
    if request.method == "POST":
        cancel_order(order=order, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Commande %(number)s annulée.") % {"number": order.number})
        return redirect(order)
    return confirm(
        request,
        Confirmation(
            title=_("Annuler la commande"),
            effect=_("Elle ne sera ni expédiée ni facturée. Une commande annulée ne se reprend pas."),
            facts=_whose(order),
            back=order.get_absolute_url(),
            back_label=order,
            icon="close",
            danger=True,
        ),
    )


@require_POST
@member("invoices.edit")
@sent_once
def order_invoice(request: HttpRequest, pk: int) -> HttpResponse:
    """« Générer la facture »: the draft opens at once, to be checked and issued."""
    invoice = generate_invoice(order=load_order(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Facture préparée. Vérifiez-la avant de l’émettre."))
    return redirect("billing:invoice-detail", invoice.pk)
