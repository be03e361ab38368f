"""The form of an order to a supplier, and what its line sheet asks while it is typed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.forms.picking import third_party_chosen
from billing.forms.purchases.accounts import bought_on
from billing.forms.purchases.orders import OrderedLineForm, PurchaseOrderForm, inputs_of, ordered_formset
from billing.models import Product
from billing.purchases.models import PurchaseOrder, PurchaseOrderLine
from billing.purchases.orders import OrderNotEditable, save_purchase_order
from billing.views.lines import MOST_OPTIONS
from billing.views.purchases.creating import come_back, step_aside
from config.kernel import parking, typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.folding import holds
from config.kernel.form_errors import add_domain_error, filled_forms
from config.kernel.money import ZERO, round2
from config.kernel.sent_once import sent_once


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
@sent_once
def purchase_order_new(request: HttpRequest) -> HttpResponse:
    """A new draft, for `?supplier=` when one comes from its record."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@member("purchases.edit")
def purchase_order_edit(request: HttpRequest, pk: int) -> HttpResponse:
    order = get_object_or_404(PurchaseOrder.objects.select_related("supplier"), pk=pk)
    if request.method == "GET" and not order.is_editable:
        raise OrderNotEditable(number=order.number)
    return _form(request, order)


def _form(request: HttpRequest, order: PurchaseOrder | None) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    if sent is not None and (aside := step_aside(request)) is not None:
        return aside
    typed = come_back(request) if sent is None else sent
    form = PurchaseOrderForm(typed, order=order, supplier=third_party_chosen(request.GET.get("supplier")))
    form.formset = formset = ordered_formset(typed, rows=_stored(order) if order and typed is None else ())
    valid = sent is not None and all([form.is_valid(), formset.is_valid()])
    saved = _save(request, order, form, formset) if valid else None
    if saved is not None:
        messages.success(request, _("Commande %(number)s enregistrée.") % {"number": saved.number})
        return redirect(saved)
    totals = _totals(formset)
    if sent is None and typed is not None:
        parking.unjudged(form, formset)
    context = {
        "order": order,
        "form": form,
        "formset": formset,
        "totals": totals,
        "accounts": bought_on(),
        "may_create": cast(MemberRequest, request).membership.may("purchases.edit"),
    }
    refused = 409 if order is not None and not order.is_editable else 422
    return render(request, "billing/purchases/order/form.html", context, status=200 if sent is None else refused)


def _stored(order: PurchaseOrder) -> list[PurchaseOrderLine]:
    return list(order.lines.order_by("position"))


def _as_stored(order: PurchaseOrder) -> PurchaseOrderForm:
    """The form of the record as it is stored."""
    form = PurchaseOrderForm(order=order)
    form.formset = ordered_formset(rows=_stored(order))
    return form


def _save(
    request: HttpRequest, order: PurchaseOrder | None, form: PurchaseOrderForm, formset: Any
) -> PurchaseOrder | None:
    """The order as written, or None with the refusal put on the form."""
    try:
        if order is not None and not order.is_editable:  # meanwhile: refused on the form, which keeps what was typed
            raise OrderNotEditable(number=order.number)
        with as_read(form, order, _as_stored):
            return save_purchase_order(
                order=order,
                supplier=form.cleaned_data["customer"],
                values=form.values(),
                lines=inputs_of(formset),
                actor=actor_of(request),
                at=timezone.now(),
            )
    except DomainError as error:
        add_domain_error(form, error, formset)
        return None


@require_POST
@member("purchases")
def purchase_order_totals(request: HttpRequest) -> HttpResponse:
    """What the lines being typed cost, and each row's net. Rows not yet complete are left out."""
    formset = ordered_formset(request.POST)
    totals = _totals(formset)
    nets = [
        {"id": f"{form.prefix}-net", "net": _net(form), "errors": form.prefix, "problems": _problems(form)}
        for form in formset.forms
    ]
    context = {"totals": totals, "nets": nets, "currency": PurchaseOrder().currency}
    return render(request, "billing/invoice/_line_totals.html", context)


def _net(form: Any) -> Decimal | None:
    if form.errors or not form.has_changed():
        return None
    line = cast(OrderedLineForm, form).line()
    return round2(line.quantity * line.unit_price)


def _problems(form: Any) -> list[str]:
    """What is wrong in the row, in words; what is only missing is no fault while one types."""
    return [
        f"{form.fields[name].label} : {error.messages[0]}"
        for name, errors in (form.errors.as_data() if form.has_changed() else {}).items()
        for error in errors
        if error.code != "required" and name in form.fields
    ]


def _totals(formset: Any) -> str:
    """The figure at the foot of the sheet, and which rows it leaves out."""
    left_out: list[int] = []
    if formset.is_bound:
        formset.is_valid()
        filled = filled_forms(formset)
        nets = [_net(form) for form in filled if not form.errors]
        left_out = [number for number, form in enumerate(filled, start=1) if form.errors]
    else:
        nets = [form.instance.net_amount for form in formset.forms if hasattr(form, "instance")]
    if not nets and not left_out:
        return ""
    omission = (
        ngettext(
            "Sans la ligne %(lines)s, incomplète ou illisible.",
            "Sans les lignes %(lines)s, incomplètes ou illisibles.",
            len(left_out),
        )
        % {"lines": ", ".join(map(str, left_out))}
        if left_out
        else ""
    )
    net = sum((one for one in nets if one is not None), ZERO)
    return render_to_string("billing/purchases/order/_sheet_totals.html", {"net": net, "left_out": omission})


@require_GET
@member("purchases")
def purchase_order_products(request: HttpRequest) -> HttpResponse:
    """What a typed description could mean: a few products, each at the price and account of its last order."""
    text = request.GET.get("q", "").strip()[:100]
    found = Product.objects.filter(archived_at=None).filter(holds(text, "name", "reference"))
    rows = _with_last_order(found).order_by("name", "id")[:MOST_OPTIONS]
    return render(request, "components/_options.html", {"options": [_option(row) for row in rows], "query": text})


def _with_last_order(products: QuerySet[Product]) -> Any:
    last = PurchaseOrderLine.objects.filter(product=OuterRef("pk")).exclude(order__status="CANCELLED")
    last = last.order_by("-order__created_at", "-pk")
    return products.annotate(
        last_price=Subquery(last.values("unit_price")[:1]), last_account=Subquery(last.values("account")[:1])
    )


def _option(product: Any) -> dict[str, Any]:
    known = product.last_price is not None
    ordered = _("dernier prix %(price)s €") % {"price": typography.price(product.last_price)} if known else ""
    shown = OrderedLineForm.base_fields["unit_price"].prepare_value(product.last_price) if known else ""
    fill = {
        "product_id": product.pk,
        "description": product.name,
        "unit_price": str(shown),
        "account": product.last_account or "",
    }
    detail = " · ".join(part for part in (product.reference, ordered) if part)
    return {"value": product.pk, "label": product.name, "detail": detail, "fill": json.dumps(fill)}
